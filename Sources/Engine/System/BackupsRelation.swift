import Backup
import Diagnostics
import Planner
import Values

/// `backups()` and SHOW BACKUPS: what lies in the destination, and what runs or has failed.
struct BackupsRelation: SystemRelation {
    let engine: Engine

    var name: String { "backups" }

    var columns: [PlanColumn] {
        [
            PlanColumn(name: "id", type: .varchar), PlanColumn(name: "name", type: .varchar),
            PlanColumn(name: "kind", type: .varchar), PlanColumn(name: "parent", type: .varchar),
            PlanColumn(name: "status", type: .varchar),
            PlanColumn(name: "started_at", type: .timestamp),
            PlanColumn(name: "finished_at", type: .timestamp), PlanColumn(name: "lsn", type: .long),
            PlanColumn(name: "tables", type: .long), PlanColumn(name: "partitions", type: .long),
            PlanColumn(name: "rows", type: .long), PlanColumn(name: "bytes", type: .long),
            PlanColumn(name: "bytes_copied", type: .long),
            PlanColumn(name: "bytes_linked", type: .long),
            PlanColumn(name: "bytes_own", type: .long), PlanColumn(name: "path", type: .varchar),
            PlanColumn(name: "adopted", type: .boolean),
            PlanColumn(name: "last_verified", type: .timestamp),
            PlanColumn(name: "progress", type: .varchar), PlanColumn(name: "error", type: .varchar),
            PlanColumn(name: "comment", type: .varchar),
        ]
    }

    func makeBatch(arguments: [Value]) throws(DatabaseError) -> Batch {
        var destination: String?
        if case .string(let text)? = arguments.first { destination = text }
        return try fixed(destination: destination).makeBatch(arguments: [])
    }

    func fixed(destination: String?) throws(DatabaseError) -> FixedRelation {
        let service = try engine.backupService()
        let rows = try service.list(destination: destination).map { row($0) }
        return FixedRelation(name: name, columns: columns, rows: rows)
    }

    private func row(_ info: BackupInfo) -> [Value] {
        func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
        func number(_ value: Int?) -> Value { value.map { .integer(Int64($0)) } ?? .null }
        func time(_ value: Int64?) -> Value { value.map(Value.timestamp) ?? .null }
        return [
            text(info.id), text(info.name), text(info.kind), text(info.parent),
            text(info.status.rawValue), time(info.startedAt), time(info.finishedAt),
            info.lsn.map { .integer(Int64(clamping: $0)) } ?? .null, number(info.tables),
            number(info.partitions), number(info.rows), number(info.bytes),
            number(info.bytesCopied), number(info.bytesLinked), number(info.bytesOwn),
            text(info.path), .boolean(info.isAdopted),
            time(info.lastVerified), text(info.progress), text(info.error),
            text(info.comment),
        ]
    }
}
