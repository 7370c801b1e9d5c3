// CREATE, DROP, TRUNCATE and ALTER of tables, as they were written.

package struct ColumnDefinition: Sendable, Equatable {
    package let name: Name
    package let type: TypeName
    package var isNotNull = false
    package var defaultValue: Expression?
    package var identity: Identity?
    package var symbol = SymbolClause()
    /// CHECK, PRIMARY KEY and UNIQUE written behind the column.
    package var constraints: [TableConstraint] = []

    init(name: Name, type: TypeName) {
        self.name = name
        self.type = type
    }
}

/// `GENERATED ALWAYS | BY DEFAULT AS IDENTITY (options)`
package struct Identity: Sendable, Equatable {
    package let isAlways: Bool
    package let options: SequenceOptions
}

/// CAPACITY, CACHE and INDEX of a SYMBOL: hints to structures that Basalt does not have.
package struct SymbolClause: Sendable, Equatable {
    package var capacity: Int?
    package var isCached: Bool?
    package var isIndexed = false
    package var indexCapacity: Int?

    package var isEmpty: Bool { self == SymbolClause() }
}

package struct TableConstraint: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case check(Expression)
        case key(isPrimary: Bool, columns: [Name])
    }

    /// nil when it is to be made up.
    package let name: Name?
    package let kind: Kind
    package let position: Int

    package static func == (left: TableConstraint, right: TableConstraint) -> Bool {
        left.name == right.name && left.kind == right.kind
    }
}

/// `TTL 3 DAYS`, `TTL 12h`
package struct TimeToLiveClause: Sendable, Equatable {
    package enum Unit: String, Sendable, CaseIterable {
        case hour = "HOUR"
        case day = "DAY"
        case week = "WEEK"
        case month = "MONTH"
        case year = "YEAR"
    }

    /// 0 ends it.
    package let value: UInt32
    package let unit: Unit
    package let position: Int

    package static func == (left: TimeToLiveClause, right: TimeToLiveClause) -> Bool {
        left.value == right.value && left.unit == right.unit
    }
}

/// `maxUncommittedRows = n`, `o3MaxLag = 10s`
package enum TableParameter: Sendable, Equatable {
    case maxUncommittedRows(UInt64)
    case o3MaxLag(microseconds: UInt64)
}

/// `INDEX (c CAPACITY n)` behind the columns.
package struct IndexClause: Sendable, Equatable {
    package let column: Name
    package let capacity: Int?
}

package struct CreateTable: Sendable, Equatable {
    package let table: TableName
    package let ifNotExists: Bool
    package let columns: [ColumnDefinition]
    /// Those written among the columns.
    package let constraints: [TableConstraint]
    /// `CREATE TABLE … (LIKE t)`
    package let like: TableName?
    /// `CREATE TABLE … AS (query)`
    package let query: Query?
    package let clauses: TableClauses
    package let position: Int

    /// The column named by TIMESTAMP(…).
    package var designatedTimestamp: Name? { clauses.timestamp }
    package var partitionBy: PartitionUnit? { clauses.unit }
    package var dedupKeys: [Name] { clauses.dedupKeys }
}

/// What follows the columns of a new table.
package struct TableClauses: Sendable, Equatable {
    package var timestamp: Name?
    package var unit: PartitionUnit?
    package var timeToLive: TimeToLiveClause?
    package var dedupKeys: [Name] = []
    package var parameters: [TableParameter] = []
    package var indexes: [IndexClause] = []
}

package enum PartitionUnit: String, Sendable, CaseIterable {
    case none = "NONE"
    case hour = "HOUR"
    case day = "DAY"
    case week = "WEEK"
    case month = "MONTH"
    case year = "YEAR"
}

package struct DropTable: Sendable, Equatable {
    package let tables: [TableName]
    package let ifExists: Bool
}

package struct Truncate: Sendable, Equatable {
    package let tables: [TableName]
    package let ifExists: Bool
}

/// Which partitions an ALTER TABLE is about.
package enum PartitionChoice: Sendable, Equatable {
    case named(PartitionSelection)
    case `where`(Expression)
}

package struct AlterTable: Sendable, Equatable {
    package enum Action: Sendable, Equatable {
        case addColumn(ColumnDefinition, ifNotExists: Bool)
        case dropColumn(Name, ifExists: Bool)
        case renameColumn(Name, to: Name)
        case renameTable(to: Name)
        case setSchema(Name)
        case alterColumn(Name, ColumnAction)
        case addConstraint(TableConstraint)
        case dropConstraint(Name, ifExists: Bool)
        case renameConstraint(Name, to: Name)
        /// nil ends it.
        case setTimeToLive(TimeToLiveClause?)
        case enableDedup([Name])
        case disableDedup
        case setParameter(TableParameter)
        case dropPartitions(PartitionChoice)
        case detachPartitions(PartitionChoice)
        case attachPartitions([TextLiteral])
        /// Something that says nothing here, and is answered with a NOTICE of this text.
        case accepted(String)
    }

    package enum ColumnAction: Sendable, Equatable {
        case type(TypeName, using: Expression?)
        case setDefault(Expression)
        case dropDefault
        case setNotNull
        case dropNotNull
        case symbolCapacity(Int)
        case cache(Bool)
        case addIndex(capacity: Int?)
        case dropIndex
    }

    package struct Step: Sendable, Equatable {
        package let action: Action
        package let position: Int

        package static func == (left: Step, right: Step) -> Bool { left.action == right.action }
    }

    package let table: TableName
    package let ifExists: Bool
    package let steps: [Step]
    package let position: Int
}
