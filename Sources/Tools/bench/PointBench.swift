import Diagnostics
import Engine
import InProcess
import Platform
import Storage
import Values

/// Queries that want a few rows of many: what statistics of segments and blocks save.
struct PointBench {
    private static let batchRows = 50_000
    private static let rounds = 5
    private static let days = 30

    let root: BenchRoot
    let rows: Int

    func run() throws(DatabaseError) -> [String] {
        try root.use(StorageSettings()) { (storage) throws(DatabaseError) in try run(on: storage) }
    }

    private func run(on storage: Storage) throws(DatabaseError) -> [String] {
        let table = try storage.createTrades()
        let step = Int64(Self.days) * TradesStream.day / Int64(rows)
        var trades = TradesStream(step: step)
        for begin in stride(from: 0, to: rows, by: Self.batchRows) {
            try storage.append(
                trades.batch(begin..<min(rows, begin + Self.batchRows)), to: table)
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
        let engine = Engine(storage: storage, platform: root.platform)
        let client = InProcessClient(engine.makeSession(), root.platform)
        var lines: [String] = []
        for (name, condition) in queries {
            lines.append(try measure(name, condition, client))
        }
        return lines
    }

    private func measure(_ name: String, _ condition: String, _ client: InProcessClient)
        throws(DatabaseError) -> String
    {
        var times: [UInt64] = []
        var found = 0
        for _ in 0...Self.rounds {
            found = 0
            let text = "SELECT ts, symbol, price FROM trades WHERE \(condition)"
            let time = try root.time { () throws(DatabaseError) in
                try client.run(text) { batch in found += batch.rowCount }
            }
            times.append(time)
        }
        var measurement = Measurement("point: \(name)")
        measurement.add("rows", rows)
        measurement.add("found", found)
        measurement.add(milliseconds: times[0], as: "first_milliseconds")
        measurement.add(milliseconds: times.dropFirst().sorted()[Self.rounds / 2])
        return measurement.line
    }
}
