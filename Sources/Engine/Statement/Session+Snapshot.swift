import Diagnostics
import Execution
import Platform
import SQL
import Storage

/// SNAPSHOT PREPARE | COMPLETE and CHECKPOINT CREATE | RELEASE: one act under two names.
extension Session {
    func snapshot(_ command: SnapshotCommand, completion: @escaping Completion)
        throws(DatabaseError)
    {
        switch command {
        case .prepare: try prepare(.snapshot, completion: completion)
        case .complete: try complete(.snapshot, completion: completion)
        }
    }

    func checkpoint(_ command: CheckpointCommand, completion: @escaping Completion)
        throws(DatabaseError)
    {
        switch command {
        case .create: try prepare(.checkpoint, completion: completion)
        case .release: try complete(.checkpoint, completion: completion)
        }
    }

    private func prepare(_ kind: PreparedKind, completion: @escaping Completion)
        throws(DatabaseError)
    {
        let cancellation = cancellation
        try act(on: kind, completion: completion) { (engine) throws(DatabaseError) in
            let prepared = try engine.storage.prepareSnapshot(
                kind, preparedAt: engine.platform.clock.now()
            ) { () throws(DatabaseError) in try cancellation.check() }
            return "\(kind.rawValue) of LSN \(prepared.lsn) is prepared: copy the root, then "
                + "run \(kind.ending); until then no file is removed"
        }
    }

    private func complete(_ kind: PreparedKind, completion: @escaping Completion)
        throws(DatabaseError)
    {
        try act(on: kind, completion: completion) { (engine) throws(DatabaseError) in
            try engine.storage.completeSnapshot(kind)
                ? nil : "no \(kind.rawValue) is prepared, nothing to do"
        }
    }

    /// - Parameter act: returns what the client is told besides the tag.
    private func act(
        on kind: PreparedKind, completion: @escaping Completion,
        _ act: @escaping @Sendable (Engine) throws(DatabaseError) -> String?
    ) throws(DatabaseError) {
        try requireNothingWritten(kind.statement)
        let (engine, notices) = (engine, notices)
        onThread(kind.rawValue, completion: completion) { () throws(DatabaseError) in
            if let text = try act(engine) { notices(Notice(.notice, .success, text)) }
            completion(.success(.command(CommandResult(kind.statement))))
        }
    }
}

extension PreparedKind {
    fileprivate var statement: String {
        switch self {
        case .snapshot: "SNAPSHOT"
        case .checkpoint: "CHECKPOINT"
        }
    }
}
