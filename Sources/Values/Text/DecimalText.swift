package import Bytes

/// Digits of a number as they were written: zero point digits times ten to the `point`.
package struct WrittenNumber: Sendable {
    private var isNegative = false
    /// 0 to 9 each, the first and the last not 0.
    private var digits: [UInt8] = []
    /// How many digits stand before the point; negative for zeros behind it.
    private var point = 0
    /// Digits written behind the point, zeros among them.
    private var fraction = 0

    /// Reads `-12.50e3`; nil for anything else.
    package init?(_ text: some StringProtocol) {
        var bytes = Array(text.utf8)[...]
        guard bytes.count <= Limits.numberDigits else { return nil }
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        var hasDigit = false
        var hasPoint = false
        while let byte = bytes.first {
            if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else if byte >= 48, byte <= 57 {
                hasDigit = true
                digits.append(byte - 48)
                if hasPoint { fraction += 1 } else { point += 1 }
            } else {
                break
            }
            bytes.removeFirst()
        }
        guard hasDigit else { return nil }
        if bytes.first.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
            bytes.removeFirst()
            let exponent = String(decoding: bytes, as: UTF8.self)
            guard let power = Int(exponent), power.magnitude <= 10_000 else { return nil }
            point += power
            fraction -= power
            bytes = []
        }
        guard bytes.isEmpty else { return nil }
        trim()
    }

    /// Takes base-10000 digits, the first of which counts ten thousands to the `weight`; `scale` is
    /// how many digits behind the point the sender would show.
    init(isNegative: Bool, groups: [UInt16], weight: Int, scale: Int) {
        self.isNegative = isNegative
        fraction = scale
        for group in groups {
            digits += [
                UInt8(group / 1000 % 10), UInt8(group / 100 % 10), UInt8(group / 10 % 10),
                UInt8(group % 10),
            ]
        }
        point = (weight + 1) * 4
        trim()
    }

    private mutating func trim() {
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(zeros)
        point -= zeros
        while digits.last == 0 { digits.removeLast() }
    }

    /// The number in units of a scale, rounded half away from zero; nil above 38 digits.
    package func units(scale: Int) -> Int128? {
        let count = point + scale
        if digits.isEmpty || count < 0 { return 0 }
        guard count <= 38 else { return nil }
        var magnitude: UInt128 = 0
        for index in 0..<count {
            magnitude = magnitude * 10 + (index < digits.count ? UInt128(digits[index]) : 0)
        }
        if count < digits.count, digits[count] >= 5 { magnitude += 1 }
        return isNegative ? -Int128(magnitude) : Int128(magnitude)
    }

    /// The shape that holds the number as it was written, `1.50` with two digits behind the point;
    /// without zeros at the end where they do not fit, nil when nothing does.
    package var shape: DecimalShape? {
        shape(scale: fraction) ?? shape(scale: digits.count - point)
    }

    /// The shape that keeps as many of the number's own digits as 38 can; nil when those before the
    /// point are more.
    package var nearestShape: DecimalShape? {
        shape ?? DecimalShape(checking: DecimalShape.most, DecimalShape.most - max(0, point))
    }

    private func shape(scale: Int) -> DecimalShape? {
        let scale = max(0, scale)
        return DecimalShape(checking: max(1, max(0, point) + scale), scale)
    }
}

extension DecimalValue: CustomStringConvertible {
    /// All digits of the scale: `-0.50`.
    package var description: String {
        var writer = ByteWriter()
        append(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    package func append(to writer: inout ByteWriter) {
        var magnitude = units.magnitude
        let start = writer.count + (units < 0 ? 1 : 0)
        if units < 0 { writer.bytes.append(UInt8(ascii: "-")) }
        var written = 0
        // The digits come from the right, so they are turned around at the end.
        while magnitude > 0 || written <= Int(scale) {
            if written == Int(scale), scale > 0 { writer.bytes.append(UInt8(ascii: ".")) }
            let (quotient, rest) = magnitude.quotientAndRemainder(dividingBy: 10)
            writer.bytes.append(UInt8(ascii: "0") + UInt8(rest))
            magnitude = quotient
            written += 1
        }
        writer.bytes[start...].reverse()
    }

    /// PostgreSQL's binary form: counts, sign, scale and base-10000 digits.
    func appendBinary(to writer: inout ByteWriter) {
        let digits = Array(DecimalValue(units: Int128(units), scale: 0).description.utf8)
            .filter { $0 != UInt8(ascii: "-") }.map { UInt16($0 - 48) }
        let scale = Int(scale)
        let fraction = (scale + 3) / 4
        let padded = digits + [UInt16](repeating: 0, count: fraction * 4 - scale)
        let lead = (4 - padded.count % 4) % 4
        let all = [UInt16](repeating: 0, count: lead) + padded
        var groups: ArraySlice<UInt16> = []
        for index in stride(from: 0, to: all.count, by: 4) {
            groups.append(all[index..<index + 4].reduce(0) { $0 * 10 + $1 })
        }
        while groups.last == 0 { groups.removeLast() }
        let zeros = groups.prefix { $0 == 0 }.count
        let weight = all.count / 4 - fraction - 1 - zeros
        groups.removeFirst(zeros)
        writer.bigEndian(Int16(groups.count))
        writer.bigEndian(Int16(groups.isEmpty ? 0 : weight))
        writer.bigEndian(UInt16(units < 0 ? 0x4000 : 0))
        writer.bigEndian(Int16(scale))
        for group in groups { writer.bigEndian(group) }
    }

    /// Reads PostgreSQL's binary form; NaN and infinities are no digits.
    static func readBinary(_ reader: inout ByteReader) throws(DecodeFailure) -> WrittenNumber {
        let start = reader.offset
        let count = Int(try reader.bigEndian(UInt16.self))
        let weight = Int(try reader.bigEndian(Int16.self))
        let sign = try reader.bigEndian(UInt16.self)
        let scale = Int(try reader.bigEndian(UInt16.self))
        guard sign == 0 || sign == 0x4000, count <= Limits.numberDigits else {
            throw .invalid(at: start, what: "number without digits")
        }
        var groups: [UInt16] = []
        for _ in 0..<count {
            let group = try reader.bigEndian(UInt16.self)
            guard group < 10_000 else { throw .invalid(at: reader.offset, what: "digit") }
            groups.append(group)
        }
        return WrittenNumber(
            isNegative: sign != 0, groups: groups, weight: weight, scale: scale)
    }
}
