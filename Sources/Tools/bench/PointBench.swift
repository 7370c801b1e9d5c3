import Diagnostics
import Platform
import Storage
import Values

/// Queries that want a few rows of many: what statistics of segments and blocks save.
struct PointBench {
    private static let batchRows = 50_000
    private static let rounds = 5
    private static let days = 30

    private let root: String
    private let rows: Int
    private let platform: Platform

    init(folder: String, rows: Int) {
        platform = .linux(log: SilentLog())
        root = "\(folder)/root-\(platform.chance.next())"
        self.rows = rows
    }

    func run() throws(DatabaseError) -> [String] {
        try platform.files.makeDurableDirectory(root)
        let storage = try Storage.open(root: root, platform: platform)
        let table = storage.reserveTableID()
        _ = try storage.commit(
            Transaction(edits: [.createTable(TradesStream.definition(id: table))]))
        let step = Int64(Self.days) * TradesStream.day / Int64(rows)
        var trades = TradesStream(step: step)
        for begin in stride(from: 0, to: rows, by: Self.batchRows) {
            let batch = trades.batch(begin..<min(rows, begin + Self.batchRows))
            _ = try storage.commit(
                Transaction(appends: [Append(table: table, definitionVersion: 1, batch: batch)]))
        }
        try storage.flush()
        let row = rows / 3
        let moment = TradesStream.begin + Int64(row) * step
        let queries = [
            ("a moment", "ts = \(moment)::timestamp"),
            (
                "a minute",
                "ts >= \(moment)::timestamp AND ts < \(moment + 60_000_000)::timestamp"
            ),
            ("a number that follows time", "amount = \(row)"),
            ("numbers in a list", "amount IN (\(row), \(row / 2), \(row + 1))"),
            ("a price that is nowhere", "price > 1e9"), ("no rows by NULL", "price IS NULL"),
            ("a symbol that is everywhere", "symbol = 'SYM77'"),
        ]
        let querying = Querying(storage, platform)
        var lines: [String] = []
        for (name, condition) in queries {
            lines.append(try measure(name, condition, querying))
        }
        try storage.close()
        try platform.files.removeTree(root)
        return lines
    }

    private func measure(_ name: String, _ condition: String, _ querying: Querying)
        throws(DatabaseError) -> String
    {
        var times: [UInt64] = []
        var found = 0
        for _ in 0...Self.rounds {
            found = 0
            let begin = platform.clock.monotonicNanoseconds()
            try querying.run("SELECT ts, symbol, price FROM trades WHERE \(condition)") { batch in
                found += batch.rowCount
            }
            times.append(platform.clock.monotonicNanoseconds() - begin)
        }
        var measurement = Measurement("point: \(name)")
        measurement.add("rows", rows)
        measurement.add("found", found)
        measurement.add(milliseconds: times[0], as: "first_milliseconds")
        measurement.add(milliseconds: times.dropFirst().sorted()[Self.rounds / 2])
        return measurement.line
    }
}
