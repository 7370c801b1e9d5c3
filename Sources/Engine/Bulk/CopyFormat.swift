import Diagnostics
import Interchange
import Planner
import SQL

/// How the rows of a COPY travel.
enum CopyFormat: Sendable {
    case text(TextDialect)
    case binary

    var isBinary: Bool {
        switch self {
        case .text: false
        case .binary: true
        }
    }

    /// Reads the options of a COPY.
    ///
    /// - Throws: 42601 for an unknown or repeated option, 22023 for a value that makes no sense,
    ///   0A000 for what PostgreSQL has and Basalt does not.
    init(_ options: [Option]) throws(DatabaseError) {
        var found: [String: Option] = [:]
        for option in options {
            let name = option.name.folded
            guard Self.known.contains(name) else {
                if Self.unsupported.contains(name) {
                    throw .notSupported(
                        "COPY option \(name.uppercased())", at: option.name.position)
                }
                throw .unknownCopyOption(option.name.text, at: option.name.position)
            }
            if found.updateValue(option, forKey: name) != nil {
                throw .repeatedCopyOption(at: option.name.position)
            }
        }
        switch try Self.word(found["format"]) ?? "text" {
        case "binary":
            for name in ["delimiter", "null", "header", "quote", "escape"] {
                guard let option = found[name] else { continue }
                throw .copyOptionInBinary(name, at: option.name.position)
            }
            self = .binary
        case "csv": self = .text(try Self.dialect(.csv, found))
        case "text": self = .text(try Self.dialect(.text, found))
        case let other:
            throw .copyFormat(other, at: found["format"]?.valuePosition)
        }
    }

    private static let known: Set<String> = [
        "format", "header", "delimiter", "null", "quote", "escape", "encoding", "freeze",
    ]
    private static let unsupported: Set<String> = [
        "force_quote", "force_not_null", "force_null", "default", "on_error", "log_verbosity",
        "reject_limit",
    ]

    private static func dialect(
        _ format: TextDialect.Format, _ found: [String: Option]
    ) throws(DatabaseError) -> TextDialect {
        if let encoding = try word(found["encoding"]), !["utf8", "utf-8"].contains(encoding) {
            throw .notSupported(
                "COPY in another encoding than UTF8", at: found["encoding"]?.valuePosition)
        }
        return try TextDialect(
            format, delimiter: try byte(found["delimiter"]), quote: try byte(found["quote"]),
            escape: try byte(found["escape"]),
            null: try text(found["null"]).map { Array($0.utf8) },
            header: try header(found["header"]))
    }

    private static func text(_ option: Option?) throws(DatabaseError) -> String? {
        guard let option else { return nil }
        switch option.value {
        case .text(let text), .word(let text), .number(let text): return text
        case .boolean(let flag): return flag ? "true" : "false"
        case .none: throw .copyOptionNeedsValue(option.name.text, at: option.name.position)
        }
    }

    private static func word(_ option: Option?) throws(DatabaseError) -> String? {
        try text(option)?.lowercased()
    }

    private static func byte(_ option: Option?) throws(DatabaseError) -> UInt8? {
        guard let option, let text = try text(option) else { return nil }
        guard text.utf8.count == 1, let byte = text.utf8.first else {
            throw .copyOptionNeedsByte(option.name.text, at: option.valuePosition)
        }
        return byte
    }

    private static func header(_ option: Option?) throws(DatabaseError) -> TextDialect.Header {
        guard let option else { return .none }
        if case .none = option.value { return .present }
        switch try word(option) ?? "" {
        case "true", "on", "1": return .present
        case "false", "off", "0": return .none
        case "match": return .matching
        default: throw .copyHeader(at: option.valuePosition)
        }
    }
}
