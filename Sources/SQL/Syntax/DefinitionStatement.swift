/// Statements about schemas, sequences and indexes.
package enum DefinitionStatement: Sendable, Equatable {
    case createSchema(Name, ifNotExists: Bool)
    case dropSchemas([Name], ifExists: Bool, cascade: Bool)
    case createSequence(CreateSequence)
    case alterSequence(AlterSequence)
    case dropSequences([TableName], ifExists: Bool)
    case createIndex(CreateIndex)
    case dropIndexes([TableName], ifExists: Bool)

    /// The statement's tag, and its name in messages.
    package var tag: String {
        switch self {
        case .createSchema: "CREATE SCHEMA"
        case .dropSchemas: "DROP SCHEMA"
        case .createSequence: "CREATE SEQUENCE"
        case .alterSequence: "ALTER SEQUENCE"
        case .dropSequences: "DROP SEQUENCE"
        case .createIndex: "CREATE INDEX"
        case .dropIndexes: "DROP INDEX"
        }
    }
}

/// `AS type INCREMENT BY n MINVALUE n MAXVALUE n START WITH n CYCLE`; nil where nothing was said.
package struct SequenceOptions: Sendable, Equatable {
    /// A bound: a number, or none (`NO MINVALUE`).
    package enum Bound: Sendable, Equatable {
        case none
        case value(Int64)
    }

    package var type: TypeName?
    package var increment: Int64?
    package var minimum: Bound?
    package var maximum: Bound?
    package var start: Int64?
    package var isCycling: Bool?
    /// `RESTART [WITH n]`, of ALTER SEQUENCE alone.
    package var restart: Restart?
    package var position = 0

    package init() {}

    package enum Restart: Sendable, Equatable {
        case atStart
        case with(Int64)
    }

    package static func == (left: SequenceOptions, right: SequenceOptions) -> Bool {
        left.type == right.type && left.increment == right.increment
            && left.minimum == right.minimum && left.maximum == right.maximum
            && left.start == right.start && left.isCycling == right.isCycling
            && left.restart == right.restart
    }
}

package struct CreateSequence: Sendable, Equatable {
    package let name: TableName
    package let ifNotExists: Bool
    package let options: SequenceOptions
}

package struct AlterSequence: Sendable, Equatable {
    package enum Action: Sendable, Equatable {
        case options(SequenceOptions)
        case rename(to: Name)
    }

    package let name: TableName
    package let ifExists: Bool
    package let action: Action
}

/// `CREATE [UNIQUE] INDEX [name] ON table (columns)`
package struct CreateIndex: Sendable, Equatable {
    /// nil when it is to be made up.
    package let name: Name?
    package let table: TableName
    package let ifNotExists: Bool
    package let isUnique: Bool
    /// Columns; an expression among them is left out of a plain index, which needs none of them.
    package let columns: [Name]
    package let position: Int
}

extension AlterTable {
    /// The constraint that a unique index is.
    package init(addingUnique index: CreateIndex) {
        let constraint = TableConstraint(
            name: index.name, kind: .key(isPrimary: false, columns: index.columns),
            position: index.position)
        self.init(
            table: index.table, ifExists: false,
            steps: [Step(action: .addConstraint(constraint), position: index.position)],
            position: index.position)
    }
}
