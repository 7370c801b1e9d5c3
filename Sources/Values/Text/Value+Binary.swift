package import Bytes
package import Diagnostics

extension Value {
    /// Appends PostgreSQL's binary form. NULL has none and appends nothing.
    ///
    /// - Requires: `hasBinaryForm`; of others come bytes that mean another moment.
    package func appendBinary(as type: ValueType, to writer: inout ByteWriter) {
        switch self {
        case .null: break
        case .boolean(let flag): writer.bytes.append(flag ? 1 : 0)
        case .integer(let number):
            switch type.postgresLength {
            case 2: writer.bigEndian(Int16(truncatingIfNeeded: number))
            case 4: writer.bigEndian(Int32(truncatingIfNeeded: number))
            case 8: writer.bigEndian(number)
            // IPv4 and GEOHASH travel as strings.
            default: appendText(as: type, to: &writer)
            }
        case .double(let number):
            if type == .float {
                writer.bigEndian(Float(number).bitPattern)
            } else {
                writer.bigEndian(number.bitPattern)
            }
        case .date(let milliseconds):
            writer.bigEndian(milliseconds.microsecondsClamped &- Self.postgresEpoch)
        case .timestamp(let micros): writer.bigEndian(micros &- Self.postgresEpoch)
        case .timestampNanos(let nanos):
            writer.bigEndian(nanos.dividedDown(by: 1000) &- Self.postgresEpoch)
        case .string(let text):
            writer.append(type == .catalogChar ? text.utf8.prefix(1) : text.utf8.prefix(.max))
        case .binary(let bytes): writer.append(bytes)
        case .uuid(let high, let low):
            writer.bigEndian(high)
            writer.bigEndian(low)
        case .decimal(let number): number.appendBinary(to: &writer)
        case .long256: appendText(as: type, to: &writer)
        case .array(let array): ArrayText.appendBinary(array, to: &writer)
        case .interval(let span):
            writer.bigEndian(span.microseconds)
            writer.bigEndian(span.days)
            writer.bigEndian(span.months)
        }
    }

    /// Reads PostgreSQL's binary form, as drivers send parameters.
    ///
    /// - Throws: 22P03 when the bytes are no value, 22021 for bad text, 22003 for numbers outside the type, 22008 for
    ///   moments outside of it, 22P02 for what travels as a string.
    package static func parseBinary(_ bytes: [UInt8], as type: ValueType)
        throws(DatabaseError) -> Value
    {
        switch type {
        case .binary: return .binary(bytes)
        case .symbol, .varchar, .char, .catalogName, .catalogChar, .record, .json, .ipv4,
            .long256, .geohash:
            return try parse(checkedText(bytes), as: type)
        case .array, .shortVector: return .array(try ArrayText.parseBinary(bytes, as: type))
        case .decimal(let shape): return .decimal(try parseNumeric(bytes, type, shape))
        case .date, .timestamp, .timestampNanos: return try parseMoment(bytes, type)
        case .boolean, .byte, .short, .int, .long, .float, .double, .uuid, .interval, .objectID,
            .registered, .void:
            var reader = ByteReader(bytes)
            do throws(DecodeFailure) {
                let value = try fixedBinary(&reader, type)
                guard reader.isAtEnd else { throw .invalid(at: reader.offset, what: "length") }
                return value
            } catch {
                throw .badBinary(type, length: bytes.count)
            }
        }
    }

    private static func parseNumeric(_ bytes: [UInt8], _ type: ValueType, _ shape: DecimalShape)
        throws(DatabaseError) -> DecimalValue
    {
        let number = try readNumeric(bytes, type)
        guard let units = number.units(scale: Int(shape.scale)), shape.holds(units) else {
            throw .outOfRange(type)
        }
        return DecimalValue(units: units, scale: shape.scale)
    }

    static func readNumeric(_ bytes: [UInt8], _ type: ValueType) throws(DatabaseError)
        -> WrittenNumber
    {
        var reader = ByteReader(bytes)
        do throws(DecodeFailure) {
            let number = try DecimalValue.readBinary(&reader)
            guard reader.isAtEnd else { throw .invalid(at: reader.offset, what: "length") }
            return number
        } catch {
            throw .badBinary(type, length: bytes.count)
        }
    }

    private static func fixedBinary(_ reader: inout ByteReader, _ type: ValueType)
        throws(DecodeFailure) -> Value
    {
        switch type {
        case .boolean: return .boolean(try reader.bigEndian(UInt8.self) != 0)
        case .byte:
            let number = Int64(try reader.bigEndian(Int16.self))
            guard (-128...127) ~= number else { throw .invalid(at: 0, what: "byte") }
            return .integer(number)
        case .short: return .integer(Int64(try reader.bigEndian(Int16.self)))
        case .int: return .integer(Int64(try reader.bigEndian(Int32.self)))
        case .long: return .integer(try reader.bigEndian(Int64.self))
        case .objectID, .registered: return .integer(Int64(try reader.bigEndian(UInt32.self)))
        case .float:
            return .double(Double(Float(bitPattern: try reader.bigEndian(UInt32.self))))
        case .double: return .double(Double(bitPattern: try reader.bigEndian(UInt64.self)))
        case .uuid:
            let high = try reader.bigEndian(UInt64.self)
            return .uuid(high, try reader.bigEndian(UInt64.self))
        case .interval:
            let micros = try reader.bigEndian(Int64.self)
            let days = try reader.bigEndian(Int32.self)
            return .interval(
                IntervalValue(
                    months: try reader.bigEndian(Int32.self), days: days, microseconds: micros))
        case .void, .char, .symbol, .varchar, .binary, .ipv4, .long256, .decimal, .geohash,
            .array, .catalogName, .catalogChar, .shortVector, .record, .json, .date, .timestamp,
            .timestampNanos:
            return .null
        }
    }

    /// Microseconds since 2000.
    private static func parseMoment(_ bytes: [UInt8], _ type: ValueType) throws(DatabaseError)
        -> Value
    {
        guard bytes.count == 8 else { throw .badBinary(type, length: bytes.count) }
        let sent = bytes.reduce(Int64(0)) { $0 << 8 | Int64($1) }
        let (micros, overflow) = sent.addingReportingOverflow(postgresEpoch)
        // The least is PostgreSQL's -infinity, the greatest its infinity.
        if overflow || sent == .min { throw .momentOutOfRange() }
        if type == .date { return .date(micros.dividedDown(by: 1000)) }
        if type == .timestamp { return .timestamp(micros) }
        // The microsecond in which the type begins is that of its least values, which are cut to it.
        if micros == Int64.min.dividedDown(by: 1000) { return .timestampNanos(.min) }
        let (nanos, isBeyond) = micros.multipliedReportingOverflow(by: 1000)
        if isBeyond { throw .momentOutOfRange() }
        return .timestampNanos(nanos)
    }

    /// Whether PostgreSQL's binary form, which counts microseconds from 2000, can tell the value.
    package var hasBinaryForm: Bool {
        switch self {
        case .timestamp(let micros): micros > .min + Self.postgresEpoch
        case .date(let milliseconds):
            !milliseconds.multipliedReportingOverflow(by: 1000).overflow
                && Value.timestamp(milliseconds.microsecondsClamped).hasBinaryForm
        case .array(let array): array.elements.allSatisfy(\.hasBinaryForm)
        case .null, .boolean, .integer, .double, .timestampNanos, .string, .binary, .uuid, .decimal,
            .long256, .interval:
            true
        }
    }
}

extension ColumnVector {
    /// Looks whether some rows have a binary form, before it is made of them.
    ///
    /// - Throws: 22008 for a moment that it cannot tell.
    package func checkBinary(_ rows: Range<Int>) throws(DatabaseError) {
        guard type == .timestamp || type == .date || type.arrayElement == .timestamp else { return }
        for row in rows where !isNull(row) {
            if type == .timestamp, load(row, Int64.self) > .min + Value.postgresEpoch { continue }
            guard value(at: row).hasBinaryForm else { throw .momentWithoutBinary() }
        }
    }
}
