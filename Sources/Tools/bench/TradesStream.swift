import Bytes
import Catalog
import Values

/// Rows of trades made a column at a time, the same every time: ts, symbol, side, price, amount.
/// `amount` is the row's number, so that a sum tells whether every row is there once.
struct TradesStream {
    static let day: Int64 = 86_400_000_000
    /// 2026-01-01, in microseconds since 1970.
    static let begin: Int64 = 1_767_225_600_000_000
    private static let symbols = SymbolDictionary((0..<500).map { "SYM\($0)" })
    private static let sides = SymbolDictionary(["buy", "sell"])

    /// Microseconds between rows in order.
    let step: Int64
    /// One row of so many is late; 0 for none.
    var lateShare: UInt64 = 0
    private var random: UInt64 = 42

    init(step: Int64, lateShare: UInt64 = 0) {
        self.step = step
        self.lateShare = lateShare
    }

    static func definition(id: UInt64) -> TableDefinition {
        TableDefinition(
            id: id, name: "trades",
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                ColumnDefinition(id: 2, name: "symbol", type: .symbol),
                ColumnDefinition(id: 3, name: "side", type: .symbol),
                ColumnDefinition(id: 4, name: "price", type: .double),
                ColumnDefinition(id: 5, name: "amount", type: .long),
            ], timestampIndex: 0, partitionUnit: .day)
    }

    mutating func batch(_ rows: Range<Int>) -> Batch {
        let widths = [8, 4, 4, 8, 8]
        let regions = widths.map { MemoryRegion(zeroed: $0 * rows.count) }
        var draws: [UInt64] = []
        draws.reserveCapacity(rows.count)
        for _ in rows {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            draws.append(random)
        }
        let types: [ValueType] = [.timestamp, .symbol, .symbol, .double, .long]
        for (column, region) in regions.enumerated() {
            region.withMutableBytes { out in
                for (place, row) in rows.enumerated() {
                    let draw = draws[place] >> 33
                    switch column {
                    case 0:
                        out.storeBytes(
                            of: time(row, draws[place]), toByteOffset: place * 8, as: Int64.self)
                    case 1:
                        out.storeBytes(
                            of: UInt32(draw % 500), toByteOffset: place * 4, as: UInt32.self)
                    case 2:
                        out.storeBytes(
                            of: UInt32(draw & 1), toByteOffset: place * 4, as: UInt32.self)
                    case 3:
                        out.storeBytes(
                            of: Double(draw % 10_000_000) / 100, toByteOffset: place * 8,
                            as: Double.self)
                    default:
                        out.storeBytes(of: Int64(row), toByteOffset: place * 8, as: Int64.self)
                    }
                }
            }
        }
        let dictionaries = [nil, Self.symbols, Self.sides, nil, nil]
        return Batch(
            rowCount: rows.count,
            columns: regions.indices.map { column in
                ColumnVector(
                    type: types[column], count: rows.count, values: .init(regions[column]),
                    dictionary: dictionaries[column])
            })
    }

    /// Half of the late rows are up to an hour late, half up to two days.
    private func time(_ row: Int, _ draw: UInt64) -> Int64 {
        let now = Self.begin + Int64(row) * step
        guard lateShare > 0, (draw >> 40) % lateShare == 0 else { return now }
        let reach = (draw >> 33) % 2 == 0 ? 3_600_000_000 : 2 * Self.day
        return max(Self.begin, now - Int64(draw >> 20) % reach)
    }
}
