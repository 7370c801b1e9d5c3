package import Diagnostics

extension Value {
    /// Reads PostgreSQL's text form of a type.
    ///
    /// - Throws: 22P02, 22007 and 22008 for times, 22003 for numbers outside the type, 22001 for
    ///   several characters as CHAR.
    package static func parse(_ text: String, as type: ValueType) throws(DatabaseError) -> Value {
        switch type {
        case .boolean: return try .boolean(parseBoolean(text))
        case .byte, .short, .int, .long: return try .integer(parseInteger(text, type))
        case .float, .double: return try .double(parseDouble(text, type))
        case .decimal(let shape): return try .decimal(parseDecimal(text, type, shape))
        case .date, .timestamp, .timestampNanos: return try parseTime(text, type)
        case .symbol, .varchar, .catalogName, .record, .json: return .string(text)
        case .catalogChar:
            return .string(String(String.UnicodeScalarView(text.unicodeScalars.prefix(1))))
        case .char:
            guard let scalar = text.unicodeScalars.first, scalar.value < 0x10000 else {
                throw .badText(text, as: type)
            }
            guard text.unicodeScalars.dropFirst().allSatisfy({ $0 == " " }) else {
                throw .textTooLong(for: "character(1)")
            }
            return .string(String(scalar))
        case .binary: return try .binary(parseBinary(text))
        case .array(_, let dimensions):
            return .array(try ArrayText.parse(text, as: type, dimensions: Int(dimensions)))
        case .uuid, .ipv4, .long256, .geohash, .interval, .objectID, .registered, .shortVector,
            .void:
            guard let value = parseWhole(String(trimmed(text)), type) else {
                throw .badText(text, as: type)
            }
            return value
        }
    }

    /// Types whose text is good or bad as a whole; nil when it is bad.
    private static func parseWhole(_ text: String, _ type: ValueType) -> Value? {
        switch type {
        case .uuid: return UUIDText.parse(text).map { .uuid($0.0, $0.1) }
        case .ipv4: return IPv4Text.parse(text).map { .integer(Int64($0)) }
        case .long256: return Long256Text.parse(text).map { .long256($0) }
        case .geohash(let bits):
            return GeohashText.parse(text, bits: Int(bits)).map { .integer($0) }
        case .interval: return IntervalText.parse(text).map { .interval($0) }
        case .objectID, .registered: return UInt32(text).map { .integer(Int64($0)) }
        case .shortVector:
            var elements: [Value] = []
            for word in text.split(separator: " ") {
                guard let number = Int16(word) else { return nil }
                elements.append(.integer(Int64(number)))
            }
            return .array(ArrayValue(.short, elements))
        case .void: return .null
        case .boolean, .byte, .short, .char, .int, .long, .float, .double, .date, .timestamp,
            .timestampNanos, .symbol, .varchar, .binary, .decimal, .array, .catalogName,
            .catalogChar, .record, .json:
            return nil
        }
    }

    private static func parseTime(_ text: String, _ type: ValueType) throws(DatabaseError)
        -> Value
    {
        guard let micros = TimestampText.parse(text) else {
            throw TimestampText.namesNoMoment(text)
                ? .noSuchMoment(text) : .badText(text, as: type)
        }
        if type == .timestamp { return .timestamp(micros) }
        if type == .date { return .date(micros.dividedDown(by: 1000)) }
        guard let nanos = TimestampText.parseNanoseconds(text) else {
            throw .outOfRange(text, type)
        }
        return .timestampNanos(nanos)
    }

    private static func parseDecimal(_ text: String, _ type: ValueType, _ shape: DecimalShape)
        throws(DatabaseError) -> DecimalValue
    {
        guard let number = WrittenNumber(trimmed(text)) else { throw .badText(text, as: type) }
        guard let units = number.units(scale: Int(shape.scale)), shape.holds(units) else {
            throw .outOfRange(text, type)
        }
        return DecimalValue(units: units, scale: shape.scale)
    }

    static func trimmed(_ text: String) -> Substring {
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
}
