import Bytes
package import Diagnostics

extension Value {
    /// Reads the binary form of the type that a client has declared, as a value of another one.
    ///
    /// - Parameter oid: the declared type in PostgreSQL's catalogue; 0 when the client leaves it to
    ///   the server.
    /// - Throws: 0A000 for a declared type that this server does not know: its bytes would be read as
    ///   something else. Otherwise as `parseBinary`.
    package static func parseBinary(_ bytes: [UInt8], declared oid: UInt32, as type: ValueType)
        throws(DatabaseError) -> Value
    {
        switch oid {
        case DeclaredType.unknown, DeclaredType.unknownText: return try parseBinary(bytes, as: type)
        case DeclaredType.date where type.isTime: return try parseDays(bytes, type)
        case DeclaredType.versionedJSON where bytes.first == 1:
            return try parseBinary(Array(bytes.dropFirst()), as: type)
        case DeclaredType.network, DeclaredType.address:
            guard let text = addressText(bytes) else {
                throw .badBinary(type, length: bytes.count)
            }
            return try parse(text, as: type)
        case DeclaredType.date, DeclaredType.versionedJSON:
            throw .badBinary(type, length: bytes.count)
        default:
            if ValueType.withOID(oid) == nil { throw .unknownBinary(oid: oid) }
            return try parseBinary(bytes, as: type)
        }
    }

    /// Days since 2000.
    private static func parseDays(_ bytes: [UInt8], _ type: ValueType) throws(DatabaseError)
        -> Value
    {
        var reader = ByteReader(bytes)
        let days: Int32
        do throws(DecodeFailure) {
            days = try reader.bigEndian(Int32.self)
            guard reader.isAtEnd else { throw .invalid(at: reader.offset, what: "length") }
        } catch {
            throw .badBinary(type, length: bytes.count)
        }
        let (passed, overflow) = Int64(days).multipliedReportingOverflow(
            by: CivilTime.microsecondsPerDay)
        let (micros, carry) = passed.addingReportingOverflow(postgresEpoch)
        if overflow || carry { throw .momentOutOfRange() }
        if type == .date { return .date(micros.dividedDown(by: 1000)) }
        if type == .timestamp { return .timestamp(micros) }
        let (nanos, isBeyond) = micros.multipliedReportingOverflow(by: 1000)
        if isBeyond { throw .momentOutOfRange() }
        return .timestampNanos(nanos)
    }

    /// The text of an inet or cidr of IPv4: family, bits of the net, whether it is one, length, bytes.
    private static func addressText(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 8, bytes[0] == 2, bytes[1] <= 32, bytes[3] == 4 else { return nil }
        let address = bytes[4...].map { "\($0)" }.joined(separator: ".")
        return bytes[1] == 32 ? address : "\(address)/\(bytes[1])"
    }
}

/// Object ids of types in which clients send what has another type here.
private enum DeclaredType {
    static let unknown: UInt32 = 0
    static let unknownText: UInt32 = 705
    static let network: UInt32 = 650
    static let address: UInt32 = 869
    static let date: UInt32 = 1082
    static let versionedJSON: UInt32 = 3802
}
