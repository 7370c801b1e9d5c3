package import Catalog
package import Diagnostics
package import SQL
package import Values

/// One column of what a query or a system relation gives.
package struct PlanColumn: Sendable, Equatable {
    package let name: String
    package let type: ValueType
    /// The table's id and the column's number from 1, when it is a table's column unchanged.
    package let tableID: UInt64?
    package let columnNumber: Int?
    /// What all its values keep to; nil when nothing is known.
    package let modifier: TypeModifier?

    package init(
        name: String, type: ValueType, modifier: TypeModifier? = nil, tableID: UInt64? = nil,
        columnNumber: Int? = nil
    ) {
        self.name = name
        self.modifier = modifier
        self.type = type
        self.tableID = tableID
        self.columnNumber = columnNumber
    }
}

/// A relation whose rows are made up when asked for: `tables()`, `backups()`, a catalogue's table.
package protocol SystemRelation: Sendable {
    var name: String { get }
    var columns: [PlanColumn] { get }
    /// Makes all rows at once. Called on a worker, once per query.
    func makeBatch(arguments: [Value]) throws(DatabaseError) -> Batch
    /// Makes the rows of one piece, from 0 on; nil behind the last. For a relation of many rows.
    func makeBatch(arguments: [Value], piece: Int) throws(DatabaseError) -> Batch?
}

extension SystemRelation {
    package func makeBatch(arguments: [Value], piece: Int) throws(DatabaseError) -> Batch? {
        piece == 0 ? try makeBatch(arguments: arguments) : nil
    }
}

/// What the binder can find by name. Engine fills it in from a snapshot.
package protocol Relations {
    func table(schema: String?, name: String) -> TableDefinition?
    func systemRelation(schema: String?, name: String, isFunction: Bool) -> (any SystemRelation)?
    /// What is wrong with a table that lies there and cannot be opened.
    func damage(schema: String?, name: String) -> DatabaseError?
    /// Values that the session knows, by function name: `now`, `version`, `current_user`.
    func sessionValue(_ function: String) -> (Value, ValueType)?
    /// Whatever has this name: a table, a sequence, or a schema (whose own schema is empty).
    func relation(schema: String, name: String) -> TableDefinition?
    /// A function that only the session can compute, such as `nextval`, with its constant
    /// arguments; nil when it knows none of this name.
    func call(_ function: String, _ arguments: [Value]) throws(DatabaseError) -> RowCall?
    /// What gives the next number of a sequence; nil when there is no such sequence.
    func nextValue(schema: String, sequence: String) -> RowCall?
}

extension Relations {
    package func relation(schema: String, name: String) -> TableDefinition? {
        table(schema: schema, name: name)
    }
    package func call(_ function: String, _ arguments: [Value]) throws(DatabaseError) -> RowCall? {
        nil
    }
    package func nextValue(schema: String, sequence: String) -> RowCall? { nil }
}

/// Something that is done anew for every row, by whom the binder does not know.
package struct RowCall: Sendable, Hashable {
    /// Two calls of one name do the same.
    package let name: String
    package let type: ValueType
    package let compute: @Sendable () throws(DatabaseError) -> Value

    package init(
        name: String, type: ValueType,
        compute: @escaping @Sendable () throws(DatabaseError) -> Value
    ) {
        self.name = name
        self.type = type
        self.compute = compute
    }

    package static func == (left: RowCall, right: RowCall) -> Bool { left.name == right.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Relations {
    package func damage(schema: String?, name: String) -> DatabaseError? { nil }

    /// Whether something has a name, be it that it cannot be opened.
    func isTaken(_ name: String, in schema: String) -> Bool {
        relation(schema: schema, name: name) != nil || damage(schema: schema, name: name) != nil
    }

    /// Checks that a name which nothing has is not that of a table that cannot be opened: nobody
    /// could reach it any more.
    ///
    /// - Throws: XX001 with what is wrong and the ways out.
    package func checkFree(_ name: Name, in schema: String) throws(DatabaseError) {
        if let damage = damage(schema: schema, name: name.folded) { throw damage.at(name.position) }
    }

    /// Why a table cannot be found.
    func missing(_ name: TableName) -> DatabaseError {
        let spelling = (name.schema.map { "\($0.text)." } ?? "") + name.name.text
        return damage(schema: name.schema?.folded, name: name.name.folded)?.at(name.position)
            ?? .undefinedTable(spelling, at: name.position)
    }
}
