import Backup
import Catalog
import Diagnostics
import Execution
import Planner
import Platform
import SQL
import Storage
import Values

/// BACKUP, VERIFY BACKUP, DROP BACKUP and CANCEL BACKUP: names become a request, and what the service
/// returns becomes tags and notices.
extension Session {
    func backup(_ statement: BackupStatement, completion: @escaping Completion)
        throws(DatabaseError)
    {
        try requireNothingWritten("BACKUP")
        let service = try engine.backupService()
        let request = try request(statement)
        let filter = try rowFilter(statement)
        if statement.isAsynchronous {
            do throws(DatabaseError) {
                let begun = try beginBackup(request, filter, service)
                return completion(.success(.command(begun)))
            } catch {
                throw error.placed(in: statement)
            }
        }
        let sink = NoticeProgress("backup", notices)
        let flag = cancellation
        engine.platform.workers.start("backup") {
            do throws(DatabaseError) {
                let summary = try service.backup(
                    request, filter: filter, progress: sink, isCancelled: { flag.isCancelled })
                sink.notice(summary.sentence)
                completion(.success(.command(CommandResult("BACKUP", backup: summary))))
            } catch {
                completion(.failure(flag.explained(error).placed(in: statement)))
            }
        }
    }

    /// ASYNC: whatever is wrong with the statement is told now, everything later is in backups().
    private func beginBackup(
        _ request: BackupRequest, _ filter: RowFilter?, _ service: BackupService
    ) throws(DatabaseError) -> CommandResult {
        let announced = try service.announce(request, filter: filter)
        let log = engine.platform.log
        engine.platform.workers.start("backup") {
            do throws(DatabaseError) {
                let summary = try service.perform(announced)
                log.log(.advisory, "backup", summary.sentence)
            } catch {
                log.log(.error, "backup", "backup \(announced.id) ended: \(error)")
            }
        }
        notices(
            Notice(
                .notice, .success,
                "backup \(announced.id) has begun: SELECT * FROM backups() tells how it goes, "
                    + "CANCEL BACKUP '\(announced.id)' ends it"))
        return CommandResult("BACKUP", begun: announced.id)
    }

    /// WHERE as what a backup asks for each segment: what deleting the other rows would leave.
    func rowFilter(_ statement: BackupStatement) throws(DatabaseError) -> RowFilter? {
        guard let predicate = statement.filter else { return nil }
        guard case .tables(let names) = statement.scope, let name = names.first, names.count == 1
        else { throw .filterNeedsTable(at: predicate.position) }
        // Its own mistakes first, in its own words.
        var own = Binder(relations: view())
        _ = try own.bindDelete(Delete(table: name, filter: predicate))
        var binder = Binder(relations: view())
        let others = Expression(
            .isTruth(predicate, true, negated: true), position: predicate.position)
        let bound = try binder.bindDelete(Delete(table: name, filter: others))
        // What goes on after the statement is not ended with a later one.
        let flag = statement.isAsynchronous ? CancellationFlag() : cancellation
        let context = ExecutionContext(
            tables: view(), cancellation: flag,
            memoryBytes: engine.settings.queryMemoryBytes)
        let columns = Array(bound.table.columns.indices)
        return RowFilter(resolving: { runs throws(DatabaseError) in
            // Of two versions of a key the older could pass where the newer one does not.
            let sources = try VisibleRows.resolve(
                runs.map { PinnedRows(run: $0) }, of: bound.table, flag)
            return { number throws(DatabaseError) in
                let source = sources[number]
                switch try RowModifier(bound, context).modify(source) {
                case .changed(_, let rest, _): return .some(rest)
                case .untouched where source.rowCount == runs[number].rowCount: return .all
                case .untouched:
                    return .some(try source.batch(columns: columns, rows: 0..<source.rowCount))
                }
            }
        })
    }

    func request(_ statement: BackupStatement) throws(DatabaseError) -> BackupRequest {
        let scope: BackupRequest.Scope
        switch statement.scope {
        case .database: scope = .database
        case .tables(let names):
            scope = .tables(
                names.map {
                    BackupRequest.Table(schema: $0.schema?.text, name: $0.name.text)
                })
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
        case .client(let position)?: throw .notSupported("BACKUP TO STDOUT", at: position)
        }
        switch statement.partitions {
        case nil: break
        case .list(let names)?: request.partitions = .list(names.map(\.text))
        case .like(let pattern)?: request.partitions = .like(pattern.text)
        }
        request.filterText = statement.filter.map { Printer.text($0) }
        switch statement.parallelism {
        case .usual: break
        case .automatic: request.workers = nil
        case .workers(let count): request.workers = count
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
        case ("rate", .text(let text)):
            guard let bytes = SettingValue.size(text), bytes > 0 else {
                throw .badOption(option)
            }
            request.bytesPerSecond = bytes
        case ("rate", .number(let text)):
            guard let bytes = Int(text), bytes > 0 else {
                throw .badOption(option)
            }
            request.bytesPerSecond = bytes
        case ("compress", _), ("key_file", _):
            throw .notSupported("BACKUP with \(option.name.folded)", at: option.name.position)
        case ("comment", _), ("verify", _), ("link", _), ("rate", _):
            throw .badOption(option)
        default:
            throw .unknownOption(
                option.name.text, known: "comment, verify, link and rate",
                at: option.name.position)
        }
    }

    /// Runs work that blocks on a thread of its own; its errors point to the backup's name.
    private func onThread(
        _ name: String, about backup: TextLiteral, completion: @escaping Completion,
        _ body: @escaping @Sendable () throws(DatabaseError) -> CommandResult
    ) {
        let completion: Completion = { result in
            completion(result.mapError { $0.at(backup.position) })
        }
        onThread(name, completion: completion) { () throws(DatabaseError) in
            completion(.success(.command(try body())))
        }
    }

    func verifyBackup(_ statement: VerifyBackup, completion: @escaping Completion)
        throws(DatabaseError)
    {
        let service = try engine.backupService()
        let flag = cancellation
        let notices = notices
        let user = user
        let mode: VerifyMode
        switch statement.depth {
        case .quick: mode = .quick
        case .checksums: mode = .full
        case .deep: mode = .deep
        }
        onThread("verify", about: statement.name, completion: completion) {
            () throws(DatabaseError) in
            let report = try service.verify(
                statement.name.text, mode: mode, requestedBy: user,
                progress: NoticeProgress("verification of", notices),
                isCancelled: { flag.isCancelled })
            notices(
                Notice(
                    .notice, .success,
                    "backup \"\(report.name)\" is sound: \(report.files) files, "
                        + "\(report.bytes) bytes"
                        + (report.rows.map { ", \($0) rows decoded" } ?? "")))
            return CommandResult("VERIFY BACKUP")
        }
    }

    func dropBackup(_ name: TextLiteral, completion: @escaping Completion) throws(DatabaseError) {
        try requireNothingWritten("DROP BACKUP")
        let service = try engine.backupService()
        onThread("drop backup", about: name, completion: completion) {
            () throws(DatabaseError) in
            try service.drop(name.text)
            return CommandResult("DROP BACKUP")
        }
    }

    func cancelBackup(_ id: String) throws(DatabaseError) -> CommandResult {
        let service = try engine.backupService()
        guard service.cancel(id) else { throw .noRunningBackup(id) }
        return CommandResult("CANCEL BACKUP")
    }
}

/// The rows of a segment that a backup holds pinned.
private struct PinnedRows: RowSource {
    let run: Run

    var rowCount: Int { run.rowCount }
    var minTimestamp: Int64? { run.minTimestamp }
    var maxTimestamp: Int64? { run.maxTimestamp }
    var isSorted: Bool { run.isSorted }
    var hasUniqueKeys: Bool { true }

    func batch(columns: [Int], rows: Range<Int>) throws(DatabaseError) -> Batch {
        try run.batch(columns: columns, rows: rows)
    }

    func candidates(_ filter: BlockFilter) throws(DatabaseError) -> [Range<Int>] {
        try run.pruned(by: filter).rows
    }
}

extension Option.Value {
    /// The value behind what a message says of it; nothing when none was written.
    var shown: String {
        switch self {
        case .text(let text): " '\(text.prefix(64))'"
        case .number(let text), .word(let text): " \(text.prefix(64))"
        case .boolean(let flag): " \(flag)"
        case .none: ""
        }
    }
}

extension DatabaseError {
    /// Points to the word of the statement that is wrong, when it is one.
    func placed(in statement: BackupStatement) -> DatabaseError {
        switch state {
        case .undefinedTable:
            guard case .tables(let names) = statement.scope else { return self }
            let name = names.first { name in
                let schema = name.schema.map { "\($0.text)." } ?? ""
                return message.hasSuffix("[table=\(schema)\(name.name.text)]")
            }
            return name.map { at($0.name.position) } ?? self
        case .duplicateObject, .invalidName: return statement.name.map { at($0.position) } ?? self
        case .insufficientPrivilege:
            if case .incremental(let from?) = statement.kind, message.contains(from.text) {
                return at(from.position)
            }
            guard case .path(let path)? = statement.destination else { return self }
            return at(path.position)
        case .missingFile:
            guard case .incremental(let from?) = statement.kind else { return self }
            return at(from.position)
        default: return self
        }
    }
}
