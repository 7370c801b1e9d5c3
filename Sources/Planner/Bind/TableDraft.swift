import Catalog
import Diagnostics
import SQL
import Values

/// A table's definition while CREATE or ALTER makes it, and the sequences its columns draw from.
///
/// Each function checks one clause and takes it in; what is wrong has the clause's position.
struct TableDraft {
    var table: TableDefinition
    /// Sequences that are made with the table; their owner is filled in when it has an id.
    var sequences: [TableDefinition] = []
    /// Whether a name in the table's schema is in use.
    let isTaken: (String) -> Bool

    private var label: String { table.name }

    // MARK: - Columns

    /// Makes a column of what was written, with its sequence if it has one; does not add it.
    mutating func column(_ written: SQL.ColumnDefinition, _ binder: inout Binder)
        throws(DatabaseError) -> Catalog.ColumnDefinition
    {
        let name = written.name
        let isSerial = Self.serialTypes[written.type.name]
        let type: ValueType
        if let isSerial {
            type = isSerial
        } else {
            type = try Binder.columnType(named: written.type)
        }
        if !written.symbol.isEmpty, type != .symbol {
            throw .invalidDefinition(
                "CAPACITY, CACHE and INDEX belong to columns of type SYMBOL \"\(name.text)\"",
                at: written.type.position)
        }
        let symbol = written.symbol
        var options: SymbolOptions?
        if !symbol.isEmpty {
            options = SymbolOptions(
                capacity: symbol.capacity.map { UInt32(clamping: $0) }, isCached: symbol.isCached,
                isIndexed: symbol.isIndexed,
                indexCapacity: symbol.indexCapacity.map { UInt32(clamping: $0) })
        }
        var defaultValue: ColumnDefault?
        if let expression = written.defaultValue {
            if isSerial != nil || written.identity != nil {
                throw .invalidDefinition(
                    "both default and generation specified for column \"\(name.text)\"",
                    at: expression.position)
            }
            defaultValue = try binder.checkDefault(expression, of: name.text, type)
        }
        if isSerial != nil || written.identity != nil {
            defaultValue = try generated(written, type)
        }
        return Catalog.ColumnDefinition(
            id: 0, name: name.text, type: type,
            modifier: isSerial == nil ? try Binder.modifier(of: written.type) : nil,
            isNullable: !written.isNotNull && isSerial == nil, defaultValue: defaultValue,
            symbolOptions: options)
    }

    private static let serialTypes: [String: ValueType] = [
        "serial": .int, "serial4": .int, "bigserial": .long, "serial8": .long,
        "smallserial": .short, "serial2": .short,
    ]

    private mutating func generated(_ written: SQL.ColumnDefinition, _ type: ValueType)
        throws(DatabaseError) -> ColumnDefault
    {
        guard type == .short || type == .int || type == .long else {
            throw .invalidDefinition(
                "identity column type must be smallint, integer, or bigint",
                at: written.type.position)
        }
        let options = written.identity?.options ?? SequenceOptions()
        let sequence = try SequenceDefinition.make(options, type: type)
        let name = freeName("\(table.name)_\(written.name.text)_seq")
        sequences.append(.sequence(id: 0, schema: table.schema, name: name, sequence))
        let generation: ColumnDefault.Generation =
            written.identity.map { $0.isAlways ? .always : .byDefault } ?? .serial
        return .sequence(schema: table.schema, name: name, generation)
    }

    /// A name for a relation that nobody has, cut to what a name may be.
    func freeName(_ wanted: String) -> String {
        let taken = sequences.map { $0.name.lowercased() }
        return Self.free(wanted) { isTaken($0) || taken.contains($0.lowercased()) }
    }

    private static func free(_ wanted: String, isTaken: (String) -> Bool) -> String {
        var number = 0
        while true {
            let suffix = number == 0 ? "" : "\(number)"
            var name = wanted + suffix
            // Whole characters, so that what is cut stays UTF-8.
            while name.utf8.count > SQL.Limits.nameBytes {
                name = String(name.dropLast(suffix.count + 1)) + suffix
            }
            if !isTaken(name) { return name }
            number += 1
        }
    }

    mutating func add(_ column: Catalog.ColumnDefinition, at position: Int) throws(DatabaseError) {
        if table.columnIndex(named: column.name) != nil {
            throw .columnExists(column.name, of: label, at: position)
        }
        if table.columns.count >= Limits.columns { throw .tooManyColumns(at: position) }
        table = table.withColumn(column)
    }

    func index(of name: Name) throws(DatabaseError) -> Int {
        guard let index = table.columnIndex(named: name.text) else {
            throw .undefinedColumn(name.text, of: label, at: name.position)
        }
        return index
    }

    // MARK: - Constraints

    private func isConstraint(_ name: String) -> Bool {
        let wanted = name.lowercased()
        return table.checks.contains { $0.name.lowercased() == wanted }
            || table.keys.contains { $0.name.lowercased() == wanted }
    }

    private func constraintName(_ constraint: TableConstraint, _ wanted: String)
        throws(DatabaseError) -> String
    {
        guard let name = constraint.name else {
            return Self.free(wanted) { isConstraint($0) }
        }
        if isConstraint(name.text) {
            throw .constraintExists(name.text, of: label, at: name.position)
        }
        return name.text
    }

    mutating func add(_ constraint: TableConstraint, _ binder: inout Binder) throws(DatabaseError) {
        if table.checks.count + table.keys.count >= Limits.constraints {
            throw .tooManyConstraints(at: constraint.position)
        }
        switch constraint.kind {
        case .check(let condition):
            _ = try binder.bindCheck(condition, table)
            let names = condition.columnNames
            let middle = names.count == 1 ? "_\(names.first ?? "")" : ""
            let check = CheckConstraint(
                name: try constraintName(constraint, "\(label)\(middle)_check"),
                text: Printer.text(condition))
            table = table.withChecks(table.checks + [check])
        case .key(let isPrimary, let columns):
            try addKey(constraint, isPrimary: isPrimary, columns)
        }
    }

    private mutating func addKey(
        _ constraint: TableConstraint, isPrimary: Bool, _ columns: [Name]
    ) throws(DatabaseError) {
        if table.timestampIndex != nil {
            throw .keyWithTimestamp(isPrimary ? "PRIMARY KEY" : "UNIQUE", at: constraint.position)
        }
        if isPrimary, table.keys.contains(where: \.isPrimary) {
            throw .twoPrimaryKeys(label, at: constraint.position)
        }
        var indexes: [Int] = []
        for name in columns {
            let index = try index(of: name)
            if indexes.contains(index) { throw .duplicateColumn(name.text, at: name.position) }
            indexes.append(index)
        }
        let parts = indexes.map { table.columns[$0].name }.joined(separator: "_")
        let wanted = isPrimary ? "\(label)_pkey" : "\(label)_\(parts)_key"
        let key = KeyConstraint(
            name: try constraintName(constraint, wanted), isPrimary: isPrimary,
            columns: indexes.map { table.columns[$0].id })
        table = table.withKeys(table.keys + [key])
        if isPrimary { for index in indexes { table = table.withNullable(false, at: index) } }
    }

    // MARK: - Clauses

    mutating func setDedup(_ names: [Name], at position: Int) throws(DatabaseError) {
        guard let timestamp = table.timestampIndex else {
            throw .invalidDefinition(
                "deduplication is possible only on tables with designated timestamps",
                at: names.first?.position ?? position)
        }
        var indexes: [Int] = []
        for name in names {
            let index = try index(of: name)
            if indexes.contains(index) { throw .duplicateColumn(name.text, at: name.position) }
            indexes.append(index)
        }
        guard indexes.contains(timestamp) else {
            throw .invalidDefinition(
                "deduplicate key list must include dedicated timestamp column",
                at: names.first?.position ?? position)
        }
        table = table.withDedupKeys(indexes.map { table.columns[$0].id })
    }

    mutating func setTimeToLive(_ clause: TimeToLiveClause?) throws(DatabaseError) {
        guard let clause, clause.value > 0,
            let unit = TimeToLive.Unit.allCases.first(where: { $0.name == clause.unit.rawValue })
        else {
            table = table.withTimeToLive(nil)
            return
        }
        let timeToLive = TimeToLive(value: clause.value, unit: unit)
        if table.partitionUnit == .none {
            throw .invalidDefinition(
                "cannot set TTL on a non-partitioned table", at: clause.position)
        }
        guard timeToLive.isMultiple(of: table.partitionUnit) else {
            throw .invalidDefinition(
                "TTL value must be an integer multiple of partition size", at: clause.position)
        }
        table = table.withTimeToLive(timeToLive)
    }

    mutating func set(_ parameter: TableParameter) {
        let old = table.ingestionHints
        switch parameter {
        case .maxUncommittedRows(let rows):
            table = table.withIngestionHints(
                IngestionHints(
                    maxUncommittedRows: rows, o3MaxLagMicroseconds: old?.o3MaxLagMicroseconds))
        case .o3MaxLag(let microseconds):
            table = table.withIngestionHints(
                IngestionHints(
                    maxUncommittedRows: old?.maxUncommittedRows,
                    o3MaxLagMicroseconds: microseconds))
        }
    }

    mutating func setIndex(_ isIndexed: Bool, capacity: Int?, of name: Name)
        throws(DatabaseError)
    {
        try changeSymbol(name) { old in
            SymbolOptions(
                capacity: old?.capacity, isCached: old?.isCached, isIndexed: isIndexed,
                indexCapacity: capacity.map { UInt32(clamping: $0) })
        }
    }

    mutating func changeSymbol(_ name: Name, _ change: (SymbolOptions?) -> SymbolOptions)
        throws(DatabaseError)
    {
        let index = try index(of: name)
        guard table.columns[index].type == .symbol else {
            throw .invalidDefinition(
                "column is not of type SYMBOL \"\(name.text)\"", at: name.position)
        }
        table = table.withSymbolOptions(change(table.columns[index].symbolOptions), at: index)
    }
}
