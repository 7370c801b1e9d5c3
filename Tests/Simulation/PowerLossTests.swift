import Testing

@testable import sim

/// Backups and restores beside writers, through loops of work and power loss: a seed for either kind
/// of file system, with and without shared blocks.
/// `make sim LOAD=backups SEEDS=1000` runs that many.
@Suite("Power loss")
struct PowerLossTests {
    @Test(
        "loses nothing acknowledged, keeps no half, and leaves whole backups",
        arguments: 1...2 as ClosedRange<UInt64>)
    func losesNothing(seed: UInt64) {
        let (complaints, losses) = PowerLossRun(seed: seed, tally: Tally()).run()

        #expect(complaints.isEmpty)
        #expect(losses == PowerLossRun.losses)
    }
}
