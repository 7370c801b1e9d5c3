package import Bytes

extension Value {
    /// Appends PostgreSQL's text form. NULL has none and appends nothing.
    package func appendText(as type: ValueType, to writer: inout ByteWriter) {
        switch self {
        case .null: break
        case .boolean(let flag): writer.append((flag ? "t" : "f").utf8)
        case .integer(let number): Self.appendInteger(number, as: type, to: &writer)
        case .double(let number):
            if type == .float {
                DoubleText.appendPostgres(Float(number), to: &writer)
            } else {
                DoubleText.appendPostgres(number, to: &writer)
            }
        case .date(let milliseconds):
            TimestampText.append(milliseconds.microsecondsClamped, .postgres, to: &writer)
        case .timestamp(let micros): TimestampText.append(micros, .postgres, to: &writer)
        case .string(let text): writer.append(text.utf8)
        case .binary(let bytes):
            writer.append("\\x".utf8)
            writer.hexadecimal(bytes)
        case .uuid(let high, let low): UUIDText.append(high, low, to: &writer)
        case .timestampNanos(let nanos):
            TimestampText.append(nanoseconds: nanos, isISO: false, to: &writer)
        case .decimal(let number): number.append(to: &writer)
        case .long256(let number): Long256Text.append(number, to: &writer)
        case .array(let array):
            if type == .shortVector {
                let words = array.elements.compactMap { $0.text(as: .short) }
                writer.append(words.joined(separator: " ").utf8)
            } else {
                ArrayText.append(array, to: &writer)
            }
        case .interval(let span): IntervalText.append(span, to: &writer)
        }
    }

    private static func appendInteger(
        _ number: Int64, as type: ValueType, to writer: inout ByteWriter
    ) {
        if type == .ipv4 {
            IPv4Text.append(UInt32(truncatingIfNeeded: number), to: &writer)
        } else if let bits = type.geohashBits {
            GeohashText.append(number, bits: bits, to: &writer)
        } else {
            writer.decimal(number)
        }
    }

    /// Appends a JSON value as /exec writes it: timestamps in ISO form, NaN and infinities null.
    package func appendJSON(as type: ValueType, to writer: inout ByteWriter) {
        switch self {
        case .null: writer.append("null".utf8)
        case .boolean(let flag): writer.append((flag ? "true" : "false").utf8)
        case .integer(let number):
            if type.isInteger {
                writer.decimal(number)
            } else {
                appendQuoted(as: type, to: &writer)
            }
        case .double(let number):
            guard number.isFinite else { return writer.append("null".utf8) }
            writer.append((type == .float ? Float(number).description : number.description).utf8)
        case .date(let milliseconds):
            writer.append("\"".utf8)
            TimestampText.append(milliseconds.microsecondsClamped, .isoMilliseconds, to: &writer)
            writer.append("\"".utf8)
        case .timestamp(let micros):
            writer.append("\"".utf8)
            TimestampText.append(micros, .iso, to: &writer)
            writer.append("\"".utf8)
        case .string(let text): writer.jsonString(text.utf8)
        case .binary(let bytes):
            writer.append("\"".utf8)
            writer.hexadecimal(bytes)
            writer.append("\"".utf8)
        case .timestampNanos(let nanos):
            writer.append("\"".utf8)
            TimestampText.append(nanoseconds: nanos, isISO: true, to: &writer)
            writer.append("\"".utf8)
        // A DECIMAL as a JSON number would be read as a double by nearly everyone.
        case .uuid, .decimal, .long256, .interval: appendQuoted(as: type, to: &writer)
        case .array(let array): ArrayText.appendJSON(array, to: &writer)
        }
    }

    /// The text form of a type whose text needs no escapes.
    private func appendQuoted(as type: ValueType, to writer: inout ByteWriter) {
        writer.append("\"".utf8)
        appendText(as: type, to: &writer)
        writer.append("\"".utf8)
    }

    /// PostgreSQL's text form as a string; nil for NULL.
    package func text(as type: ValueType) -> String? {
        if self == .null { return nil }
        var writer = ByteWriter()
        appendText(as: type, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// 2000-01-01, from which PostgreSQL counts microseconds.
    package static let postgresEpoch: Int64 = 946_684_800_000_000
}

extension Int64 {
    /// Milliseconds as microseconds, held inside 64 bits.
    package var microsecondsClamped: Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: 1000)
        return overflow ? (self < 0 ? .min : .max) : product
    }

    /// Divides rounding towards the past, as moments are.
    ///
    /// - Requires: `divisor` is positive.
    package func dividedDown(by divisor: Int64) -> Int64 {
        let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }
}

extension ColumnVector {
    /// Appends PostgreSQL's text form of a row that is not NULL.
    package func appendText(_ row: Int, to writer: inout ByteWriter) {
        if !appendBytes(row, to: &writer) { value(at: row).appendText(as: type, to: &writer) }
    }

    /// Appends the text of a row that is not NULL as a client of the PostgreSQL wire gets it: a
    /// TIMESTAMP_NS goes by the type timestamp there, whose texts have six digits of a second at most.
    package func appendWireText(_ row: Int, to writer: inout ByteWriter) {
        guard type == .timestampNanos, case .timestampNanos(let nanos) = value(at: row) else {
            return appendText(row, to: &writer)
        }
        Value.timestamp(nanos.dividedDown(by: 1000)).appendText(as: .timestamp, to: &writer)
    }

    /// Appends PostgreSQL's binary form of a row that is not NULL.
    package func appendBinary(_ row: Int, to writer: inout ByteWriter) {
        if !appendBytes(row, to: &writer) { value(at: row).appendBinary(as: type, to: &writer) }
    }

    /// Appends a row as a JSON value.
    package func appendJSON(_ row: Int, to writer: inout ByteWriter) {
        value(at: row).appendJSON(as: type, to: &writer)
    }

    /// Strings are copied from the heap as they lie.
    private func appendBytes(_ row: Int, to writer: inout ByteWriter) -> Bool {
        guard type.layout == .text, type != .catalogChar, let heap else { return false }
        let begin = Int(load(row, UInt32.self))
        let end = Int(load(row + 1, UInt32.self))
        precondition(begin <= end && end <= heap.count, "offsets were checked when read")
        let bytes = heap.bytes
        for index in begin..<end { writer.bytes.append(bytes.unsafeLoadByte(index)) }
        return true
    }
}

extension ByteWriter {
    /// Appends an integer in decimal digits.
    package mutating func decimal(_ number: Int64) {
        var magnitude = number.magnitude
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        bytes[start...].reverse()
    }

    /// Appends a JSON string with its quotes.
    package mutating func jsonString(_ text: some Sequence<UInt8>) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"".utf8)
            case UInt8(ascii: "\\"): append("\\\\".utf8)
            case 10: append("\\n".utf8)
            case 13: append("\\r".utf8)
            case 9: append("\\t".utf8)
            case 0..<32:
                append("\\u00".utf8)
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
