import Backup
import Diagnostics
import Platform
import Storage

/// `basalt backup …`: works on backups while no server runs, or beside one that does not have the
/// root open. `create` and `restore` open the root exclusively.
struct BackupCommand {
    let options: BackupOptions
    let root: RootDirectory
    let environment: [String: String]
    let workingDirectory: String

    func run() -> ExitCode {
        let platform = Platform.linux(
            log: ErrorLog(), workerThreads: Machine.coreCount)
        do throws(DatabaseError) {
            try perform(platform)
            return .done
        } catch {
            Process.printError("basalt: \(error)")
            return ExitCode(error)
        }
    }

    private func perform(_ platform: Platform) throws(DatabaseError) {
        let configuration = try configuration(platform.files)
        let settings = backupSettings(configuration)
        switch options.act {
        case .list: try list(platform, configuration)
        case .verify(let mode): try verify(mode, closed(platform, settings))
        case .inspect: try inspect(closed(platform, settings))
        case .drop:
            try closed(platform, settings).drop(name)
            print("dropped \(name.inOneLine)")
        case .create(let request):
            let database = Path.join(root.path, "db", "_database")
            guard try platform.files.info(database) != nil else { throw .noDatabase(root.path) }
            try withStorage(platform, settings) { storage, service throws(DatabaseError) in
                let summary = try service.backup(request, progress: TerminalProgress("backup"))
                TerminalProgress.clear()
                print(summary.sentence.inOneLine)
            }
        case .restore(var request, let isDryRun):
            request.source = name
            try withStorage(platform, settings) { storage, service throws(DatabaseError) in
                try restore(request, isDryRun: isDryRun, storage, service)
            }
        }
    }

    /// Who names a backup by its path and reads it needs no root: the file may be in the home of
    /// somebody else.
    private func configuration(_ files: any FileSystem) throws(DatabaseError) -> Configuration {
        do throws(DatabaseError) {
            return try Configuration.load(
                path: root.configurationFile, files: files, environment: environment)
        } catch {
            guard options.act.isReading, name.hasPrefix("/"),
                error.cause?.errorNumber == ErrorNumber.accessDenied
            else { throw error }
            return Configuration()
        }
    }

    // MARK: - Where

    /// A name without a slash is looked for in the backup root; any other is a path, and who may
    /// run this command may read it anyway.
    private var name: String {
        guard let given = options.name else { return "" }
        guard given.utf8.contains(UInt8(ascii: "/")) || given == "." || given == ".." else {
            return given
        }
        return RootDirectory.absolute(given, workingDirectory: workingDirectory)
    }

    private func backupSettings(_ configuration: Configuration) -> BackupSettings {
        var allowed: [String] = []
        if name.hasPrefix("/") { allowed += [Path.directory(of: name), name] }
        if case .create(let request) = options.act, let target = request.destination {
            allowed.append(target)
        }
        return BackupSettings(configuration, root: root.path, alsoAllowed: allowed)
    }

    /// The directory whose backups are listed, nil for the backup root. A name without a slash is
    /// looked for in the backup root, then in the working directory.
    ///
    /// - Throws: 58P01 for what is not there: "no backups" would be the wrong answer.
    private func listedPlace(_ files: any FileSystem, _ configuration: Configuration)
        throws(DatabaseError) -> String?
    {
        guard let given = options.name else {
            let settings = BackupSettings(configuration, root: root.path)
            let places = [Path.join(root.path, "db"), try settings.absoluteBackupRoot()]
            for case let place? in places where try isDirectory(place, files) { return nil }
            throw .noDatabase(root.path)
        }
        var places = [RootDirectory.absolute(given, workingDirectory: workingDirectory)]
        if !name.hasPrefix("/"),
            let backups = try BackupSettings(configuration, root: root.path).absoluteBackupRoot()
        {
            places.insert(Path.join(backups, given), at: 0)
        }
        for place in places where try isDirectory(place, files) { return place }
        throw .notADirectory(places)
    }

    private func isDirectory(_ path: String, _ files: any FileSystem) throws(DatabaseError) -> Bool
    {
        // The dot follows a link.
        try files.info(Path.join(path, "."))?.kind == .directory
    }

    /// The service for what touches no open database.
    private func closed(_ platform: Platform, _ settings: BackupSettings) -> BackupService {
        BackupService(
            source: BackupSource(
                database: "", tableNames: { [] },
                pin: { _, _ throws(DatabaseError) in throw .backupUnavailableOffline() }),
            platform: platform, settings: settings)
    }

    /// Opens the root as a server does, for a root that is not there yet too.
    private func withStorage(
        _ platform: Platform, _ settings: BackupSettings,
        _ body: (Storage, BackupService) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        try root.create(platform.files, rewritesPublic: false)
        if try BackupService.isBackup(root: root.path, platform: platform) {
            throw .rootIsBackup(root.path)
        }
        let storage = try Storage.open(root: root.path, platform: platform)
        let service = BackupService(storage: storage, platform: platform, settings: settings)
        do throws(DatabaseError) {
            try body(storage, service)
        } catch {
            TerminalProgress.clear()
            // The first failure is the one to tell; the log holds whatever was committed.
            do throws(DatabaseError) { try storage.close() } catch _ {}
            throw error
        }
        try storage.close()
    }

    // MARK: - What

    private func list(_ platform: Platform, _ configuration: Configuration) throws(DatabaseError) {
        let place = try listedPlace(platform.files, configuration)
        let allowed = place.map { [Path.directory(of: $0), $0] } ?? []
        let service = closed(
            platform, BackupSettings(configuration, root: root.path, alsoAllowed: allowed))
        let rows = try service.list(destination: place).map { info in
            [
                info.name, info.status.rawValue, info.kind, MomentText.of(info.finishedAt),
                number(info.tables), number(info.rows), number(info.bytes), number(info.bytesOwn),
                info.isAdopted ? "adopted" : MomentText.of(info.lastVerified),
                info.error ?? info.comment ?? "",
            ]
        }
        let header = [
            "name", "status", "kind", "finished", "tables", "rows", "bytes", "own bytes",
            "verified", "comment",
        ]
        TextTable.print(header, rows)
    }

    private func verify(_ mode: VerifyMode, _ service: BackupService) throws(DatabaseError) {
        do throws(DatabaseError) {
            let report = try service.verify(name, mode: mode, progress: TerminalProgress("verify"))
            TerminalProgress.clear()
            let decoded = report.rows.map { ", \($0) rows decoded" } ?? ""
            print(
                "\(report.name.inOneLine) is sound: \(report.files) files, \(report.bytes) bytes"
                    + decoded)
        } catch {
            TerminalProgress.clear()
            throw error
        }
    }

    private func inspect(_ service: BackupService) throws(DatabaseError) {
        let (path, manifest) = try service.manifest(of: name)
        print("backup \(manifest.name) at \(path)".inOneLine)
        print("id \(manifest.id), database \(manifest.database), timeline \(manifest.timeline)")
        print(
            "\(manifest.isIncremental ? "incremental" : "full"), "
                + (manifest.isWholeDatabase ? "the whole database" : "some tables")
                + (manifest.parent.map { ", parent \($0)".inOneLine } ?? ""))
        print(
            "LSN \(manifest.lsn), finished \(MomentText.of(manifest.finishedAt)), "
                + "\(manifest.software), asked for by \"\(manifest.requestedBy.inOneLine)\"")
        if let comment = manifest.comment { print("comment \(comment)".inOneLine) }
        print(
            "\(manifest.files.count) files, \(manifest.bytes) bytes, \(manifest.bytesCopied) "
                + "copied, \(manifest.bytesLinked) linked")
        TextTable.print(
            ["table", "partitions", "rows", "bytes", "first", "last", "directory"],
            manifest.tables.map { table in
                [
                    "\(table.schema).\(table.name)", number(table.partitions), number(table.rows),
                    number(table.bytes), MomentText.of(table.minTimestamp),
                    MomentText.of(table.maxTimestamp), "db/\(table.directory)",
                ]
            })
    }

    private func restore(
        _ request: RestoreRequest, isDryRun: Bool, _ storage: Storage, _ service: BackupService
    ) throws(DatabaseError) {
        if isDryRun {
            let steps = try service.explainRestore(request, into: storage)
            TextTable.print(
                [
                    "object", "action", "files", "rows", "to copy", "to link", "to replace",
                    "rows lost", "conflict",
                ],
                steps.map { step in
                    [
                        step.object, step.action.rawValue, number(step.files), number(step.rows),
                        number(step.bytesToCopy), number(step.bytesToLink),
                        number(step.bytesToReplace), number(step.rowsLost), step.conflict ?? "",
                    ]
                })
            return
        }
        let summary = try service.restore(
            request, into: storage, progress: TerminalProgress("restore"))
        TerminalProgress.clear()
        print(summary.sentence.inOneLine)
    }

    private func number(_ value: Int?) -> String { value.map { String($0) } ?? "" }
}

extension DatabaseError {
    fileprivate static func backupUnavailableOffline() -> DatabaseError {
        DatabaseError(.notInPrerequisiteState, "no database is open")
    }

    fileprivate static func noDatabase(_ root: String) -> DatabaseError {
        DatabaseError(
            .missingFile, "there is no database in \"\(root)\"",
            hint: "Name its root with -d or BASALT_ROOT.")
    }

    fileprivate static func notADirectory(_ places: [String]) -> DatabaseError {
        DatabaseError(
            .missingFile,
            "directory does not exist \(places.map { "\"\($0)\"" }.joined(separator: ", "))",
            hint: "Name the root with -d, or a directory in which backups lie.")
    }

    fileprivate static func rootIsBackup(_ path: String) -> DatabaseError {
        DatabaseError(
            .notInPrerequisiteState, "root is a backup, which is not written to \"\(path)\"",
            hint: "Name the root of a database with -d, or start a server on this one to adopt it.")
    }
}
