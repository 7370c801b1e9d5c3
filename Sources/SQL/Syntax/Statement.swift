/// One statement, as it was written and with nothing looked up.
package indirect enum Statement: Sendable, Equatable {
    // Rows
    case select(Query)
    case insert(Insert)
    case update(Update)
    case delete(Delete)
    case copy(Copy)
    // Definitions
    case createTable(CreateTable)
    case dropTable(DropTable)
    case truncate(Truncate)
    case alterTable(AlterTable)
    /// Schemas, sequences and indexes.
    case definition(DefinitionStatement)
    // Transactions
    case begin(TransactionModes)
    case commit
    case rollback
    case savepoint(Name)
    case releaseSavepoint(Name)
    case rollbackToSavepoint(Name)
    case setTransaction(TransactionModes)
    // Session
    case set(SetParameter)
    /// `RESET name`; nil is ALL.
    case reset(Name?)
    case show(Show)
    case prepare(Prepare)
    case execute(name: Name, arguments: [Expression])
    /// `DEALLOCATE name`; nil is ALL.
    case deallocate(Name?)
    case discard(Discard)
    case explain(Explain)
    // Backup and restore
    case backup(BackupStatement)
    case snapshot(SnapshotCommand, position: Int)
    case checkpoint(CheckpointCommand, position: Int)
    case restore(RestoreStatement)
    case verifyBackup(VerifyBackup)
    case dropBackup(TextLiteral)
    case cancelBackup(TextLiteral)
    case pruneBackups(PruneBackups)
}

/// One statement of a text, and where it stands there.
package struct ParsedStatement: Sendable, Equatable {
    package let statement: Statement
    /// From the first token to the end of the last, in Unicode scalars of the whole text.
    package let range: Range<Int>
    /// The statement alone, without the semicolon.
    package let text: String

    /// What its author should know though it is no error, such as a precision that is reduced.
    package let warnings: [String]

    package init(
        statement: Statement, range: Range<Int>, text: String, warnings: [String] = []
    ) {
        self.statement = statement
        self.range = range
        self.text = text
        self.warnings = warnings
    }

    package var position: Int { range.lowerBound }
}

// MARK: - Rows

package struct Insert: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// A nil value is DEFAULT.
        case rows([[Expression?]])
        case query(Query)
        case defaultValues
    }

    package let table: TableName
    /// Empty when no list was written: all columns in order.
    package let columns: [Name]
    package let source: Source
    /// OVERRIDING SYSTEM VALUE: a value may be given to a column that is GENERATED ALWAYS.
    package let overridesSystem: Bool
    /// Empty without RETURNING.
    package let returning: [SelectItem]
}

/// `column = value`; a nil value is DEFAULT.
package struct Assignment: Sendable, Equatable {
    package let column: Name
    package let value: Expression?
}

package struct Update: Sendable, Equatable {
    package let table: TableName
    package let alias: Name?
    package let assignments: [Assignment]
    package let filter: Expression?
    /// Empty without RETURNING.
    package let returning: [SelectItem]
}

package struct Delete: Sendable, Equatable {
    package let table: TableName
    package let alias: Name?
    package let filter: Expression?
    /// Empty without RETURNING.
    package let returning: [SelectItem]

    package init(
        table: TableName, alias: Name? = nil, filter: Expression?, returning: [SelectItem] = []
    ) {
        self.table = table
        self.alias = alias
        self.filter = filter
        self.returning = returning
    }
}

/// `COPY t (a, b) FROM STDIN WITH (…)`, `COPY t FROM '/path'`, `COPY (query) TO STDOUT`.
/// `COPY t TO STDOUT` is the query of its columns.
package struct Copy: Sendable, Equatable {
    package enum Subject: Sendable, Equatable {
        case table(TableName, columns: [Name])
        case query(Query)
    }
    package enum Direction: Sendable, Equatable {
        case fromClient
        /// `FROM '/path'`: a file on the server.
        case fromFile(TextLiteral)
        case toClient
    }

    package let subject: Subject
    package let direction: Direction
    package let options: [Option]
    package let position: Int
}

// MARK: - Transactions and session

package struct TransactionModes: Sendable, Equatable {
    package enum Isolation: String, Sendable {
        case readUncommitted = "READ UNCOMMITTED"
        case readCommitted = "READ COMMITTED"
        case repeatableRead = "REPEATABLE READ"
        case serializable = "SERIALIZABLE"
    }
    package enum Access: String, Sendable {
        case readOnly = "READ ONLY"
        case readWrite = "READ WRITE"
    }
    /// The current transaction, or all that follow (SET SESSION CHARACTERISTICS).
    package enum Scope: Sendable { case transaction, session }

    package let scope: Scope
    package let isolation: Isolation?
    package let access: Access?

    package init(scope: Scope, isolation: Isolation?, access: Access?) {
        self.scope = scope
        self.isolation = isolation
        self.access = access
    }
}

package struct SetParameter: Sendable, Equatable {
    package enum Scope: Sendable { case session, local }

    package let scope: Scope
    /// In the spelling of the text, dotted if it was: `DateStyle`, `app.user`.
    package let name: Name
    /// As text, several joined by `, `; nil is DEFAULT.
    package let value: String?
}

package enum Show: Sendable, Equatable {
    /// `SHOW name`, also `SHOW TIME ZONE` (timezone) and
    /// `SHOW TRANSACTION ISOLATION LEVEL` (transaction_isolation).
    case parameter(Name)
    case all
    case tables
    case columns(TableName)
    case partitions(TableName)
    case createTable(TableName)
    case parameters
    /// `SHOW BACKUPS [FROM 'destination']`
    case backups(TextLiteral?)
}

package struct Prepare: Sendable, Equatable {
    package let name: Name
    package let types: [TypeName]
    package let statement: Statement
    /// The prepared statement's own text.
    package let text: String
}

package enum Discard: String, Sendable {
    case all = "ALL"
    case plans = "PLANS"
    case sequences = "SEQUENCES"
    case temporary = "TEMPORARY"
}

package struct Explain: Sendable, Equatable {
    package let statement: Statement
    package let isAnalyzed: Bool
    package let position: Int
}
