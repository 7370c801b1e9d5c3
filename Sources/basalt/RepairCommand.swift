import Backup
import Diagnostics
import Platform
import Storage
import Synchronization

/// The options of `basalt repair`.
struct RepairOptions: Equatable {
    var root: String?
    /// The first commit behind the damage, as the refusal to start names it.
    var skipsTo: UInt64?
    /// Whether `_database` is to be made anew.
    var rebuildsIdentity = false

    init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--rebuild-identity" {
                rebuildsIdentity = true
                continue
            }
            guard ["-d", "--wal-skip-to"].contains(option) else {
                throw UsageError(
                    message: "unexpected argument \"\(option)\"; type `basalt help repair`")
            }
            guard let value = rest.popFirst(), !value.isEmpty else {
                throw UsageError(message: "option \(option) needs a value after it")
            }
            if option == "-d" {
                root = value
            } else {
                guard let lsn = UInt64(value), lsn > 0 else {
                    throw UsageError(message: "\"\(value)\" is not the number of a commit")
                }
                skipsTo = lsn
            }
        }
        if rebuildsIdentity, skipsTo != nil {
            throw UsageError(
                message:
                    "options --rebuild-identity and --wal-skip-to are for two runs, in this order"
            )
        }
    }
}

/// Prints what went wrong or was given up, and remembers whether there was anything.
final class RepairLog: LogSink {
    private let spoken = Atomic<Bool>(false)

    var hasSpoken: Bool { spoken.load(ordering: .relaxed) }

    func log(_ level: LogLevel, _ room: String, _ message: @autoclosure () -> String) {
        guard level >= .error else { return }
        spoken.store(true, ordering: .relaxed)
        ErrorLog().log(level, room, message())
    }
}

/// `basalt repair`: says whether a root opens, and gives damaged commits up when told to.
struct RepairCommand {
    let options: RepairOptions
    let root: RootDirectory
    let environment: [String: String]

    func run() throws(DatabaseError) -> ExitCode {
        let log = RepairLog()
        let platform = Platform.linux(log: log)
        guard try Storage.isRoot(root.path, platform: platform) else {
            throw DatabaseError(
                .missingFile, "there is no database in \"\(root.path)\"",
                hint: "Name the root with -d ROOT.")
        }
        if options.rebuildsIdentity {
            let lines = try Storage.rebuildIdentity(
                root: root.path, destinations: destinations(platform), platform: platform)
            for line in lines { print(line) }
            try check(platform)
            return .done
        }
        if let lsn = options.skipsTo {
            try Storage.repairLog(
                root: root.path, skippingTo: LSN(lsn), platform: platform)
            if log.hasSpoken {
                print("repaired \(root.path); what was lost stands above")
                return .done
            }
            print("nothing was to be skipped in the log of \(root.path)")
        }
        try check(platform)
        return .done
    }

    /// Where the settings let backups lie: any of them may know whose root this is.
    private func destinations(_ platform: Platform) throws(DatabaseError) -> [String] {
        let configuration = try Configuration.load(
            path: root.configurationFile, files: platform.files, environment: environment)
        let settings = BackupSettings(configuration, root: root.path)
        let backupRoot = try settings.absoluteBackupRoot()
        return (backupRoot.map { [$0] } ?? []) + settings.allowedPaths
    }

    /// Opens the root read-only, and looks whether every segment is there.
    private func check(_ platform: Platform) throws(DatabaseError) {
        var settings = StorageSettings()
        settings.isReadOnly = true
        let storage = try Storage.open(root: root.path, platform: platform, settings: settings)
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        try report(try damage(storage, snapshot, platform))
        print("sound: \(snapshot.tables.count) tables up to commit \(snapshot.lsn)")
        try storage.close()
    }

    /// Everything that is missing: whoever has lost one file wants to know of all before choosing a
    /// backup.
    private func damage(
        _ storage: Storage, _ snapshot: Snapshot, _ platform: Platform
    ) throws(DatabaseError) -> [DatabaseError] {
        var found = snapshot.damagedTables.sorted { $0.id < $1.id }.map(\.error)
        for table in snapshot.tables {
            for segment in table.segments {
                let path = storage.segmentPath(segment, of: table.definition)
                let size = try platform.files.info(path)?.size
                if size != segment.bytes { found.append(missingSegment(path, table.name, size)) }
            }
        }
        return found
    }

    /// Names each damage, up to a limit, and ends with an error if there is any.
    private func report(_ damage: [DatabaseError]) throws(DatabaseError) {
        guard let first = damage.first else { return }
        if damage.count == 1 { throw first }
        for error in damage.prefix(Limits.damagesTold) {
            Process.printError("basalt: \(error.message)")
        }
        throw DatabaseError(
            .corrupted, "\(damage.count) tables and segments are damaged or missing",
            detail: damage.count > Limits.damagesTold
                ? "The first \(Limits.damagesTold) stand above." : nil,
            hint:
                "RESTORE TABLE … FULL brings each table back from a backup, RESTORE DATABASE … FULL all."
        )
    }

    private func missingSegment(_ path: String, _ table: String, _ size: Int?) -> DatabaseError {
        DatabaseError(
            .corrupted,
            "table \(table) is damaged: a segment is \(size == nil ? "missing" : "of another length") "
                + "\"\(path)\"",
            hint: "RESTORE TABLE … FULL brings it back from a backup.")
    }
}
