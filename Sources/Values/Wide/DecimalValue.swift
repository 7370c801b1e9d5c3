/// How many digits a DECIMAL has, and how many of them stand behind the point.
package struct DecimalShape: Sendable, Hashable {
    /// 1 to 38: what 128 bits hold.
    package let precision: UInt8
    /// 0 to the precision.
    package let scale: UInt8

    /// - Requires: `precision` in 1...38 and `scale` in 0...precision.
    package init(_ precision: Int, _ scale: Int) {
        precondition((1...38).contains(precision), "a precision is 1 to 38")
        precondition((0...precision).contains(scale), "a scale is 0 to the precision")
        self.precision = UInt8(precision)
        self.scale = UInt8(scale)
    }

    package init?(checking precision: Int, _ scale: Int) {
        guard (1...38).contains(precision), (0...precision).contains(scale) else { return nil }
        self.init(precision, scale)
    }

    /// The greatest precision: what 128 bits hold.
    package static let most = 38

    /// Where nothing says how many digits.
    package static let open = DecimalShape(38, 18)

    /// Digits before the point.
    package var wholeDigits: Int { Int(precision) - Int(scale) }

    /// Whether a number of this scale has no more digits than it may.
    package func holds(_ units: Int128) -> Bool {
        units.magnitude < PowersOfTen.unsigned[Int(precision)]
    }
}

/// The powers of ten that fit 128 bits.
package enum PowersOfTen {
    /// 10^0 to 10^38.
    package static let unsigned: [UInt128] = {
        var powers: [UInt128] = [1]
        for _ in 0..<38 { powers.append((powers.last ?? 1) * 10) }
        return powers
    }()
}

/// A number of decimal digits: `units` divided by ten to the `scale`.
package struct DecimalValue: Sendable, Hashable {
    package let units: Int128
    /// 0 to 38.
    package let scale: UInt8

    package init(units: Int128, scale: UInt8) {
        self.units = units
        self.scale = scale
    }

    /// The least shape of this scale that holds the number.
    package var shape: DecimalShape {
        let digits = PowersOfTen.unsigned.firstIndex { units.magnitude < $0 } ?? DecimalShape.most
        return DecimalShape(max(1, digits, Int(scale)), Int(scale))
    }

    /// The same number with another scale, rounded half away from zero; nil when it does not fit.
    package func rescaled(to wanted: UInt8) -> DecimalValue? {
        if wanted == scale { return self }
        if wanted > scale {
            let factor = Int128(PowersOfTen.unsigned[Int(wanted - scale)])
            let (product, overflow) = units.multipliedReportingOverflow(by: factor)
            return overflow ? nil : DecimalValue(units: product, scale: wanted)
        }
        let divisor = PowersOfTen.unsigned[Int(scale - wanted)]
        return DecimalValue(units: Self.divideRounding(units, by: divisor), scale: wanted)
    }

    /// The same number in another shape, or nil when it has too many digits.
    package func fitted(to shape: DecimalShape) -> DecimalValue? {
        guard let value = rescaled(to: shape.scale), shape.holds(value.units) else { return nil }
        return value
    }

    /// Divides rounding half away from zero.
    static func divideRounding(_ units: Int128, by divisor: UInt128) -> Int128 {
        let (quotient, rest) = units.magnitude.quotientAndRemainder(dividingBy: divisor)
        // The divisor is at most 10^38, so a half compared this way cannot overflow.
        let rounded = quotient + (rest >= divisor - rest ? 1 : 0)
        return units < 0 ? -Int128(rounded) : Int128(rounded)
    }

    /// Negative when this is smaller, 0 when both are the same number, whatever their scales.
    package func order(_ other: DecimalValue) -> Int {
        if scale == other.scale { return units == other.units ? 0 : units < other.units ? -1 : 1 }
        if (units < 0) != (other.units < 0) { return units < 0 ? -1 : 1 }
        let common = max(scale, other.scale)
        let left = units.magnitude.multipliedFullWidth(
            by: PowersOfTen.unsigned[Int(common - scale)])
        let right = other.units.magnitude.multipliedFullWidth(
            by: PowersOfTen.unsigned[Int(common - other.scale)])
        if left == right { return 0 }
        return ((left.high, left.low) < (right.high, right.low)) == (units >= 0) ? -1 : 1
    }

    /// The nearest double.
    package var double: Double {
        if units.magnitude < 1 << 53, scale <= 22 {
            // Both are exact, so the division rounds once.
            return Double(Int64(units)) / Self.exactPowers[Int(scale)]
        }
        return Double(description) ?? 0
    }

    private static let exactPowers: [Double] = {
        var powers = [1.0]
        for _ in 0..<22 { powers.append((powers.last ?? 1) * 10) }
        return powers
    }()
}

extension DecimalValue {
    /// `left * right` with a scale, rounded half away from zero; nil when it does not fit.
    package static func product(_ left: Int128, _ right: Int128, dividingByTenTo drop: Int)
        -> Int128?
    {
        let isNegative = (left < 0) != (right < 0)
        let full = left.magnitude.multipliedFullWidth(by: right.magnitude)
        guard drop > 0 else { return signed(full.high == 0 ? full.low : nil, isNegative) }
        return signed(divide(full, by: PowersOfTen.unsigned[min(drop, 38)]), isNegative)
    }

    /// `left * 10^shift / right` rounded half away from zero; nil when it does not fit.
    ///
    /// - Requires: `right` is not zero, `shift` is at most 76.
    package static func quotient(_ left: Int128, _ right: Int128, shift: Int) -> Int128? {
        let isNegative = (left < 0) != (right < 0)
        let first = left.magnitude.multipliedFullWidth(by: PowersOfTen.unsigned[min(shift, 38)])
        guard shift > 38 else { return signed(divide(first, by: right.magnitude), isNegative) }
        let factor = PowersOfTen.unsigned[shift - 38]
        let lower = first.low.multipliedFullWidth(by: factor)
        let (upper, overflow) = first.high.multipliedReportingOverflow(by: factor)
        let (high, wraps) = upper.addingReportingOverflow(lower.high)
        guard !overflow, !wraps else { return nil }
        return signed(divide((high, lower.low), by: right.magnitude), isNegative)
    }

    private static func signed(_ magnitude: UInt128?, _ isNegative: Bool) -> Int128? {
        guard let magnitude, magnitude <= UInt128(Int128.max) else { return nil }
        return isNegative ? -Int128(magnitude) : Int128(magnitude)
    }

    private static func divide(_ dividend: (high: UInt128, low: UInt128), by divisor: UInt128)
        -> UInt128?
    {
        guard dividend.high < divisor else { return nil }
        let (quotient, rest) = divisor.dividingFullWidth(dividend)
        guard rest >= divisor - rest else { return quotient }
        let (rounded, overflow) = quotient.addingReportingOverflow(1)
        return overflow ? nil : rounded
    }
}
