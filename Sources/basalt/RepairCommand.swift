import Diagnostics
import Platform
import Storage

/// The options of `basalt repair`.
struct RepairOptions: Equatable {
    var root: String?
    /// The first commit behind the damage, as the refusal to start names it.
    var skipsTo: UInt64?

    init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
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
    }
}

/// `basalt repair`: says whether a root opens, and gives damaged commits up when told to.
struct RepairCommand {
    let options: RepairOptions
    let root: RootDirectory

    func run() throws(DatabaseError) -> ExitCode {
        let platform = Platform.linux(log: ErrorLog())
        guard try Storage.isRoot(root.path, platform: platform) else {
            throw DatabaseError(
                .missingFile, "there is no database in \"\(root.path)\"",
                hint: "Name the root with -d ROOT.")
        }
        if let lsn = options.skipsTo {
            try Storage.repairLog(
                root: root.path, skippingTo: LSN(lsn), platform: platform)
            print("repaired \(root.path); what was lost stands above")
            return .done
        }
        var settings = StorageSettings()
        settings.isReadOnly = true
        let storage = try Storage.open(root: root.path, platform: platform, settings: settings)
        let snapshot = storage.snapshot()
        print("sound: \(snapshot.tables.count) tables up to commit \(snapshot.lsn)")
        snapshot.release()
        try storage.close()
        return .done
    }
}
