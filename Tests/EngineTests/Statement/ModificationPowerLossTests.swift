import Storage
import Testing

/// UPDATE, DELETE and blocks of them on a machine that loses its power at calls that the seed
/// chooses: between a segment's file and the edit that names it, too.
@Suite("UPDATE and DELETE through power losses")
struct ModificationPowerLossTests {
    @Test(
        "a change is there whole or not at all, and no file stays",
        arguments: 1...8 as ClosedRange<UInt64>)
    func powerLoss(seed: UInt64) {
        let rig = PowerLossRig(seed: seed, ModificationLoad(seed: seed))

        rig.losePower(25, within: 700, steps: 12)

        #expect(rig.problem == nil)
        #expect(rig.acknowledged > 10)
    }

    @Test(
        "a full disk takes the statement and nothing else", arguments: 1...6 as ClosedRange<UInt64>)
    func fullDisk(seed: UInt64) {
        let rig = PowerLossRig(seed: seed, ModificationLoad(seed: seed))

        rig.fillDisk(lives: 1, steps: 40)

        #expect(rig.problem == nil)
        #expect(rig.refused > 0)
    }
}

/// Rows that come, change and go; known of an `id` is its `n`.
private struct ModificationLoad: TableLoad {
    let definition: String
    let query = "SELECT id, n FROM t ORDER BY id"
    let mostBytesLeft: UInt64 = 3_000
    private let isCompacted: Bool

    init(seed: UInt64) {
        isCompacted = seed % 4 < 2
        let type = seed % 2 == 0 ? "TIMESTAMP_NS" : "TIMESTAMP"
        definition = """
            CREATE TABLE IF NOT EXISTS t (ts \(type), id INT, n INT) TIMESTAMP(ts)
                PARTITION BY DAY
            """
    }

    var settings: StorageSettings {
        var settings = StorageSettings()
        settings.walFileBytes = 4_096
        settings.flushRows = 60
        // In the background, and before a statement on a table with more segments than it had.
        settings.compaction.isEnabled = isCompacted
        settings.compaction.crowdedSegments = 2
        return settings
    }

    /// One statement, or a block of a few.
    func next(after before: Rows, _ rig: PowerLossRig) -> LoadStep {
        var rows = before
        var texts = [change(&rows, rig)]
        if rig.draw(3) == 0 {
            texts.insert("BEGIN", at: 0)
            texts.append(change(&rows, rig))
            if rig.draw(2) == 0 {
                var undone = rows
                texts += ["SAVEPOINT s", change(&undone, rig), change(&undone, rig)]
                texts.append("ROLLBACK TO s")
            }
            if rig.draw(4) == 0 {
                rows = before
                texts.append("ROLLBACK")
            } else {
                texts.append("COMMIT")
            }
        }
        return LoadStep(rows: rows) { client in for text in texts { try client.run(text) } }
    }

    private func change(_ rows: inout Rows, _ rig: PowerLossRig) -> String {
        let residue = Int(rig.draw(4))
        switch rig.draw(5) {
        case 0, 1:
            let ids = rig.takeNumbers(8)
            for id in ids { rows[id] = id }
            let values = ids.map { id in
                "('2026-01-0\(1 + id % 5)T0\(id % 7):00:00Z', \(id), \(id))"
            }
            return "INSERT INTO t VALUES " + values.joined(separator: ", ")
        case 2, 3:
            for id in rows.keys where id % 4 == residue { rows[id, default: 0] += 1 }
            return "UPDATE t SET n = n + 1 WHERE id % 4 = \(residue)"
        default:
            for id in rows.keys where id % 16 == residue * 4 { rows[id] = nil }
            return "DELETE FROM t WHERE id % 16 = \(residue * 4)"
        }
    }
}
