import Values

/// One statement of DDL or about rows of `DefinedDatabase`: its text, and what it does.
enum DefinitionChange: Equatable, Sendable {
    case create(String)
    case createAs(String, from: String)
    case drop(String)
    case rename(String, to: String)
    case truncate(String)
    case addColumn(String, name: String, type: ValueType, initial: Int?)
    case dropColumn(String, name: String)
    case renameColumn(String, name: String, to: String)
    case changeType(String, name: String, to: ValueType)
    case dropPartition(String, day: Int)
    case detach(String, day: Int)
    case attach(String, day: Int)
    case enableKeys(String)
    /// Drops what is older than a day, now and later.
    case timeToLive(String)
    case insert(String, [Int], value: Int)
    case update(String, name: String, value: Int, divisor: Int, rest: Int)
    case delete(String, divisor: Int, rest: Int)

    /// What a tally calls it.
    var kind: String {
        switch self {
        case .create: "CREATE TABLE"
        case .createAs: "CREATE TABLE AS"
        case .drop: "DROP TABLE"
        case .rename: "RENAME TABLE"
        case .truncate: "TRUNCATE"
        case .addColumn: "ADD COLUMN"
        case .dropColumn: "DROP COLUMN"
        case .renameColumn: "RENAME COLUMN"
        case .changeType: "ALTER COLUMN TYPE"
        case .dropPartition: "DROP PARTITION"
        case .detach: "DETACH PARTITION"
        case .attach: "ATTACH PARTITION"
        case .enableKeys: "DEDUP ENABLE"
        case .timeToLive: "SET TTL"
        case .insert: "INSERT"
        case .update: "UPDATE"
        case .delete: "DELETE"
        }
    }

    /// Whether it may stand in a block.
    var fitsInBlock: Bool {
        switch self {
        case .timeToLive, .changeType, .createAs: false
        default: true
        }
    }

    // MARK: - Text

    func sql(on database: DefinedDatabase) -> String {
        switch self {
        case .create(let name):
            "CREATE TABLE \(name) (ts TIMESTAMP, n LONG, s SYMBOL) TIMESTAMP(ts) PARTITION BY DAY"
        case .createAs(let name, let source):
            "CREATE TABLE \(name) AS (SELECT * FROM \(source)) TIMESTAMP(ts) PARTITION BY DAY"
        case .drop(let name): "DROP TABLE \(name)"
        case .rename(let name, let new): "RENAME TABLE \(name) TO \(new)"
        case .truncate(let name): "TRUNCATE TABLE \(name)"
        case .addColumn(let table, let name, let type, let initial):
            "ALTER TABLE \(table) ADD COLUMN "
                + Self.column(name, DefinedTable.Column(id: 0, name: name, type: type), initial)
        case .dropColumn(let table, let name): "ALTER TABLE \(table) DROP COLUMN \(name)"
        case .renameColumn(let table, let name, let new):
            "ALTER TABLE \(table) RENAME COLUMN \(name) TO \(new)"
        case .changeType(let table, let name, let type):
            "ALTER TABLE \(table) ALTER COLUMN \(name) TYPE "
                + DefinedTable.Column(id: 0, name: name, type: type).sqlType
        case .dropPartition(let table, let day): Self.partition(table, "DROP", day)
        case .detach(let table, let day): Self.partition(table, "DETACH", day)
        case .attach(let table, let day): Self.partition(table, "ATTACH", day)
        case .enableKeys(let table): "ALTER TABLE \(table) DEDUP ENABLE UPSERT KEYS(ts, n)"
        case .timeToLive(let table): "ALTER TABLE \(table) SET TTL 1 DAY"
        case .insert(let table, let numbers, let value):
            Self.insert(database.tables[table] ?? DefinedTable(), table, numbers, value)
        case .update(let table, let name, let value, let divisor, let rest):
            "UPDATE \(table) SET \(name) = "
                + (database.tables[table]?.columns.first { $0.name == name }?.literal(value) ?? "")
                + " WHERE n % \(divisor) = \(rest)"
        case .delete(let table, let divisor, let rest):
            "DELETE FROM \(table) WHERE n % \(divisor) = \(rest)"
        }
    }

    private static func column(_ name: String, _ column: DefinedTable.Column, _ initial: Int?)
        -> String
    {
        "\(name) \(column.sqlType)" + (initial.map { " DEFAULT \(column.literal($0))" } ?? "")
    }

    private static func partition(_ table: String, _ verb: String, _ day: Int) -> String {
        "ALTER TABLE \(table) \(verb) PARTITION LIST '\(DefinedTable.dayName(day))'"
    }

    private static func insert(
        _ table: DefinedTable, _ name: String, _ numbers: [Int], _ value: Int
    ) -> String {
        let names = (["ts", "n"] + table.columns.map(\.name)).joined(separator: ", ")
        let rows = numbers.map { number in
            let values = table.columns.map { $0.literal(value + number % 7) }
            let all = ["\(DefinedTable.microseconds(number))::timestamp", "\(number)"] + values
            return "(\(all.joined(separator: ", ")))"
        }
        return "INSERT INTO \(name) (\(names)) VALUES \(rows.joined(separator: ", "))"
    }
}

// What a statement does.
extension DefinitionChange {
    func applied(to database: DefinedDatabase) -> DefinedDatabase {
        var next = database
        switch self {
        case .create(let name):
            next.tables[name] = DefinedTable(columns: [
                DefinedTable.Column(id: next.nextColumn, name: "s", type: .symbol)
            ])
            next.nextColumn += 1
        case .createAs(let name, let source):
            guard let old = next.tables[source] else { return next }
            next.tables[name] = Self.copy(of: old, &next.nextColumn)
        case .drop(let name): next.tables[name] = nil
        case .rename(let name, let new): next.tables[new] = next.tables.removeValue(forKey: name)
        case .truncate(let name): next.tables[name]?.rows = [:]
        case .addColumn(let table, let name, let type, let initial):
            let id = next.nextColumn
            next.nextColumn += 1
            next.tables[table]?.columns.append(
                DefinedTable.Column(id: id, name: name, type: type, initial: initial))
            guard let initial else { return next }
            for number in next.tables[table]?.rows.keys.sorted() ?? [] {
                next.tables[table]?.rows[number]?[id] = initial
            }
        case .dropColumn(let table, let name):
            next.tables[table]?.columns.removeAll { $0.name == name }
        case .renameColumn(let table, let name, let new):
            next.changeColumn(table, name) { $0.name = new }
            next.nextColumn += 1
        case .changeType(let table, let name, let type): next.changeType(table, name, type)
        case .timeToLive(let table):
            next.tables[table] = next.tables[table]?.withoutExpired
            next.tables[table]?.mayExpire = true
        case .enableKeys(let table): next.tables[table]?.hasKeys = true
        case .dropPartition, .detach, .attach: changePartition(&next)
        case .insert, .update, .delete: changeRows(&next)
        }
        return next
    }

    private static func copy(of old: DefinedTable, _ nextColumn: inout Int) -> DefinedTable {
        var made = DefinedTable()
        for column in old.columns {
            made.columns.append(
                DefinedTable.Column(id: nextColumn, name: column.name, type: column.type))
            for (number, row) in old.rows {
                made.rows[number, default: [:]][nextColumn] = row[column.id]
            }
            nextColumn += 1
        }
        for number in old.rows.keys where made.rows[number] == nil { made.rows[number] = [:] }
        return made
    }

    private func changePartition(_ next: inout DefinedDatabase) {
        switch self {
        case .dropPartition(let table, let day):
            let rows = next.tables[table]?.rows ?? [:]
            next.tables[table]?.rows = rows.filter { DefinedTable.day($0.key) != day }
        case .detach(let name, let day):
            guard var table = next.tables[name] else { return }
            table.detached[day] = DefinedTable.Detached(
                columns: table.columns,
                rows: table.rows.filter { DefinedTable.day($0.key) == day })
            table.rows = table.rows.filter { DefinedTable.day($0.key) != day }
            next.tables[name] = table
        case .attach(let name, let day):
            guard var table = next.tables[name], let kept = table.detached.removeValue(forKey: day)
            else { return }
            table.rows.merge(kept.rows) { _, new in new }
            next.tables[name] = table
        default: break
        }
    }

    private func changeRows(_ next: inout DefinedDatabase) {
        switch self {
        case .insert(let name, let numbers, let value):
            guard var table = next.tables[name] else { return }
            for number in numbers {
                var row: DefinedTable.Row = [:]
                for column in table.columns { row[column.id] = value + number % 7 }
                table.rows[number] = row
            }
            next.tables[name] = table
        case .update(let name, let column, let value, let divisor, let rest):
            guard var table = next.tables[name],
                let id = table.columns.first(where: { $0.name == column })?.id
            else { return }
            for number in table.rows.keys where number % divisor == rest {
                table.rows[number]?[id] = value
            }
            next.tables[name] = table
        case .delete(let name, let divisor, let rest):
            let rows = next.tables[name]?.rows ?? [:]
            next.tables[name]?.rows = rows.filter { $0.key % divisor != rest }
        default: break
        }
    }
}

extension DefinedDatabase {
    fileprivate mutating func changeColumn(
        _ table: String, _ name: String, _ change: (inout DefinedTable.Column) -> Void
    ) {
        guard let index = tables[table]?.columns.firstIndex(where: { $0.name == name }) else {
            return
        }
        if var column = tables[table]?.columns[index] {
            change(&column)
            tables[table]?.columns[index] = column
        }
    }

    /// The column is another one then: what was detached before does not fit any more.
    fileprivate mutating func changeType(_ name: String, _ column: String, _ type: ValueType) {
        guard var table = tables[name],
            let index = table.columns.firstIndex(where: { $0.name == column })
        else { return }
        let old = table.columns[index]
        table.columns[index] = DefinedTable.Column(
            id: nextColumn, name: old.name, type: type, initial: old.initial)
        for number in table.rows.keys.sorted() {
            let value = table.rows[number]?.removeValue(forKey: old.id)
            table.rows[number]?[nextColumn] = value
        }
        nextColumn += 1
        tables[name] = table
    }
}
