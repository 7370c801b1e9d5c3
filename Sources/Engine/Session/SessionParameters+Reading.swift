import Diagnostics

/// Which values of parameters are honoured. Nothing is accepted and ignored: a client that is told "SET"
/// relies on it.
extension SessionParameters {
    /// What becomes of a value that a client asks for.
    enum Reading {
        /// It holds from now on.
        case taken(String)
        /// It means something that is not done here; the old value stays.
        case kept(why: String)
    }

    /// - Throws: 22023 for what PostgreSQL would refuse too.
    static func read(_ key: String, _ value: String) throws(DatabaseError) -> Reading {
        let word = value.lowercased()
        switch key {
        case "client_encoding": return .taken("UTF8")
        case "timezone":
            return isUTC(word) ? .taken(value) : .kept(why: "times are shown in UTC")
        case "datestyle": return try dateStyle(value)
        case "intervalstyle":
            return try choose(
                key, word, ["postgres"], others: ["postgres_verbose", "sql_standard", "iso_8601"],
                "intervals are shown as \"1 day 02:03:04\"")
        case "bytea_output":
            return try choose(
                key, word, ["hex"], others: ["escape"], "bytes are shown as hexadecimal digits")
        case "standard_conforming_strings":
            return try onOnly(key, word, "a backslash in '…' is a backslash")
        case "extra_float_digits":
            guard let digits = Int(value), (-15...3).contains(digits) else {
                throw .badSetting(key, value, hint: "Known are -15 to 3.")
            }
            return digits > 0
                ? .taken(value)
                : .kept(why: "floating-point numbers are shown with all the digits they need")
        case "synchronous_commit":
            return try choose(
                key, word, ["on", "local", "true", "yes", "1"],
                others: ["off", "remote_write", "remote_apply", "false", "no", "0"],
                "the server's settings say when a commit is durable")
        case "idle_in_transaction_session_timeout":
            guard let limit = milliseconds(value) else {
                throw .badSetting(key, value, hint: "0 is for ever.")
            }
            return limit == 0 ? .taken(value) : .kept(why: "no idle transaction is ended")
        case "work_mem": return .kept(why: "what a query may gather is set for the whole server")
        default: return try readRest(key, word, value)
        }
    }

    /// Parameters of things that are not here: there is nothing that they could change.
    private static func readRest(_ key: String, _ word: String, _ value: String)
        throws(DatabaseError) -> Reading
    {
        switch key {
        case "client_min_messages":
            guard Notice.Severity.least(word) != nil else {
                throw .badSetting(key, value, hint: "Known are debug, notice, warning and error.")
            }
            return .taken(word)
        case "default_table_access_method":
            return try choose(key, word, ["heap"], others: [word], "there is one kind of table")
        case "xmloption": return try choose(key, word, ["content", "document"], others: [], "")
        case "backslash_quote":
            return try choose(
                key, word, ["on", "safe_encoding", "true", "yes", "1"],
                others: ["off", "false", "no", "0"], "\\' is a quote in E'…'")
        case "escape_string_warning", "row_security", "jit":
            guard boolean(word) != nil else {
                throw .badSetting(key, value, hint: "Known are on and off.")
            }
            return .taken(value)
        default: return .taken(value)
        }
    }

    private static func choose(
        _ key: String, _ word: String, _ known: [String], others: [String], _ why: String
    ) throws(DatabaseError) -> Reading {
        if known.contains(word) { return .taken(word) }
        if others.contains(word) { return .kept(why: why) }
        throw .badSetting(
            key, word, hint: "Known are \(known.joined(separator: ", ")).")
    }

    private static func onOnly(_ key: String, _ word: String, _ why: String)
        throws(DatabaseError) -> Reading
    {
        guard let isOn = boolean(word) else {
            throw .badSetting(key, word, hint: "Known is on.")
        }
        return isOn ? .taken("on") : .kept(why: why)
    }

    /// `ISO`, `DMY` or both. The order of day and month is taken: nothing is read by it, as dates in
    /// which it would matter are refused.
    private static func dateStyle(_ value: String) throws(DatabaseError) -> Reading {
        var order = "MDY"
        for part in value.split(whereSeparator: { $0 == "," || $0 == " " }) {
            switch part.lowercased() {
            case "iso", "default": continue
            case "mdy", "us", "noneuro", "noneuropean": order = "MDY"
            case "dmy", "euro", "european": order = "DMY"
            case "ymd": order = "YMD"
            case "postgres", "sql", "german":
                return .kept(why: "times are shown as ISO 8601 has them")
            default: throw .badSetting("datestyle", value, hint: "Known is ISO.")
            }
        }
        return .taken("ISO, \(order)")
    }

    /// The names and offsets of the one zone that is spoken.
    private static func isUTC(_ word: String) -> Bool {
        let zones: Set<String> = [
            "utc", "gmt", "uct", "z", "zulu", "universal", "greenwich", "gmt0", "utc0", "etc/utc",
            "etc/gmt", "etc/uct", "etc/zulu", "etc/universal", "etc/greenwich", "etc/gmt0",
            "default",
        ]
        if zones.contains(word) { return true }
        let digits = word.filter { $0 != "+" && $0 != "-" && $0 != ":" && $0 != "." }
        return !digits.isEmpty && digits.allSatisfy { $0 == "0" }
    }
}

extension Notice.Severity {
    /// The least severity that a client wants by `client_min_messages`; nil for no such word. Errors
    /// always come.
    static func least(_ word: String) -> [Notice.Severity]? {
        switch word {
        case "debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "info", "notice":
            [.notice, .warning]
        case "warning": [.warning]
        case "error": []
        default: nil
        }
    }
}
