import Catalog
import Values

/// The tables that DDL plays with, as they must be: names, columns, rows and detached partitions.
///
/// A row's timestamp follows from its number, and every value is a small whole number or text, so
/// that a value reads alike whatever the type of its column becomes.
struct DefinedDatabase: Equatable, Sendable {
    var tables: [String: DefinedTable] = [:]

    /// Columns get ids that are never used again, over all tables.
    var nextColumn = 10

    /// What may be there once TTL has been enforced: each table by itself, now or the next time.
    var expirations: [DefinedDatabase] {
        var possible = [self]
        for (name, table) in tables.sorted(by: { $0.key < $1.key }) where table.mayExpire {
            possible += possible.map { database in
                var next = database
                next.tables[name] = table.withoutExpired
                return next
            }
        }
        return possible
    }

    /// What somebody who looks sees.
    var seen: [String: SeenTable] { tables.mapValues(\.seen) }
}

struct DefinedTable: Equatable, Sendable {
    struct Column: Equatable, Sendable {
        let id: Int
        var name: String
        var type: ValueType
        /// What rows get that do not say.
        var initial: Int?

        var sqlType: String {
            switch type {
            case .int: "INT"
            case .varchar: "VARCHAR"
            case .symbol: "SYMBOL"
            case .timestamp: "TIMESTAMP"
            default: "LONG"
            }
        }

        func literal(_ value: Int) -> String {
            type == .varchar || type == .symbol ? "'\(value)'" : "\(value)"
        }
    }

    /// Values by column id; what is not there is NULL.
    typealias Row = [Int: Int]

    struct Detached: Equatable, Sendable {
        let columns: [Column]
        let rows: [Int: Row]
    }

    static let numberColumn = 1
    static let firstDay = 1_764_547_200  // 2025-12-01
    static let days = 5

    /// Beside `ts` and `n`, which stay.
    var columns: [Column] = []
    /// By the value of `n`.
    var rows: [Int: Row] = [:]
    var detached: [Int: Detached] = [:]
    var hasKeys = false
    /// Whether a TTL of a day may have been set: what it ends goes when somebody looks.
    var mayExpire = false

    static func day(_ number: Int) -> Int { number % days }
    static func dayName(_ day: Int) -> String { "2025-12-0\(day + 1)" }
    static func microseconds(_ number: Int) -> Int {
        (firstDay + day(number) * 86_400 + number % 80_000) * 1_000_000
    }

    var seen: SeenTable {
        let lines = rows.map { number, row in
            (["\(Self.microseconds(number))", "\(number)"]
                + columns.map { row[$0.id].map { "\($0)" } ?? "(null)" }).joined(separator: "|")
        }
        return SeenTable(
            columns: ["ts TIMESTAMP", "n LONG"] + columns.map { "\($0.name) \($0.sqlType)" },
            lines: lines.sorted(),
            detached: detached.keys.sorted().map { Self.dayName($0) })
    }

    var presentDays: [Int] { Set(rows.keys.map { Self.day($0) }).sorted() }

    /// Days that ATTACH may bring back: not there, and no column has changed its type since.
    var attachableDays: [Int] {
        detached.filter { day, kept in
            !presentDays.contains(day)
                && kept.columns.allSatisfy { old in
                    columns.contains { $0.id == old.id }
                        || !columns.contains { $0.name == old.name }
                }
        }.keys.sorted()
    }

    /// What TTL 1 DAY leaves: the highest timestamp decides, and its partition stays.
    var withoutExpired: DefinedTable {
        guard let newest = rows.keys.map({ Self.microseconds($0) }).max() else { return self }
        var kept = self
        kept.rows = rows.filter { number, _ in
            let end = Self.firstDay + (Self.day(number) + 1) * 86_400
            return (end + 86_400) * 1_000_000 > newest
        }
        return kept
    }
}

/// A table as SQL shows it.
struct SeenTable: Equatable, Sendable {
    let columns: [String]
    let lines: [String]
    /// The names of detached partitions: what they hold shows when they are attached.
    let detached: [String]
}

extension [String: SeenTable] {
    /// What is other than it should be, in the order of names.
    func difference(from wanted: [String: SeenTable]) -> String {
        var lines: [String] = []
        for name in Set(keys).union(wanted.keys).sorted() where self[name] != wanted[name] {
            guard let found = self[name], let table = wanted[name] else {
                lines.append("\(name) is \(self[name] == nil ? "missing" : "too many")")
                continue
            }
            if found.columns != table.columns {
                lines.append("\(name) has columns \(found.columns) for \(table.columns)")
            }
            let extra = Set(found.lines).subtracting(table.lines).sorted()
            let lost = Set(table.lines).subtracting(found.lines).sorted()
            lines.append(
                "\(name) has \(found.lines.count) rows for \(table.lines.count), lost \(lost) "
                    + "extra \(extra), detached \(found.detached) for \(table.detached)")
        }
        return lines.joined(separator: "; ")
    }
}
