import Diagnostics
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
        try requireNothingWritten("\(kind.statement)")
        let engine = engine
        let notices = notices
        engine.platform.workers.start(kind.rawValue) {
            do throws(DatabaseError) {
                let prepared = try engine.storage.prepareSnapshot(
                    kind, preparedAt: engine.platform.clock.now())
                notices(
                    Notice(
                        .notice, .success,
                        "\(kind.rawValue) of LSN \(prepared.lsn) is prepared: copy the root, then "
                            + "run \(kind.ending); until then no file is removed"))
                completion(.success(.command(CommandResult(kind.statement))))
            } catch {
                completion(.failure(error))
            }
        }
    }

    private func complete(_ kind: PreparedKind, completion: @escaping Completion)
        throws(DatabaseError)
    {
        try requireNothingWritten("\(kind.statement)")
        let engine = engine
        let notices = notices
        engine.platform.workers.start(kind.rawValue) {
            do throws(DatabaseError) {
                if try !engine.storage.completeSnapshot(kind) {
                    notices(
                        Notice(.notice, .success, "no \(kind.rawValue) is prepared, nothing to do"))
                }
                completion(.success(.command(CommandResult(kind.statement))))
            } catch {
                completion(.failure(error))
            }
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
