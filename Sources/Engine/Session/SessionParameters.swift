import Diagnostics
import SQL

/// The settings a client may read with SHOW and mostly set with SET.
struct SessionParameters {
    private var values: [String: String]
    /// How long a statement waits for a table's lock; zero is for ever.
    private(set) var lockTimeoutMilliseconds = Limits.lockTimeoutMilliseconds
    /// How long a statement may run as the client has said; zero is for ever, nil when it has not.
    private(set) var statementTimeoutMilliseconds: Int?
    private let defaults: [String: String]
    /// What comes back with COMMIT: the parameters that SET LOCAL has set, as they were before or as
    /// SET has set them since.
    private var outer: [String: Outer] = [:]
    /// What comes back with ROLLBACK: all that the transaction has set, as it was before.
    private var undo: [String: Outer] = [:]
    /// What a client is still to be told that came back.
    private var untold: [(name: String, value: String)] = []

    private struct Outer {
        let value: String?
        let statementTimeout: Int?
    }

    private static let fixed: Set<String> = [
        "server_version", "server_version_num", "server_encoding", "integer_datetimes",
        "is_superuser", "session_authorization", "max_identifier_length",
        "in_hot_standby",
    ]
    /// Those that a client is told of when they change, in PostgreSQL's spelling.
    private static let reported: [String: String] = [
        "application_name": "application_name", "client_encoding": "client_encoding",
        "datestyle": "DateStyle", "timezone": "TimeZone", "intervalstyle": "IntervalStyle",
        "standard_conforming_strings": "standard_conforming_strings", "search_path": "search_path",
    ]

    init(version: String, user: String) {
        defaults = [
            "server_version": version, "server_version_num": "160003", "server_encoding": "UTF8",
            "client_encoding": "UTF8", "application_name": "", "datestyle": "ISO, MDY",
            "timezone": "UTC", "intervalstyle": "postgres", "integer_datetimes": "on",
            "standard_conforming_strings": "on", "search_path": "\"$user\", public",
            "transaction_isolation": "read committed", "extra_float_digits": "1",
            "default_transaction_isolation": "read committed", "bytea_output": "hex",
            "default_transaction_read_only": "off", "transaction_read_only": "off",
            "statement_timeout": "0", "lock_timeout": "10s", "is_superuser": "on",
            "session_authorization": user, "client_min_messages": "notice",
            "idle_in_transaction_session_timeout": "0", "max_identifier_length": "255",
            "in_hot_standby": "off", "row_security": "on", "xmloption": "content",
            "synchronous_commit": "on", "default_table_access_method": "heap", "jit": "off",
            "escape_string_warning": "on", "backslash_quote": "safe_encoding",
            "transaction_deferrable": "off", "work_mem": "4MB",
        ]
        values = defaults
    }

    subscript(name: String) -> String? { values[name.lowercased()] }

    var all: [(String, String)] { values.sorted { $0.key < $1.key } }

    /// How long a value holds that is set.
    enum Lasting {
        /// Until another is set: there is no transaction.
        case session
        /// The same, unless the transaction under way is undone.
        case committed
        /// To the end of the transaction.
        case local
    }

    /// What setting a parameter has come to.
    struct Change {
        /// The name and value a client must be told, if any.
        var reported: (name: String, value: String)?
        /// Why the parameter is not as was asked for.
        var warning: String?
    }

    /// Sets a parameter; nil is its default. Names with a point are the client's own. A value that is
    /// not honoured is not taken: what SHOW gives is what holds.
    @discardableResult
    mutating func set(_ name: String, to value: String?, _ lasting: Lasting)
        throws(DatabaseError) -> Change
    {
        let key = name.lowercased()
        guard defaults[key] != nil || key.contains(".") else { throw .unknownParameter(name) }
        if Self.fixed.contains(key) { throw .readOnlyParameter(name) }
        if key == "client_encoding", let value, !Self.isUTF8(value) {
            throw .badSetting(key, value, hint: "Only UTF8 is spoken here.")
        }
        if let value { try check(key, value) }
        var change = Change()
        let before = Outer(value: values[key], statementTimeout: statementTimeoutMilliseconds)
        switch try value.map({ value throws(DatabaseError) in try Self.read(key, value) }) {
        case nil: values[key] = defaults[key]
        case .taken(let value)?: values[key] = value
        case .kept(let why)?:
            change.warning =
                "\(name) stays \"\(values[key] ?? "")\", \"\((value ?? "").prefix(64))\" is not "
                + "supported: \(why)"
        }
        if key == "statement_timeout" {
            statementTimeoutMilliseconds = Self.milliseconds(value)
        }
        if key == "lock_timeout" { lockTimeoutMilliseconds = Self.milliseconds(values[key]) ?? 0 }
        if change.warning == nil { note(before, of: key, lasting) }
        change.reported = reported(key)
        return change
    }

    private func reported(_ key: String) -> (name: String, value: String)? {
        Self.reported[key].map { ($0, values[key] ?? "") }
    }

    // MARK: - In transactions

    private mutating func note(_ before: Outer, of key: String, _ lasting: Lasting) {
        switch lasting {
        // What is set for the session is what comes back, too.
        case .session: outer[key] = nil
        case .committed:
            undo[key] = undo[key] ?? before
            outer[key] = nil
        case .local:
            undo[key] = undo[key] ?? before
            outer[key] = outer[key] ?? before
        }
    }

    /// Undoes what SET LOCAL has set, and everything when the transaction is undone.
    mutating func endTransaction(isCommitted: Bool) {
        let back = isCommitted ? outer : undo
        for (key, before) in back.sorted(by: { $0.key < $1.key }) { bringBack(key, before) }
        outer = [:]
        undo = [:]
    }

    /// Undoes what was set since a savepoint.
    ///
    /// - Parameter saved: the parameters as they were then.
    mutating func goBack(to saved: SessionParameters) {
        for key in undo.keys.sorted() {
            let then = Outer(
                value: saved.values[key], statementTimeout: saved.statementTimeoutMilliseconds)
            bringBack(key, then)
        }
        outer = saved.outer
        undo = saved.undo
    }

    private mutating func bringBack(_ key: String, _ before: Outer) {
        if key == "statement_timeout" { statementTimeoutMilliseconds = before.statementTimeout }
        if values[key] == before.value { return }
        values[key] = before.value
        if key == "lock_timeout" { lockTimeoutMilliseconds = Self.milliseconds(values[key]) ?? 0 }
        if let change = reported(key) {
            untold.removeAll { $0.name == change.name }
            untold.append(change)
        }
    }

    /// What a client is to be told of parameters that came back.
    mutating func takeReports() -> [(name: String, value: String)] {
        defer { untold = [] }
        return untold
    }

    private static func isUTF8(_ value: String) -> Bool {
        let folded = value.lowercased().filter { $0 != "-" && $0 != "'" && $0 != "_" }
        return folded == "utf8" || folded == "unicode" || folded == "default"
            || folded == "sqlascii"
    }

    /// Refuses values that would be misunderstood later.
    private func check(_ key: String, _ value: String) throws(DatabaseError) {
        switch key {
        case "lock_timeout", "statement_timeout":
            guard Self.milliseconds(value) != nil else {
                throw .badSetting(
                    key, value, hint: "Milliseconds, or a number with us, ms, s, min, h or d.")
            }
        case "default_transaction_isolation":
            guard TransactionModes.Isolation(rawValue: value.uppercased()) != nil else {
                throw .badSetting(
                    key, value,
                    hint: "Known are read uncommitted, read committed, repeatable read and "
                        + "serializable.")
            }
        case "default_transaction_read_only":
            guard Self.boolean(value) != nil else {
                throw .badSetting(key, value, hint: "Known are on and off.")
            }
        default: break
        }
    }

    /// Gives every parameter its default. Those that a client is told of wait in `takeReports`.
    mutating func reset(_ lasting: Lasting) {
        let changed = values.keys.filter { values[$0] != defaults[$0] || outer[$0] != nil }
        let timed = statementTimeoutMilliseconds == nil ? [] : ["statement_timeout"]
        for key in Set(changed + timed).sorted() {
            let before = Outer(value: values[key], statementTimeout: statementTimeoutMilliseconds)
            note(before, of: key, lasting)
            bringBack(key, Outer(value: defaults[key], statementTimeout: nil))
        }
    }

    /// What a client is told when it connects.
    var initialReport: [(String, String)] {
        let names = [
            "server_version", "server_encoding", "client_encoding", "application_name",
            "is_superuser", "session_authorization", "integer_datetimes",
            "standard_conforming_strings", "in_hot_standby", "search_path",
        ]
        let plain = names.map { ($0, values[$0] ?? "") }
        return plain + [
            ("DateStyle", values["datestyle"] ?? ""), ("TimeZone", values["timezone"] ?? ""),
            ("IntervalStyle", values["intervalstyle"] ?? ""),
        ]
    }
}

extension SessionParameters {
    /// How much transactions see of others when they do not say it themselves.
    var defaultIsolation: TransactionModes.Isolation {
        self["default_transaction_isolation"]
            .flatMap { TransactionModes.Isolation(rawValue: $0.uppercased()) } ?? .readCommitted
    }

    var isReadOnlyByDefault: Bool {
        self["default_transaction_read_only"].flatMap(Self.boolean) ?? false
    }

    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "on", "true", "yes", "1", "t", "y": true
        case "off", "false", "no", "0", "f", "n": false
        default: nil
        }
    }

    /// A length of time as settings write it: `250`, `2s`, `1 min`.
    static func milliseconds(_ text: String?) -> Int? {
        guard let text else { return nil }
        let trimmed = text.filter { $0 != " " }
        let digits = trimmed.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), number <= Int(Int32.max) else { return nil }
        let milliseconds: Int
        switch trimmed.dropFirst(digits.count) {
        case "", "ms": milliseconds = number
        // Rounded up: zero would be for ever.
        case "us": milliseconds = (number + 999) / 1000
        case "s": milliseconds = number * 1000
        case "min": milliseconds = number * 60_000
        case "h": milliseconds = number * 3_600_000
        case "d": milliseconds = number * 86_400_000
        default: return nil
        }
        return milliseconds <= Int(Int32.max) ? milliseconds : nil
    }
}
