/// Reading values straight from bytes. Each function knows the spellings that files are full of and
/// gives nil for all others, which `Value.parse` then reads or refuses.
enum CellText {
    /// An integer of at most 18 digits.
    @inline(__always)
    static func integer(_ bytes: Span<UInt8>, _ begin: Int, _ end: Int) -> Int64? {
        var index = begin
        guard index < end else { return nil }
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative { index &+= 1 }
        guard index < end, end &- index <= 18 else { return nil }
        var value: Int64 = 0
        while index < end {
            let digit = bytes[index] &- 48
            if digit > 9 { return nil }
            value = value &* 10 &+ Int64(digit)
            index &+= 1
        }
        return isNegative ? -value : value
    }

    /// The powers of ten that a double has exactly.
    static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// A number of at most 18 digits whose digits and power of ten are both exact as doubles: then
    /// one division or multiplication rounds correctly.
    @inline(__always)
    static func double(_ bytes: Span<UInt8>, _ begin: Int, _ end: Int, _ powers: [Double])
        -> Double?
    {
        var index = begin
        guard index < end else { return nil }
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative { index &+= 1 }
        guard index < end, end &- index <= 19 else { return nil }
        var digits: UInt64 = 0
        var digitCount = 0
        var fraction = 0
        var hasPoint = false
        while index < end {
            let byte = bytes[index]
            let digit = byte &- 48
            if digit <= 9 {
                digits = digits &* 10 &+ UInt64(digit)
                digitCount &+= 1
                fraction &+= hasPoint ? 1 : 0
            } else if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else {
                return nil
            }
            index &+= 1
        }
        guard digitCount > 0, digitCount <= 18, digits <= 1 << 53 else { return nil }
        let value = fraction == 0 ? Double(digits) : Double(digits) / powers[fraction]
        return isNegative ? -value : value
    }

    @inline(__always)
    static func boolean(_ bytes: Span<UInt8>, _ begin: Int, _ end: Int) -> UInt8? {
        guard end &- begin >= 1 else { return nil }
        let isTrue: Bool
        switch bytes[begin] {
        case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "1"): isTrue = true
        case UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "0"): isTrue = false
        default: return nil
        }
        if end &- begin == 1 { return isTrue ? 1 : 0 }
        if isTrue, end &- begin == 4, bytes[begin + 1] | 32 == UInt8(ascii: "r"),
            bytes[begin + 2] | 32 == UInt8(ascii: "u"), bytes[begin + 3] | 32 == UInt8(ascii: "e")
        {
            return 1
        }
        return nil
    }
}

/// Reads `2026-01-02T03:04:05.000006Z` and the same with a blank, fewer digits or no Z. The day is
/// looked up once for all rows of it that come together.
struct TimestampCells {
    private var day = InlineArray<10, UInt8>(repeating: 0)
    private var midnight: Int64 = 0
    private let parseDay: (String) -> Int64?

    init(parseDay: @escaping (String) -> Int64?) { self.parseDay = parseDay }

    @inline(__always)
    mutating func parse(_ bytes: Span<UInt8>, _ begin: Int, _ end: Int) -> Int64? {
        let length = end &- begin
        guard length >= 19, length <= 27, isSameDay(bytes, begin) || take(bytes, begin) else {
            return nil
        }
        let separator = bytes[begin + 10]
        guard separator == UInt8(ascii: "T") || separator == 32,
            bytes[begin + 13] == UInt8(ascii: ":"), bytes[begin + 16] == UInt8(ascii: ":")
        else { return nil }
        let hour = Self.twoDigits(bytes, begin + 11)
        let minute = Self.twoDigits(bytes, begin + 14)
        let second = Self.twoDigits(bytes, begin + 17)
        guard hour <= 23, minute <= 59, second <= 59 else { return nil }
        var index = begin + 19
        var micros: Int64 = 0
        if index < end, bytes[index] == UInt8(ascii: ".") {
            index &+= 1
            var scale: Int64 = 1_000_000
            while index < end, scale > 1 {
                let digit = bytes[index] &- 48
                if digit > 9 { break }
                micros = micros &* 10 &+ Int64(digit)
                scale /= 10
                index &+= 1
            }
            if scale == 1_000_000 { return nil }
            micros = micros &* scale
        }
        if index < end, bytes[index] | 32 == UInt8(ascii: "z") { index &+= 1 }
        guard index == end else { return nil }
        let seconds = Int64(hour &* 3_600 &+ minute &* 60 &+ second)
        // A midnight near the ends of the range leaves the sum to the slow way.
        let (sum, overflow) = midnight.addingReportingOverflow(seconds &* 1_000_000 &+ micros)
        return overflow ? nil : sum
    }

    /// Above 99 when one of the two is no digit.
    @inline(__always)
    private static func twoDigits(_ bytes: Span<UInt8>, _ at: Int) -> Int {
        let tens = bytes[at] &- 48
        let ones = bytes[at + 1] &- 48
        return tens > 9 || ones > 9 ? 255 : Int(tens) &* 10 &+ Int(ones)
    }

    @inline(__always)
    private func isSameDay(_ bytes: Span<UInt8>, _ begin: Int) -> Bool {
        // From the end: the days differ there.
        var index = 9
        while index >= 0 {
            if bytes[begin + index] != day[index] { return false }
            index &-= 1
        }
        return true
    }

    private mutating func take(_ bytes: Span<UInt8>, _ begin: Int) -> Bool {
        for index in 0..<10 {
            let isDash = index == 4 || index == 7
            let byte = bytes[begin + index]
            guard isDash ? byte == UInt8(ascii: "-") : byte >= 48 && byte <= 57 else {
                return false
            }
        }
        let text = String(decoding: bytes.array(begin, begin + 10), as: UTF8.self)
        guard let micros = parseDay(text) else { return false }
        midnight = micros
        for index in 0..<10 { day[index] = bytes[begin + index] }
        return true
    }
}
