import Storage
import Testing

/// ALTER TABLE … DEDUP on a machine that loses its power at calls that the seed chooses: rewritten
/// segments and the new keys come together or not at all.
@Suite("DEDUP ENABLE and DISABLE through power losses")
struct KeyChangePowerLossTests {
    @Test(
        "no overwritten row comes back, none is lost and no file stays",
        arguments: 1...6 as ClosedRange<UInt64>)
    func powerLoss(seed: UInt64) {
        let rig = PowerLossRig(seed: seed, KeyChangeLoad())

        rig.losePower(25, within: 500, steps: 12)

        #expect(rig.problem == nil)
        #expect(rig.acknowledged > 10)
    }

    @Test(
        "a full disk takes the statement and nothing else", arguments: 1...4 as ClosedRange<UInt64>)
    func fullDisk(seed: UInt64) {
        let rig = PowerLossRig(seed: seed, KeyChangeLoad())

        rig.fillDisk(lives: 1, steps: 40)

        #expect(rig.problem == nil)
        #expect(rig.refused > 0)
    }
}

/// Rows that are written again and again, under keys that come and go.
private struct KeyChangeLoad: TableLoad {
    let definition = """
        CREATE TABLE IF NOT EXISTS t (ts TIMESTAMP, id INT, n INT) TIMESTAMP(ts)
            PARTITION BY DAY DEDUP UPSERT KEYS(ts, id)
        """
    let query = "SELECT id, n FROM t ORDER BY id"
    let mostBytesLeft: UInt64 = 3_000

    var settings: StorageSettings {
        var settings = StorageSettings()
        settings.walFileBytes = 4_096
        settings.flushRows = 20
        return settings
    }

    func next(after before: Rows, _ rig: PowerLossRig) -> LoadStep {
        var rows = before
        let enabled = "ALTER TABLE t DEDUP ENABLE UPSERT KEYS(ts, id)"
        let disabled = "ALTER TABLE t DEDUP DISABLE"
        let texts: [String]
        switch rig.draw(4) {
        case 0: texts = [disabled]
        case 1: texts = ["BEGIN", enabled, upsert(&rows, rig), disabled, "COMMIT"]
        default: texts = [enabled, upsert(&rows, rig)]
        }
        return LoadStep(rows: rows) { client in for text in texts { try client.run(text) } }
    }

    private func upsert(_ rows: inout Rows, _ rig: PowerLossRig) -> String {
        var ids = Array(rig.takeNumbers(2))
        let residue = Int(rig.draw(3))
        ids += rows.keys.sorted().suffix(24).filter { $0 % 3 == residue }
        for id in ids { rows[id, default: 0] += 1 }
        let values = ids.map {
            "('2026-01-0\(1 + $0 % 3)T0\($0 % 7):00:00Z', \($0), \(rows[$0] ?? 0))"
        }
        return "INSERT INTO t VALUES " + values.joined(separator: ", ")
    }
}
