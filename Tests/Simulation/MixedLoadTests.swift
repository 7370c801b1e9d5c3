import Testing

@testable import sim

/// Writers, late rows, upserts, UPDATE and DELETE, DDL, compaction, pins, backups, faults and power
/// losses at once, against a model in memory: a few seeds. `make sim SEEDS=10000` runs that many.
@Suite("Mixed load")
struct MixedLoadTests {
    @Test(
        "keeps every transaction whole through faults, crashes and compaction",
        arguments: 1...4 as ClosedRange<UInt64>)
    func keepsTransactions(seed: UInt64) {
        let tally = Tally()

        let (complaints, _) = MixedRun(seed: seed, tally: tally).run()

        #expect(complaints.isEmpty)
        #expect(tally.count("lives") == MixedRun.boots)
    }

    @Test("does the same twice with the same seed")
    func repeatsItself() {
        let first = MixedRun(seed: 5).run()
        let second = MixedRun(seed: 5).run()

        #expect(first.traceHash == second.traceHash)
    }
}
