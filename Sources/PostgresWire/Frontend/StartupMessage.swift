import Bytes
package import Diagnostics

/// What a client may send before its messages carry a type byte.
package enum StartupMessage: Sendable, Equatable {
    case encryptionRequest
    case gssEncryptionRequest
    case cancel(CancelKey)
    case startup(StartupParameters)

    /// A major version Basalt does not speak.
    case unsupported(major: Int, minor: Int)

    /// Reads a packet without its length.
    ///
    /// - Throws: 08P01 when malformed, 22021 for text that is not UTF-8.
    package init(_ body: [UInt8]) throws(DatabaseError) {
        var reader = ByteReader(body)
        do throws(DecodeFailure) {
            self = try Self.read(&reader)
            guard reader.isAtEnd else { throw DecodeFailure.truncated(at: 0, needed: 0) }
        } catch {
            switch error {
            case .invalid: throw .textNotUTF8()
            case .truncated: throw .malformedMessage("startup packet of \(body.count + 4) bytes")
            }
        }
    }

    private static func read(_ reader: inout ByteReader) throws(DecodeFailure) -> StartupMessage {
        let major = Int(try reader.bigEndian(UInt16.self))
        let minor = Int(try reader.bigEndian(UInt16.self))
        switch (major, minor) {
        case (1234, 5678):
            let processID = try reader.bigEndian(Int32.self)
            let secret = Array(try reader.read(reader.remaining))
            return .cancel(CancelKey(processID: processID, secret: secret))
        case (1234, 5679): return .encryptionRequest
        case (1234, 5680): return .gssEncryptionRequest
        case (3, _): return .startup(try StartupParameters.read(minor: minor, &reader))
        default:
            try reader.skip(reader.remaining)
            return .unsupported(major: major, minor: minor)
        }
    }
}

/// Names a session to be cancelled, and proves that one may.
package struct CancelKey: Sendable, Hashable {
    package let processID: Int32
    package let secret: [UInt8]

    package init(processID: Int32, secret: [UInt8]) {
        self.processID = processID
        self.secret = secret
    }
}

/// One run-time setting by name.
package struct WireSetting: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The content of a start-up packet.
package struct StartupParameters: Sendable, Equatable {
    package let minorVersion: Int
    package let user: String
    package let database: String
    /// What `options` and all other keys ask to be set, `options` first, in order.
    package let settings: [WireSetting]
    /// `_pq_.` keys, which ask for protocol extensions.
    package let extensions: [String]
    package let wantsReplication: Bool

    static func read(minor: Int, _ reader: inout ByteReader)
        throws(DecodeFailure) -> StartupParameters
    {
        var user = ""
        var database = ""
        var options: [WireSetting] = []
        var settings: [WireSetting] = []
        var extensions: [String] = []
        var wantsReplication = false
        while true {
            let name = try reader.cString(upTo: PostgresLimits.startupPacketBytes)
            if name.isEmpty { break }
            let value = try reader.cString(upTo: PostgresLimits.startupPacketBytes)
            switch name {
            case "user": user = value
            case "database": database = value
            case "options": options = StartupOptions.parse(value)
            case "replication":
                wantsReplication = !["", "false", "off", "no", "0"].contains(value.lowercased())
            case _ where name.hasPrefix("_pq_."): extensions.append(name)
            default: settings.append(WireSetting(name, value))
            }
        }
        return StartupParameters(
            minorVersion: minor, user: user, database: database.isEmpty ? user : database,
            settings: options + settings, extensions: extensions,
            wantsReplication: wantsReplication)
    }
}

/// Reads the `options` of a start-up packet: `-c name=value`, `-cname=value`, `--name=value`.
package enum StartupOptions {
    /// Returns the settings in order; words that are no setting are passed over, as are all
    /// switches a PostgreSQL server would know and Basalt has nothing for.
    package static func parse(_ text: String) -> [WireSetting] {
        var settings: [WireSetting] = []
        var expectsAssignment = false
        for word in words(text) {
            var assignment: Substring
            if expectsAssignment {
                assignment = word[...]
                expectsAssignment = false
            } else if word == "-c" {
                expectsAssignment = true
                continue
            } else if word.hasPrefix("--") {
                assignment = word.dropFirst(2)
            } else if word.hasPrefix("-c") {
                assignment = word.dropFirst(2)
            } else {
                continue
            }
            guard let equals = assignment.firstIndex(of: "=") else { continue }
            let value = assignment[assignment.index(after: equals)...]
            assignment = assignment[..<equals]
            // Dashes and underscores are the same in a switch, as in PostgreSQL.
            let name = String(assignment.map { $0 == "-" ? "_" : $0 })
            settings.append(WireSetting(name, String(value)))
        }
        return settings
    }

    /// Splits at white space; a backslash keeps the next character as it is.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isEscaped = false
        var hasContent = false
        for character in text.unicodeScalars {
            if isEscaped {
                word.unicodeScalars.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
                hasContent = true
            } else if character.properties.isWhitespace {
                if hasContent { words.append(word) }
                word = ""
                hasContent = false
            } else {
                word.unicodeScalars.append(character)
                hasContent = true
            }
        }
        if hasContent { words.append(word) }
        return words
    }
}
