import Catalog
import Planner
import Values

/// The constraints of tables as the standard's `information_schema` tells of them.
struct ConstraintRelations {
    let database: String
    let tables: [TableDefinition]

    private static func texts(_ names: [String]) -> [PlanColumn] {
        names.map { PlanColumn(name: $0, type: .varchar) }
    }

    // MARK: - table_constraints

    static let constraintColumns = texts([
        "constraint_catalog", "constraint_schema", "constraint_name", "table_catalog",
        "table_schema", "table_name", "constraint_type", "is_deferrable", "initially_deferred",
        "enforced",
    ])

    var constraints: [[Value]] {
        var rows: [[Value]] = []
        for table in tables {
            for key in table.keys {
                rows.append(row(key.name, of: table, key.isPrimary ? "PRIMARY KEY" : "UNIQUE"))
            }
            for check in table.checks { rows.append(row(check.name, of: table, "CHECK")) }
        }
        return rows
    }

    private func row(_ name: String, of table: TableDefinition, _ kind: String) -> [Value] {
        let texts = [
            database, table.schema, name, database, table.schema, table.name, kind, "NO", "NO",
            "YES",
        ]
        return texts.map { Value.string($0) }
    }

    // MARK: - key_column_usage

    static let keyColumns: [PlanColumn] = {
        let names = texts([
            "constraint_catalog", "constraint_schema", "constraint_name", "table_catalog",
            "table_schema", "table_name", "column_name",
        ])
        let numbers = ["ordinal_position", "position_in_unique_constraint"]
        return names + numbers.map { PlanColumn(name: $0, type: .int) }
    }()

    var keyColumnUsage: [[Value]] {
        var rows: [[Value]] = []
        for table in tables {
            for key in table.keys {
                for (number, id) in key.columns.enumerated() {
                    guard let index = table.columnIndex(id: id) else { continue }
                    let texts = [
                        database, table.schema, key.name, database, table.schema, table.name,
                        table.columns[index].name,
                    ]
                    let numbers: [Value] = [.integer(Int64(number + 1)), .null]
                    rows.append(texts.map { Value.string($0) } + numbers)
                }
            }
        }
        return rows
    }

    // MARK: - check_constraints

    static let checkColumns = texts([
        "constraint_catalog", "constraint_schema", "constraint_name", "check_clause",
    ])

    var checks: [[Value]] {
        var rows: [[Value]] = []
        for table in tables {
            for check in table.checks {
                rows.append(
                    [database, table.schema, check.name, check.text].map { Value.string($0) })
            }
        }
        return rows
    }
}
