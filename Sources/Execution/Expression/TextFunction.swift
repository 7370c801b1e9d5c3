import Diagnostics
import Planner
import Values

/// Functions of strings, on single values. What they make is admitted before it is made, and what
/// lasts is counted: a short statement may ask for long strings.
struct TextFunction {
    let allowance: Allowance

    func apply(_ function: ScalarFunction, _ text: String, _ values: [Value])
        throws(DatabaseError) -> Value
    {
        switch function {
        case .length: return .integer(Int64(text.unicodeScalars.count))
        case .lower: return .string(try Self.lowercased(text, allowance))
        case .upper: return .string(try Self.uppercased(text, allowance))
        case .trim, .ltrim, .rtrim: return .string(trimmed(text, function))
        case .substring: return try substring(text, values)
        case .left, .right:
            guard case .integer(let count) = values[1] else { return .null }
            return .string(function == .left ? left(text, count) : right(text, count))
        case .replace:
            guard case .string(let from) = values[1], case .string(let to) = values[2] else {
                return .null
            }
            return .string(try replacing(text, from, to))
        case .starts_with:
            guard case .string(let prefix) = values[1] else { return .null }
            return .boolean(text.utf8.starts(with: prefix.utf8))
        case .strpos:
            guard case .string(let wanted) = values[1] else { return .null }
            return .integer(Int64(try position(of: wanted, in: text)))
        default: return .null
        }
    }

    /// The strings behind each other; NULL is nothing.
    func joined(_ values: [Value]) throws(DatabaseError) -> String {
        var size = 0
        for value in values { size += value.heapByteCount }
        try allowance.admit(value: size)
        var result = ""
        result.reserveCapacity(size)
        for case .string(let text) in values {
            try allowance.spend(text.utf8.count)
            result += text
        }
        return result
    }

    // MARK: - Letters

    static func lowercased(_ text: String, _ allowance: Allowance) throws(DatabaseError) -> String {
        try mapped(text, allowance) { $0.lowercased() }
    }

    static func uppercased(_ text: String, _ allowance: Allowance) throws(DatabaseError) -> String {
        try mapped(text, allowance) { $0.uppercased() }
    }

    /// Letter by letter, a stretch at a time.
    private static func mapped(
        _ text: String, _ allowance: Allowance, _ map: (Substring) -> String
    ) throws(DatabaseError) -> String {
        if text.utf8.count <= Limits.searchMask { return map(text[...]) }
        var result = ""
        var rest = text[...]
        while !rest.isEmpty {
            let scalars = rest.unicodeScalars
            let end =
                scalars.index(
                    scalars.startIndex, offsetBy: Limits.searchMask, limitedBy: scalars.endIndex)
                ?? scalars.endIndex
            let part = map(rest[..<end])
            try allowance.admit(value: result.utf8.count + part.utf8.count)
            try allowance.spend(part.utf8.count)
            result += part
            rest = rest[end...]
        }
        return result
    }

    // MARK: - Parts

    private func trimmed(_ text: String, _ function: ScalarFunction) -> String {
        var rest = text.utf8[...]
        if function != .rtrim { rest = rest.drop { $0 == 0x20 } }
        if function != .ltrim { while rest.last == 0x20 { rest.removeLast() } }
        return String(Substring(rest))
    }

    /// The first characters, or all but the last ones when the count is negative.
    private func left(_ text: String, _ count: Int64) -> String {
        let scalars = text.unicodeScalars
        let end =
            count >= 0
            ? scalars.index(
                scalars.startIndex, offsetBy: Self.steps(count), limitedBy: scalars.endIndex)
                ?? scalars.endIndex
            : scalars.index(
                scalars.endIndex, offsetBy: Self.steps(count), limitedBy: scalars.startIndex)
                ?? scalars.startIndex
        return String(scalars[..<end])
    }

    /// The last characters, or all but the first ones when the count is negative.
    private func right(_ text: String, _ count: Int64) -> String {
        let scalars = text.unicodeScalars
        let start =
            count >= 0
            ? scalars.index(
                scalars.endIndex, offsetBy: -Self.steps(count), limitedBy: scalars.startIndex)
                ?? scalars.startIndex
            : scalars.index(
                scalars.startIndex, offsetBy: -Self.steps(count), limitedBy: scalars.endIndex)
                ?? scalars.endIndex
        return String(scalars[start...])
    }

    /// A count of characters, cut down to more than any string has.
    private static func steps(_ count: Int64) -> Int { Int(max(-1 << 40, min(1 << 40, count))) }

    private func substring(_ text: String, _ values: [Value]) throws(DatabaseError) -> Value {
        guard case .integer(let start) = values[1] else { return .null }
        let scalars = text.unicodeScalars
        let from = max(1, start)
        let begin =
            scalars.index(
                scalars.startIndex, offsetBy: Self.steps(from - 1), limitedBy: scalars.endIndex)
            ?? scalars.endIndex
        guard values.count > 2, case .integer(let length) = values[2] else {
            return .string(String(scalars[begin...]))
        }
        if length < 0 { throw .badArgument("negative substring length not allowed") }
        let (sum, overflow) = start.addingReportingOverflow(length)
        let kept =
            overflow ? Int64.max : max(0, sum.subtractingReportingOverflow(from).partialValue)
        let end =
            sum <= from && !overflow
            ? begin
            : scalars.index(begin, offsetBy: Self.steps(kept), limitedBy: scalars.endIndex)
                ?? scalars.endIndex
        return .string(String(scalars[begin..<end]))
    }

    // MARK: - Search

    /// The place of the first character, counted from one; zero when it is not there.
    private func position(of wanted: String, in text: String) throws(DatabaseError) -> Int {
        guard wanted.utf8.count <= text.utf8.count else { return 0 }
        let bytes = Array(text.utf8)
        let search = try TextSearch(Array(wanted.utf8), allowance)
        guard let place = try search.first(in: bytes, from: 0, allowance) else { return 0 }
        return bytes[..<place].reduce(1) { $1 & 0xc0 == 0x80 ? $0 : $0 + 1 }
    }

    private func replacing(_ text: String, _ from: String, _ to: String) throws(DatabaseError)
        -> String
    {
        guard !from.isEmpty, from.utf8.count <= text.utf8.count else { return text }
        let bytes = Array(text.utf8)
        let search = try TextSearch(Array(from.utf8), allowance)
        var count = 0
        var place = 0
        while let found = try search.first(in: bytes, from: place, allowance) {
            count += 1
            place = found + from.utf8.count
            try allowance.spend(1)
        }
        if count == 0 { return text }
        // At most 2^30 times 2^30: no overflow.
        let size = bytes.count + count * (to.utf8.count - from.utf8.count)
        try allowance.admit(value: size)
        return try replaced(bytes, search, (from.utf8.count, Array(to.utf8)), size)
    }

    private func replaced(
        _ bytes: [UInt8], _ search: TextSearch, _ exchange: (skipped: Int, put: [UInt8]),
        _ size: Int
    ) throws(DatabaseError) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(size)
        var place = 0
        while let found = try search.first(in: bytes, from: place, allowance) {
            result.append(contentsOf: bytes[place..<found])
            result.append(contentsOf: exchange.put)
            place = found + exchange.skipped
            try allowance.spend(exchange.put.count)
        }
        result.append(contentsOf: bytes[place...])
        return String(decoding: result, as: UTF8.self)
    }
}
