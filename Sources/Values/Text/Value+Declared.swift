import Bytes
package import Diagnostics

extension Value {
    /// Reads a parameter in its text form.
    ///
    /// NUMERIC without a modifier, `openDecimal`, says nothing of digits, so that the number keeps
    /// its own: what it is put into or compared with decides what becomes of them.
    ///
    /// - Throws: 22021 for text that is not UTF-8 or has a NUL byte in it. Otherwise as `parse`.
    package static func parseParameter(_ bytes: [UInt8], as type: ValueType) throws(DatabaseError)
        -> Value
    {
        let text = try checkedText(bytes)
        guard type == .openDecimal, let number = WrittenNumber(trimmed(text)) else {
            return try parse(text, as: type)
        }
        return try .decimal(ownDecimal(number))
    }

    /// The text that bytes are.
    ///
    /// - Throws: 22021 for what is not UTF-8, and for a NUL byte, which clients and files cannot tell
    ///   from an end.
    static func checkedText(_ bytes: [UInt8]) throws(DatabaseError) -> String {
        if bytes.contains(0) { throw .nullByte() }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8() }
        return text
    }

    private static func ownDecimal(_ number: WrittenNumber) throws(DatabaseError) -> DecimalValue {
        guard let shape = number.nearestShape, let units = number.units(scale: Int(shape.scale)),
            shape.holds(units)
        else { throw .tooManyDigits() }
        return DecimalValue(units: units, scale: shape.scale)
    }

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
        case DeclaredType.unknown, DeclaredType.unknownText:
            return try parseUndeclared(bytes, type)
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
            return try parseUndeclared(bytes, type)
        }
    }

    private static func parseUndeclared(_ bytes: [UInt8], _ type: ValueType) throws(DatabaseError)
        -> Value
    {
        guard type == .openDecimal else { return try parseBinary(bytes, as: type) }
        return try .decimal(ownDecimal(readNumeric(bytes, type)))
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
