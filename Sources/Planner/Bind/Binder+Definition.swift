package import Catalog
package import Diagnostics
package import SQL
package import Values

/// A table that CREATE TABLE describes, and the sequences its columns draw from. The ids are zero
/// until `numbered` gives them: a statement that fails takes none.
package struct BoundCreateTable: Sendable {
    package let table: TableDefinition
    package let sequences: [TableDefinition]

    /// The same with ids of its own.
    package func numbered(_ reserve: () -> UInt64) -> BoundCreateTable {
        let id = reserve()
        return BoundCreateTable(
            table: table.copied(id: id, name: table.name),
            sequences: sequences.map { $0.owned(by: id).copied(id: reserve(), name: $0.name) })
    }
}

extension TableDefinition {
    /// A sequence that goes when the table goes.
    package func owned(by table: UInt64) -> TableDefinition {
        guard var sequence else { return self }
        sequence.owner = table
        return withSequence(sequence)
    }
}

extension Binder {
    /// Makes a table's definition of what CREATE TABLE says.
    ///
    /// - Parameters:
    ///   - schema: where the table is to be; the caller has found that it exists.
    ///   - source: the columns of the query, for CREATE TABLE AS.
    package mutating func bindCreateTable(
        _ create: CreateTable, schema: String, source: [PlanColumn]? = nil
    ) throws(DatabaseError) -> BoundCreateTable {
        let relations = relations
        let empty = TableDefinition(
            id: 0, schema: schema, name: create.table.name.text, columns: [], timestampIndex: nil,
            partitionUnit: .none)
        var draft = TableDraft(table: empty) { name in
            relations.isTaken(name, in: schema)
                || name.lowercased() == create.table.name.folded
        }
        var template: TableDefinition?
        if let like = create.like {
            template = try bindLike(like, &draft)
        } else if let source {
            try add(source, to: &draft, at: create.query?.position ?? create.position)
        } else if create.query != nil {
            throw .notSupported("CREATE TABLE AS", at: create.position)
        } else {
            try addColumns(of: create, to: &draft)
        }
        try settleTime(create, template, &draft)
        try settleClauses(create, &draft)
        return BoundCreateTable(
            table: draft.table.copied(id: 0, name: draft.table.name), sequences: draft.sequences)
    }

    private mutating func addColumns(of create: CreateTable, to draft: inout TableDraft)
        throws(DatabaseError)
    {
        for written in create.columns {
            if draft.table.columnIndex(named: written.name.text) != nil {
                throw .duplicateColumn(written.name.text, at: written.name.position)
            }
            let column = try draft.column(written, &self)
            try draft.add(column, at: written.name.position)
        }
    }

    /// A query may name two columns alike, a table may not.
    private func add(_ source: [PlanColumn], to draft: inout TableDraft, at position: Int)
        throws(DatabaseError)
    {
        for column in source {
            if draft.table.columnIndex(named: column.name) != nil {
                throw .duplicateColumn(column.name, at: position)
            }
            guard column.type.isStorable else {
                throw .notSupported(
                    "a column of type \(column.type.postgresName)", at: position)
            }
            try draft.add(
                Catalog.ColumnDefinition(
                    id: 0, name: column.name, type: column.type, modifier: column.modifier),
                at: position)
        }
    }

    /// As QuestDB has it, LIKE takes everything over but rows: defaults, keys, TTL, partitions.
    private func bindLike(_ like: TableName, _ draft: inout TableDraft) throws(DatabaseError)
        -> TableDefinition
    {
        guard let model = relations.table(schema: like.schema?.folded, name: like.name.folded)
        else { throw relations.missing(like) }
        var table = model.copied(id: 0, schema: draft.table.schema, name: draft.table.name)
        for (index, column) in model.columns.enumerated() {
            guard case .sequence(let schema, let name, let generation)? = column.defaultValue
            else { continue }
            let old = relations.relation(schema: schema, name: name)?.sequence
            var sequence = old ?? SequenceDefinition()
            sequence.reserved = nil
            let own = draft.freeName("\(table.name)_\(column.name)_seq")
            draft.sequences.append(
                .sequence(id: 0, schema: table.schema, name: own, sequence))
            table = table.withDefault(
                .sequence(schema: table.schema, name: own, generation), at: index)
        }
        draft.table = table
        return model
    }

    private func settleTime(
        _ create: CreateTable, _ template: TableDefinition?, _ draft: inout TableDraft
    ) throws(DatabaseError) {
        var timestamp = draft.table.timestampIndex
        if let name = create.designatedTimestamp {
            guard let index = draft.table.columnIndex(named: name.text) else {
                throw .undefinedColumn(name.text, at: name.position)
            }
            guard draft.table.columns[index].type.isDesignable else {
                throw .invalidDefinition(
                    "designated timestamp must be of type TIMESTAMP or TIMESTAMP_NS \"\(name.text)\"",
                    at: name.position)
            }
            timestamp = index
        }
        let unit = create.partitionBy.flatMap { Catalog.PartitionUnit.named($0.rawValue) }
        if timestamp == nil, let unit, unit != .none {
            throw .invalidDefinition(
                "partitioning is possible only on tables with designated timestamps",
                at: create.position)
        }
        draft.table = draft.table.withTime(
            timestamp, unit ?? template?.partitionUnit ?? (timestamp == nil ? .none : .day))
    }

    private mutating func settleClauses(_ create: CreateTable, _ draft: inout TableDraft)
        throws(DatabaseError)
    {
        for constraint in create.columns.flatMap(\.constraints) + create.constraints {
            try draft.add(constraint, &self)
        }
        if let timeToLive = create.clauses.timeToLive { try draft.setTimeToLive(timeToLive) }
        if !create.dedupKeys.isEmpty { try draft.setDedup(create.dedupKeys, at: create.position) }
        for parameter in create.clauses.parameters { draft.set(parameter) }
        for index in create.clauses.indexes {
            try draft.setIndex(true, capacity: index.capacity, of: index.column)
        }
    }

    // MARK: - Stored expressions

    /// Checks a default as it is written, and gives what is stored of it.
    mutating func checkDefault(_ expression: Expression, of column: String, _ type: ValueType)
        throws(DatabaseError) -> ColumnDefault?
    {
        if case .literal(.null) = expression.kind { return nil }
        if let name = expression.columnNames.first {
            throw .columnInDefault(name, at: expression.position)
        }
        let definition = Catalog.ColumnDefinition(id: 0, name: column, type: type)
        _ = try bindDefault(expression, for: definition)
        return .expression(Printer.text(expression))
    }

    private mutating func bindDefault(
        _ expression: Expression, for column: Catalog.ColumnDefinition
    ) throws(DatabaseError) -> BoundExpression {
        let outer = scope
        scope = Scope()
        clauseWithoutAggregates = "DEFAULT expressions"
        defer {
            scope = outer
            clauseWithoutAggregates = nil
        }
        let bound = try bind(
            expression, expecting: isUntyped(expression) ? column.type : nil)
        return try assign(bound, to: column)
    }

    /// What a column without a value gets; nil is NULL.
    package mutating func defaultValue(of column: Catalog.ColumnDefinition)
        throws(DatabaseError) -> BoundExpression?
    {
        switch column.defaultValue {
        case nil: return nil
        case .expression(let text):
            do throws(DatabaseError) {
                return try bindDefault(try Parser.parseExpression(text), for: column)
            } catch {
                // A position in the stored text is none in the statement.
                throw error.withoutPosition()
            }
        case .sequence(let schema, let name, _):
            guard let next = relations.nextValue(schema: schema, sequence: name) else {
                if let damage = relations.damage(schema: schema, name: name) { throw damage }
                throw .sequenceIsGone(name, of: column.name)
            }
            let number = BoundExpression(.operation(.call(next), []), .long, position: 0)
            return try Coercion.convert(number, to: column.type)
        }
    }

    /// Binds a condition over a table's columns.
    mutating func bindCheck(_ condition: Expression, _ table: TableDefinition)
        throws(DatabaseError) -> BoundExpression
    {
        let outer = scope
        scope = Scope(of: table)
        clauseWithoutAggregates = "check constraints"
        defer {
            scope = outer
            clauseWithoutAggregates = nil
        }
        let known = parameterTypes.count
        let bound = try bindCondition(condition, "CHECK")
        if parameterTypes.count > known {
            throw .notSupported("a parameter in CHECK", at: condition.position)
        }
        return bound
    }

    /// The checks of a table, over its columns in their order.
    package mutating func checks(of table: TableDefinition) throws(DatabaseError)
        -> [BoundCheck]
    {
        var bound: [BoundCheck] = []
        for check in table.checks {
            do throws(DatabaseError) {
                let condition = try bindCheck(try Parser.parseExpression(check.text), table)
                bound.append(BoundCheck(name: check.name, condition: condition))
            } catch {
                throw error.withoutPosition()
            }
        }
        return bound
    }
}

/// A CHECK ready to be computed over a batch of its table's columns.
package struct BoundCheck: Sendable {
    package let name: String
    package let condition: BoundExpression
}

extension DatabaseError {
    func withoutPosition() -> DatabaseError {
        DatabaseError(
            state, message, detail: detail, hint: hint, cause: cause, damagedPath: damagedPath)
    }
}

extension Scope {
    /// A table's columns by themselves.
    init(of table: TableDefinition) {
        columns = table.columns.enumerated().map { index, column in
            Column(
                table: table.name.lowercased(), schema: nil,
                plan: PlanColumn(
                    name: column.name, type: column.type, modifier: column.modifier,
                    tableID: table.id, columnNumber: index + 1))
        }
    }
}

extension SequenceDefinition {
    /// Makes a sequence of what was written; PostgreSQL's defaults and checks.
    package static func make(_ options: SequenceOptions, type: ValueType)
        throws(DatabaseError) -> SequenceDefinition
    {
        var new = SequenceDefinition()
        try new.change(options, type: type, isNew: true)
        return new
    }

    /// Takes options over; what was not written stays, or gets its default when it is new.
    package mutating func change(
        _ options: SequenceOptions, type: ValueType = .long, isNew: Bool = false
    ) throws(DatabaseError) {
        let position = options.position
        let bounds: (Int64, Int64) =
            switch type {
            case .short: (Int64(Int16.min), Int64(Int16.max))
            case .int: (Int64(Int32.min), Int64(Int32.max))
            default: (.min, .max)
            }
        increment = options.increment ?? increment
        if increment == 0 { throw .badSequence("INCREMENT must not be zero", at: position) }
        let isUp = increment > 0
        switch options.minimum {
        case .value(let value)?: minimum = value
        case .some(.none): minimum = isUp ? 1 : bounds.0
        case nil: if isNew { minimum = isUp ? 1 : bounds.0 }
        }
        switch options.maximum {
        case .value(let value)?: maximum = value
        case .some(.none): maximum = isUp ? bounds.1 : -1
        case nil: if isNew { maximum = isUp ? bounds.1 : -1 }
        }
        guard minimum < maximum else {
            throw .badSequence("MINVALUE must be less than MAXVALUE", at: position)
        }
        guard minimum >= bounds.0, maximum <= bounds.1 else {
            throw .badSequence(
                "MINVALUE or MAXVALUE is out of range for sequence data type "
                    + type.postgresName, at: position)
        }
        start = options.start ?? (isNew ? (isUp ? minimum : maximum) : start)
        isCycling = options.isCycling ?? isCycling
        switch options.restart {
        case nil: break
        case .atStart: reserved = nil
        case .with(let number):
            guard minimum <= number, number <= maximum else {
                throw .badSequence("RESTART value must be between the bounds", at: position)
            }
            // Counting goes on behind what is reserved.
            let before = number.subtractingReportingOverflow(increment)
            start = before.overflow ? number : start
            reserved = before.overflow ? nil : before.partialValue
        }
        guard minimum <= start, start <= maximum else {
            throw .badSequence("START value must be between the bounds", at: position)
        }
    }
}
