import Backup

/// What `basalt backup …` asks for.
struct BackupOptions: Equatable {
    enum Act: Equatable {
        case list
        case create(BackupRequest)
        case verify(VerifyMode)
        case inspect
        /// `isDryRun` shows the plan and changes nothing.
        case restore(RestoreRequest, isDryRun: Bool)
        case drop

        /// Whether it only reads a backup, which needs nothing of a root.
        var isReading: Bool {
            switch self {
            case .list, .verify, .inspect: true
            case .create, .restore, .drop: false
            }
        }
    }

    var act: Act
    var root: String?
    /// The backup's name or path; for `list` a destination.
    var name: String?
}

extension Arguments {
    /// Reads what follows `basalt backup`.
    static func parseBackup(_ arguments: [String]) throws(UsageError) -> Command {
        guard let verb = arguments.first else { return .help(topic: "backup") }
        if arguments.contains("--help") || arguments.contains("-h") {
            return .help(topic: "backup")
        }
        var words = BackupWords(Array(arguments.dropFirst()))
        try words.sort()
        let root = words.take("-d").last
        let options: BackupOptions
        switch verb {
        case "list":
            options = BackupOptions(act: .list, root: root, name: words.takeName())
        case "create":
            options = BackupOptions(act: .create(words.takeBackup()), root: root, name: nil)
        case "verify":
            let isQuick = words.takeFlag("--quick")
            let isDeep = words.takeFlag("--deep")
            if isQuick, isDeep {
                throw UsageError(message: "--quick and --deep exclude each other")
            }
            let mode: VerifyMode = isQuick ? .quick : isDeep ? .deep : .full
            options = BackupOptions(
                act: .verify(mode), root: root, name: try words.takeRequiredName())
        case "inspect":
            options = BackupOptions(act: .inspect, root: root, name: try words.takeRequiredName())
        case "restore":
            let name = try words.takeRequiredName()
            let isDryRun = words.takeFlag("--dry-run")
            options = BackupOptions(
                act: .restore(try words.takeRestore(from: name), isDryRun: isDryRun), root: root,
                name: name)
        case "drop":
            options = BackupOptions(act: .drop, root: root, name: try words.takeRequiredName())
        default:
            throw UsageError(
                message: "unknown command \"backup \(verb)\"; type `basalt help backup`")
        }
        try words.refuseRest()
        return .backup(options)
    }
}

/// The words after the verb, taken one kind after the other; what is left was not understood.
private struct BackupWords {
    private static let withValue: Set<String> = [
        "-d", "--table", "--partition", "--like", "--as", "--into", "--name", "--to", "--from",
        "--comment",
    ]

    private var rest: [String]
    private var values: [String: [String]] = [:]
    private var flags: Set<String> = []
    private var names: [String] = []

    init(_ arguments: [String]) { rest = arguments }

    mutating func sort() throws(UsageError) {
        var index = 0
        while index < rest.count {
            let word = rest[index]
            if Self.withValue.contains(word) {
                guard index + 1 < rest.count, !rest[index + 1].isEmpty else {
                    throw UsageError(message: "option \(word) needs a value after it")
                }
                index += 1
                values[word, default: []].append(rest[index])
            } else if word.hasPrefix("-") {
                flags.insert(word)
            } else {
                names.append(word)
            }
            index += 1
        }
        rest = []
    }

    mutating func take(_ option: String) -> [String] { values.removeValue(forKey: option) ?? [] }

    mutating func takeFlag(_ flag: String) -> Bool { flags.remove(flag) != nil }

    mutating func takeName() -> String? { names.isEmpty ? nil : names.removeFirst() }

    mutating func takeRequiredName() throws(UsageError) -> String {
        guard let name = takeName() else {
            throw UsageError(message: "which backup? Give its name or its path")
        }
        return name
    }

    mutating func takeBackup() -> BackupRequest {
        let tables = take("--table")
        let from = take("--from").last
        let isIncremental = takeFlag("--incremental") || from != nil
        return BackupRequest(
            scope: tables.isEmpty
                ? .database : .tables(tables.map { BackupRequest.Table(name: $0) }),
            kind: isIncremental ? .incremental(from: from) : .full, name: take("--name").last,
            destination: take("--to").last, comment: take("--comment").last,
            isVerified: !takeFlag("--no-verify"), requestedBy: "basalt backup")
    }

    mutating func takeRestore(from name: String) throws(UsageError) -> RestoreRequest {
        let tables = take("--table").map { Self.table($0) }
        var request = RestoreRequest(
            scope: tables.isEmpty ? .database : .tables(tables), source: name)
        let listed = take("--partition")
        let pattern = take("--like").last
        if let pattern { request.partitions = .like(pattern) }
        if !listed.isEmpty { request.partitions = .list(listed) }
        let new = take("--as").last
        let existing = take("--into").last
        let isFull = takeFlag("--full")
        let isIncremental = takeFlag("--incremental")
        let contradictions = [
            (!listed.isEmpty && pattern != nil, "--partition and --like"),
            (new != nil && existing != nil, "--as and --into"),
            (isFull && isIncremental, "--full and --incremental"),
        ]
        if let found = contradictions.first(where: \.0) {
            throw UsageError(message: "\(found.1) exclude each other")
        }
        if let new { request.target = .newTable(Self.table(new)) }
        if let existing { request.target = .existingTable(Self.table(existing)) }
        request.mode = isFull ? .replace : isIncremental ? .differing : .refuse
        request.isLinked = takeFlag("--link")
        request.isVerified = !takeFlag("--no-verify")
        return request
    }

    /// `schema.table`, or a table of `public`.
    private static func table(_ text: String) -> RestoreRequest.Table {
        guard let dot = text.firstIndex(of: ".") else { return RestoreRequest.Table(name: text) }
        return RestoreRequest.Table(
            schema: String(text[..<dot]), name: String(text[text.index(after: dot)...]))
    }

    func refuseRest() throws(UsageError) {
        let left = names + flags.sorted() + values.keys.sorted()
        guard let first = left.first else { return }
        throw UsageError(
            message: "unexpected argument \"\(first)\"; type `basalt help backup` for the options")
    }
}
