import Bytes

/// Writes a client's messages.
package enum FrontendEncoder {
    package static func startup(
        user: String, database: String, settings: [WireSetting] = [], minorVersion: UInt16 = 0
    ) -> [UInt8] {
        packet { writer in
            writer.bigEndian(UInt16(3))
            writer.bigEndian(minorVersion)
            let names = [WireSetting("user", user), WireSetting("database", database)]
            for setting in names + settings {
                writer.cString(setting.name)
                writer.cString(setting.value)
            }
            writer.integer(UInt8(0))
        }
    }

    package static func encryptionRequest() -> [UInt8] {
        packet { $0.bigEndian(Int32(80_877_103)) }
    }

    package static func gssEncryptionRequest() -> [UInt8] {
        packet { $0.bigEndian(Int32(80_877_104)) }
    }

    package static func cancel(_ key: CancelKey) -> [UInt8] {
        packet { writer in
            writer.bigEndian(Int32(80_877_102))
            writer.bigEndian(key.processID)
            writer.append(key.secret)
        }
    }

    package static func query(_ text: String) -> [UInt8] { message("Q") { $0.cString(text) } }
    package static func password(_ text: String) -> [UInt8] { message("p") { $0.cString(text) } }

    /// Opens a SASL exchange with SCRAM-SHA-256.
    package static func saslBegin(
        _ data: [UInt8], mechanism: String = ScramServer.mechanism
    ) -> [UInt8] {
        message("p") { writer in
            writer.cString(mechanism)
            writer.bigEndian(Int32(truncatingIfNeeded: data.count))
            writer.append(data)
        }
    }

    package static func sasl(_ data: [UInt8]) -> [UInt8] { message("p") { $0.append(data) } }

    package static func parse(
        name: String = "", _ sql: String, parameterTypes: [UInt32] = []
    ) -> [UInt8] {
        message("P") { writer in
            writer.cString(name)
            writer.cString(sql)
            writer.bigEndian(UInt16(truncatingIfNeeded: parameterTypes.count))
            for type in parameterTypes { writer.bigEndian(type) }
        }
    }

    package static func bind(
        portal: String = "", statement: String = "", formats: [WireFormat] = [],
        values: [[UInt8]?] = [], resultFormats: [WireFormat] = []
    ) -> [UInt8] {
        message("B") { writer in
            writer.cString(portal)
            writer.cString(statement)
            writer.bigEndian(UInt16(truncatingIfNeeded: formats.count))
            for format in formats { writer.bigEndian(format.rawValue) }
            writer.bigEndian(UInt16(truncatingIfNeeded: values.count))
            for value in values {
                writer.bigEndian(Int32(truncatingIfNeeded: value?.count ?? -1))
                if let value { writer.append(value) }
            }
            writer.bigEndian(UInt16(truncatingIfNeeded: resultFormats.count))
            for format in resultFormats { writer.bigEndian(format.rawValue) }
        }
    }

    package static func describeStatement(_ name: String = "") -> [UInt8] {
        target("D", "S", name)
    }

    package static func describePortal(_ name: String = "") -> [UInt8] { target("D", "P", name) }
    package static func closeStatement(_ name: String = "") -> [UInt8] { target("C", "S", name) }
    package static func closePortal(_ name: String = "") -> [UInt8] { target("C", "P", name) }

    package static func execute(portal: String = "", maximumRows: Int32 = 0) -> [UInt8] {
        message("E") { writer in
            writer.cString(portal)
            writer.bigEndian(maximumRows)
        }
    }

    package static func flush() -> [UInt8] { bare("H") }
    package static func sync() -> [UInt8] { bare("S") }
    package static func copyData(_ data: [UInt8]) -> [UInt8] { message("d") { $0.append(data) } }
    package static func copyDone() -> [UInt8] { bare("c") }

    package static func copyFail(_ reason: String) -> [UInt8] {
        message("f") { $0.cString(reason) }
    }

    /// Writes a message without content.
    package static func bare(_ type: Unicode.Scalar) -> [UInt8] { message(type) { _ in } }

    private static func target(
        _ type: Unicode.Scalar, _ what: Unicode.Scalar, _ name: String
    ) -> [UInt8] {
        message(type) { writer in
            writer.integer(UInt8(truncatingIfNeeded: what.value))
            writer.cString(name)
        }
    }

    private static func message(
        _ type: Unicode.Scalar, _ content: (inout ByteWriter) -> Void
    ) -> [UInt8] {
        [UInt8(truncatingIfNeeded: type.value)] + packet(content)
    }

    private static func packet(_ content: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        writer.bigEndian(Int32(0))
        content(&writer)
        writer.patchBigEndian(Int32(truncatingIfNeeded: writer.count), at: 0)
        return writer.bytes
    }
}
