import Backup
import Diagnostics
import Execution
import Planner
import Platform
import SQL

extension Session {
    func backup(_ statement: BackupStatement, completion: @escaping Completion)
        throws(DatabaseError)
    {
        try requireNothingWritten("BACKUP")
        guard let service = engine.backup else { throw .backupUnavailable() }
        let request = try request(statement)
        let sink = NoticeProgress(notices: notices)
        let flag = cancellation
        engine.platform.workers.start("backup") {
            do throws(DatabaseError) {
                let summary = try service.backup(
                    request, progress: sink, isCancelled: { flag.isCancelled })
                sink.notice(summary.sentence)
                completion(.success(.command(CommandResult("BACKUP", backup: summary))))
            } catch {
                completion(.failure(error))
            }
        }
    }

    func request(_ statement: BackupStatement) throws(DatabaseError) -> BackupRequest {
        if statement.partitions != nil {
            throw .unsupported("BACKUP of partitions", at: statement.position)
        }
        if let filter = statement.filter {
            throw .unsupported("BACKUP with WHERE", at: filter.position)
        }
        if statement.isAsynchronous { throw .unsupported("BACKUP ASYNC", at: statement.position) }
        let scope: BackupRequest.Scope
        switch statement.scope {
        case .database: scope = .database
        case .tables(let names):
            scope = .tables(
                names.map { ($0.schema.map { "\($0.text)." } ?? "") + $0.name.text })
        }
        let kind: BackupRequest.Kind
        switch statement.kind {
        case .full: kind = .full
        case .incremental(let from): kind = .incremental(from: from?.text)
        }
        var request = BackupRequest(
            scope: scope, kind: kind, name: statement.name?.text, requestedBy: user)
        switch statement.destination {
        case nil: break
        case .path(let path)?: request.destination = path.text
        case .client(let position)?: throw .unsupported("BACKUP TO CLIENT", at: position)
        }
        for option in statement.options { try apply(option, to: &request) }
        return request
    }

    private func apply(_ option: Option, to request: inout BackupRequest) throws(DatabaseError) {
        switch (option.name.folded, option.value) {
        case ("comment", .text(let text)): request.comment = text
        case ("verify", .boolean(let flag)): request.isVerified = flag
        case ("verify", .none): request.isVerified = true
        case ("link", .boolean(let flag)): request.allowsLinks = flag
        case ("link", .none): request.allowsLinks = true
        case ("rate", _): throw .unsupported("a rate", at: option.valuePosition)
        case ("comment", _), ("verify", _), ("link", _):
            throw .badOption(option.name.text, at: option.valuePosition)
        default: throw .unknownOption(option.name.text, at: option.name.position)
        }
    }

    /// Runs work that blocks away from the caller's thread.
    private func onWorker(
        _ name: String, completion: @escaping Completion,
        _ body: @escaping @Sendable () throws(DatabaseError) -> CommandResult
    ) {
        engine.platform.workers.start(name) {
            do throws(DatabaseError) {
                completion(.success(.command(try body())))
            } catch {
                completion(.failure(error))
            }
        }
    }

    func verifyBackup(_ statement: VerifyBackup, completion: @escaping Completion)
        throws(DatabaseError)
    {
        guard let service = engine.backup else { throw .backupUnavailable() }
        let flag = cancellation
        let notices = notices
        let mode: VerifyMode
        switch statement.depth {
        case .quick: mode = .quick
        case .checksums: mode = .full
        case .deep: mode = .deep
        }
        onWorker("verify", completion: completion) { () throws(DatabaseError) in
            let report = try service.verify(
                statement.name.text, mode: mode, progress: NoticeProgress(notices: notices),
                isCancelled: { flag.isCancelled })
            notices(
                Notice(
                    .notice, .warning,
                    "backup \"\(report.name)\" is sound: \(report.files) files, "
                        + "\(report.bytes) bytes"
                        + (report.rows.map { ", \($0) rows decoded" } ?? "")))
            return CommandResult("VERIFY BACKUP")
        }
    }

    func dropBackup(_ name: String, completion: @escaping Completion) throws(DatabaseError) {
        try refuseInBlock("DROP BACKUP")
        guard let service = engine.backup else { throw .backupUnavailable() }
        onWorker("drop backup", completion: completion) { () throws(DatabaseError) in
            try service.drop(name)
            return CommandResult("DROP BACKUP")
        }
    }

    func cancelBackup(_ id: String) throws(DatabaseError) -> CommandResult {
        guard let service = engine.backup else { throw .backupUnavailable() }
        guard service.cancel(id) else { throw .noRunningBackup(id) }
        return CommandResult("CANCEL BACKUP")
    }
}

/// Makes notices of a backup's progress.
private struct NoticeProgress: ProgressSink {
    let notices: @Sendable (Notice) -> Void

    func report(_ progress: BackupProgress) {
        // The end is told by the summary.
        if progress.stage == .complete { return }
        var text = "backup \"\(progress.name)\" \(progress.stage.rawValue) \(progress.percent) %"
        if let seconds = progress.secondsLeft {
            text += ", \(seconds) s left"
        }
        notice(text)
    }

    func notice(_ message: String) { notices(Notice(.notice, .warning, message)) }
}

extension DatabaseError {
    fileprivate static func badOption(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "invalid value for option \"\(name)\"", position: position)
    }

    fileprivate static func unknownOption(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "unknown option \"\(name)\"",
            hint: "Known are comment, verify, link and rate.", position: position)
    }

    fileprivate static func noRunningBackup(_ id: String) -> DatabaseError {
        DatabaseError(.undefinedObject, "no running backup has this id \"\(id)\"")
    }
}
