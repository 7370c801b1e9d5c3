import Backup
import Diagnostics
import Planner
import Values

/// `backup_tables(name)` and `backup_partitions(name, table)`: what is inside a backup; and
/// `backup_jobs()`: what was done with backups.
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
            let service = try engine.backupService()
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
            let service = try engine.backupService()
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

    /// The last backups, restores and verifications with their ends, the newest first; those before
    /// a restart too.
    var jobs: ComputedRelation {
        ComputedRelation(
            name: "backup_jobs",
            columns: [
                PlanColumn(name: "id", type: .varchar), PlanColumn(name: "job", type: .varchar),
                PlanColumn(name: "status", type: .varchar),
                PlanColumn(name: "name", type: .varchar), PlanColumn(name: "kind", type: .varchar),
                PlanColumn(name: "started_at", type: .timestamp),
                PlanColumn(name: "finished_at", type: .timestamp),
                PlanColumn(name: "progress", type: .varchar),
                PlanColumn(name: "requested_by", type: .varchar),
                PlanColumn(name: "error", type: .varchar), PlanColumn(name: "path", type: .varchar),
                PlanColumn(name: "comment", type: .varchar),
            ]
        ) { _ throws(DatabaseError) in
            func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
            return try engine.backupService().listJobs().map {
                [
                    .string($0.id), .string($0.act.rawValue), .string($0.status.rawValue),
                    .string($0.name), .string($0.kind), .timestamp($0.startedAt),
                    time($0.finishedAt), text($0.progress), .string($0.requestedBy),
                    text($0.error), .string($0.path), text($0.comment),
                ]
            }
        }
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
