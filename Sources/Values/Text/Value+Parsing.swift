import Bytes
package import Diagnostics

extension Value {
    /// Reads PostgreSQL's text form of a type.
    ///
    /// - Throws: 22P02, 22007 for times, 22003 for numbers outside the type.
    package static func parse(_ text: String, as type: ValueType) throws(DatabaseError) -> Value {
        switch type {
        case .boolean: return try .boolean(parseBoolean(text))
        case .byte, .short, .int, .long: return try .integer(parseInteger(text, type))
        case .float, .double: return try .double(parseDouble(text, type))
        case .timestamp:
            guard let micros = TimestampText.parse(text) else { throw .badText(text, as: type) }
            return .timestamp(micros)
        case .date:
            guard let micros = TimestampText.parse(text) else { throw .badText(text, as: type) }
            let (quotient, rest) = micros.quotientAndRemainder(dividingBy: 1000)
            return .date(rest < 0 ? quotient - 1 : quotient)
        case .symbol, .varchar: return .string(text)
        case .binary: return try .binary(parseBinary(text))
        case .uuid:
            guard let (high, low) = UUIDText.parse(text) else { throw .badText(text, as: type) }
            return .uuid(high, low)
        }
    }

    private static func trimmed(_ text: String) -> Substring {
        var rest = text[...]
        while let first = rest.first, first == " " || first == "\t" || first == "\n" {
            rest.removeFirst()
        }
        while let last = rest.last, last == " " || last == "\t" || last == "\n" {
            rest.removeLast()
        }
        return rest
    }

    private static func parseBoolean(_ text: String) throws(DatabaseError) -> Bool {
        switch trimmed(text).lowercased() {
        case "t", "tr", "tru", "true", "y", "ye", "yes", "on", "1": return true
        case "f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0": return false
        default: throw .badText(text, as: .boolean)
        }
    }

    private static func parseInteger(_ text: String, _ type: ValueType)
        throws(DatabaseError) -> Int64
    {
        let digits = trimmed(text)
        guard let number = Int64(digits) else {
            let unsigned = digits.drop { $0 == "-" || $0 == "+" }
            let isNumber =
                !unsigned.isEmpty && digits.count - unsigned.count <= 1
                && unsigned.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
            throw isNumber ? .outOfRange(text, type) : .badText(text, as: type)
        }
        guard let range = type.integerRange, range.contains(number) else {
            throw .outOfRange(text, type)
        }
        return number
    }

    private static func parseDouble(_ text: String, _ type: ValueType)
        throws(DatabaseError) -> Double
    {
        let digits = trimmed(text)
        switch digits.lowercased() {
        case "nan": return .nan
        case "inf", "infinity", "+inf", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: break
        }
        let isPlain = digits.utf8.allSatisfy {
            ($0 >= 48 && $0 <= 57) || $0 == 43 || $0 == 45 || $0 == 46 || $0 == 69 || $0 == 101
        }
        guard isPlain, let number = Double(padded(digits)) else { throw .badText(text, as: type) }
        let isOutside = type == .float ? !Float(number).isFinite : !number.isFinite
        if isOutside { throw .outOfRange(text, type) }
        return type == .float ? Double(Float(number)) : number
    }

    /// Swift wants digits on both sides of the point; SQL allows `1.` and `.5`.
    private static func padded(_ digits: Substring) -> String {
        guard digits.contains(".") else { return String(digits) }
        var result = ""
        var previous: Character = "x"
        for character in digits {
            if character == ".", !previous.isNumber { result.append("0") }
            if previous == ".", !character.isNumber { result.append("0") }
            result.append(character)
            previous = character
        }
        if previous == "." { result.append("0") }
        return result
    }

    private static func parseBinary(_ text: String) throws(DatabaseError) -> [UInt8] {
        guard text.hasPrefix("\\x") else { return Array(text.utf8) }
        let digits = Array(text.utf8.dropFirst(2))
        guard digits.count % 2 == 0 else { throw .badText(text, as: .binary) }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16), digits[index] != 43 else {
                throw .badText(text, as: .binary)
            }
            bytes.append(byte)
        }
        return bytes
    }

    /// Reads PostgreSQL's binary form, as drivers send parameters.
    ///
    /// - Throws: 22P03 when the length is wrong, 22021 for text that is not UTF-8.
    package static func parseBinary(_ bytes: [UInt8], as type: ValueType)
        throws(DatabaseError) -> Value
    {
        var reader = ByteReader(bytes)
        do throws(DecodeFailure) {
            let value: Value
            switch type {
            case .boolean: value = .boolean(try reader.bigEndian(UInt8.self) != 0)
            case .byte, .short: value = .integer(Int64(try reader.bigEndian(Int16.self)))
            case .int: value = .integer(Int64(try reader.bigEndian(Int32.self)))
            case .long: value = .integer(try reader.bigEndian(Int64.self))
            case .float:
                value = .double(Double(Float(bitPattern: try reader.bigEndian(UInt32.self))))
            case .double: value = .double(Double(bitPattern: try reader.bigEndian(UInt64.self)))
            case .timestamp:
                value = .timestamp(try reader.bigEndian(Int64.self) &+ postgresEpoch)
            case .date:
                value = .date((try reader.bigEndian(Int64.self) &+ postgresEpoch) / 1000)
            case .symbol, .varchar:
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw .invalid(at: 0, what: "text")
                }
                return .string(text)
            case .binary: return .binary(bytes)
            case .uuid:
                let high = try reader.bigEndian(UInt64.self)
                value = .uuid(high, try reader.bigEndian(UInt64.self))
            }
            guard reader.isAtEnd else { throw .invalid(at: reader.offset, what: "length") }
            return value
        } catch {
            throw .badBinary(type, length: bytes.count)
        }
    }
}
