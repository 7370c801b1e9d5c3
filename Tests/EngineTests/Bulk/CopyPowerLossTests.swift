import Storage
import Testing

/// Bulk loads on a machine that loses its power. After each loss the table holds whole loads only,
/// all that were answered, and the disk has no segment beside them.
@Suite("COPY, CREATE TABLE AS and INSERT … SELECT through power losses")
struct CopyPowerLossTests {
    @Test(
        "a load is there whole or not at all, and no file stays",
        arguments: 1...10 as ClosedRange<UInt64>)
    func powerLoss(seed: UInt64) {
        let rig = PowerLossRig(seed: seed, BulkLoad())

        rig.losePower(15, within: 500, steps: 6)

        #expect(rig.problem == nil)
        #expect(rig.acknowledged > 10)
    }

    @Test("a full disk takes the load and nothing else", arguments: 1...6 as ClosedRange<UInt64>)
    func fullDisk(seed: UInt64) {
        let rig = PowerLossRig(seed: seed, BulkLoad())

        rig.fillDisk(lives: 4, steps: 6)

        #expect(rig.problem == nil)
        #expect(rig.refused > 0)
    }
}

/// Loads of many rows each; known of a load is how many.
private struct BulkLoad: TableLoad {
    let definition =
        "CREATE TABLE IF NOT EXISTS t (ts TIMESTAMP, load INT, s SYMBOL) TIMESTAMP(ts)"
    let query = "SELECT load, count(*) FROM t GROUP BY load ORDER BY load"
    let mostBytesLeft: UInt64 = 12_000

    var settings: StorageSettings {
        var settings = StorageSettings()
        settings.walFileBytes = 4_096
        settings.flushRows = 300
        // So that a load of more rows becomes segments.
        settings.segmentRows = 40
        return settings
    }

    func next(after rows: Rows, _ rig: PowerLossRig) -> LoadStep {
        let count = 1 + Int(rig.draw(150))
        let number = rig.takeNumbers(1).lowerBound
        return LoadStep(rows: rows.merging([number: count]) { $1 }) { client in
            try send(number, count, client, way: rig.draw(3))
        }
    }

    private func send(_ number: Int, _ rows: Int, _ client: Client, way: UInt64) throws {
        let lines = (0..<rows).map {
            "2026-01-0\(1 + $0 % 3)T00:00:\(10 + $0 % 50)Z,\(number),s\($0)"
        }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        switch way {
        case 0: try client.copy("COPY t FROM STDIN (FORMAT csv)", [bytes])
        case 1:
            try client.run("BEGIN")
            try client.copy("COPY t FROM STDIN (FORMAT csv)", [bytes])
            try client.run("COMMIT")
        default:
            // By a table of its own, which is gone again at once.
            try client.run("BEGIN")
            try client.run(
                """
                CREATE TABLE copy\(number) AS (SELECT '2026-01-01'::timestamp AS ts,
                    \(number) AS load, 's' AS s FROM long_sequence(\(rows))) TIMESTAMP(ts)
                """)
            try client.run("INSERT INTO t SELECT ts, load, s FROM copy\(number)")
            try client.run("DROP TABLE copy\(number)")
            try client.run("COMMIT")
        }
    }
}
