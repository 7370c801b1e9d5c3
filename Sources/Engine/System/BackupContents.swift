import Backup
import Diagnostics
import Planner
import Values

/// `backup_tables(name)` and `backup_partitions(name, table)`: what is inside a backup.
struct BackupContents: Sendable {
    let engine: Engine

    var tables: ComputedRelation {
        ComputedRelation(
            name: "backup_tables",
            columns: [
                PlanColumn(name: "table_name", type: .varchar),
                PlanColumn(name: "partitions", type: .long), PlanColumn(name: "rows", type: .long),
                PlanColumn(name: "bytes", type: .long),
                PlanColumn(name: "min_timestamp", type: .timestamp),
                PlanColumn(name: "max_timestamp", type: .timestamp),
                PlanColumn(name: "lsn", type: .long), PlanColumn(name: "schema", type: .varchar),
            ]
        ) { arguments throws(DatabaseError) in
            let service = try service()
            let name = try text(arguments, 0, "backup_tables(name)")
            return try service.tables(of: name).map {
                [
                    .string($0.name), .integer(Int64($0.partitions)), .integer(Int64($0.rows)),
                    .integer(Int64($0.bytes)), time($0.minTimestamp), time($0.maxTimestamp),
                    .integer(Int64(clamping: $0.lsn)), .string($0.schema),
                ]
            }
        }
    }

    var partitions: ComputedRelation {
        ComputedRelation(
            name: "backup_partitions",
            columns: [
                PlanColumn(name: "partition", type: .varchar),
                PlanColumn(name: "rows", type: .long), PlanColumn(name: "bytes", type: .long),
                PlanColumn(name: "segments", type: .long),
                PlanColumn(name: "min_timestamp", type: .timestamp),
                PlanColumn(name: "max_timestamp", type: .timestamp),
                PlanColumn(name: "shared_with_parent", type: .boolean),
            ]
        ) { arguments throws(DatabaseError) in
            let service = try service()
            let usage = "backup_partitions(name, table)"
            let name = try text(arguments, 0, usage)
            return try service.partitions(of: name, table: try text(arguments, 1, usage)).map {
                [
                    .string($0.partition), .integer(Int64($0.rows)), .integer(Int64($0.bytes)),
                    .integer(Int64($0.segments)), time($0.minTimestamp), time($0.maxTimestamp),
                    .boolean($0.isSharedWithParent),
                ]
            }
        }
    }

    private func service() throws(DatabaseError) -> BackupService {
        guard let service = engine.backup else { throw .backupUnavailable() }
        return service
    }

    private func text(_ arguments: [Value], _ index: Int, _ usage: String) throws(DatabaseError)
        -> String
    {
        guard index < arguments.count, case .string(let text) = arguments[index] else {
            throw .missingArgument(usage)
        }
        return text
    }

    private func time(_ value: Int64?) -> Value { value.map(Value.timestamp) ?? .null }
}

extension DatabaseError {
    fileprivate static func missingArgument(_ usage: String) -> DatabaseError {
        DatabaseError(
            .undefinedFunction, "an argument is missing or no text", hint: "Write \(usage).")
    }
}
