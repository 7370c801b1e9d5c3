/// What a setting's text must be.
package enum SettingKind: Sendable, Equatable {
    case boolean
    case integer(ClosedRange<Int>)
    /// Bytes, as `4096`, `16k`, `64m`, `1G`.
    case size(ClosedRange<Int>)
    /// A time as `500ms`, `30s`, `5m`, `2h`, `1d`; a bare number is milliseconds.
    case duration
    case text
    /// Text that is never shown; it may be read from a file.
    case secret
    /// `host:port`, `[v6]:port`.
    case address
    case choice([String])
    /// Texts with commas between them.
    case list

    /// What a message says the value must be.
    var expectation: String {
        switch self {
        case .boolean: "must be true or false"
        case .integer(let range):
            "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .size(let range):
            "must be a size such as 64m, from \(range.lowerBound) to \(range.upperBound) bytes"
        case .duration: "must be a time such as 500ms, 30s or 5m"
        case .text, .secret, .list: "must be text"
        case .address: "must be an address such as 127.0.0.1:9000"
        case .choice(let names): "must be one of \(names.joined(separator: ", "))"
        }
    }
}

/// A setting's value, parsed.
package enum SettingValue: Sendable, Equatable {
    case boolean(Bool)
    /// Also sizes in bytes and durations in milliseconds.
    case integer(Int)
    case text(String)
    case address(NetworkAddress)
    case list([String])
}

/// Where to listen.
package struct NetworkAddress: Sendable, Equatable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`; a v6 host stands in brackets.
    package init?(_ text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        var host = text[..<colon]
        let digits = text[text.utf8.index(after: colon)...]
        guard let port = UInt16(digits) else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.utf8.contains(UInt8(ascii: ":")) {
            return nil
        }
        guard !host.isEmpty, !host.utf8.contains(where: { $0 <= 0x20 }) else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    package var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}

/// One row of the table of settings.
package struct SettingKey: Sendable, Equatable {
    package let name: String
    package let kind: SettingKind
    /// The default as it would stand in the file.
    package let defaultText: String
    /// Whether SIGHUP takes a new value without a restart.
    package let isReloadable: Bool
    package let section: SettingSection
    /// One sentence for server.conf, SHOW PARAMETERS and the documentation.
    package let summary: String
    /// Other names it is accepted under.
    package let aliases: [String]

    init(
        _ name: String, _ kind: SettingKind, _ defaultText: String, _ section: SettingSection,
        reloadable: Bool = false, aliases: [String] = [], _ summary: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultText = defaultText
        isReloadable = reloadable
        self.section = section
        self.summary = summary
        self.aliases = aliases
    }

    package var isSecret: Bool { kind == .secret }

    /// The environment variable that beats the file; `BASALT_…` beats it in turn.
    package var environmentName: String { "QDB_" + Self.environmentForm(name) }

    static func environmentForm(_ name: String) -> String {
        String(
            decoding: name.utf8.map { byte -> UInt8 in
                switch byte {
                case UInt8(ascii: "."), UInt8(ascii: "-"): UInt8(ascii: "_")
                case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
                default: byte
                }
            }, as: UTF8.self)
    }
}

/// The parts of server.conf.
package enum SettingSection: String, Sendable, CaseIterable {
    case general = "General"
    case http = "HTTP"
    case postgres = "PostgreSQL wire"
    case line = "Line protocol"
    case tls = "TLS"
    case storage = "Storage"
    case backup = "Backup and snapshot"
    case query = "Queries and memory"
    case log = "Log"
}
