import Diagnostics
import Planner
import Values

/// Functions that are computed row by row, on single values.
enum RowFunction {
    static func apply(
        _ operation: Operation, _ values: [Value], _ type: ValueType, _ allowance: Allowance
    ) throws(DatabaseError) -> Value {
        let texts = TextFunction(allowance: allowance)
        switch operation {
        case .concatenate:
            guard case .string = values[0], case .string = values[1] else { return .null }
            return .string(try texts.joined(values))
        case .add, .subtract, .negate: return try IntervalFunction.apply(operation, values, type)
        case .array: return try ArrayFunction.make(values, type)
        case .element: return ArrayFunction.element(values)
        case .quantified(let comparison, let isAll):
            return ArrayFunction.compare(values, comparison, isAll: isAll)
        default: break
        }
        guard case .function(let function) = operation else { return .null }
        switch function {
        case .concat: return .string(try texts.joined(values))
        case .greatest, .least: return extreme(values, wantsGreatest: function == .greatest)
        default: break
        }
        if values.contains(.null) { return .null }
        switch values.first {
        case .double(let number)?: return try numeric(function, number, values)
        case .decimal(let number)?: return try exact(function, number, values, type)
        case .array(let array)?: return ArrayFunction.length(function, array, values)
        case .integer(let number)?: return try integral(function, number)
        case .timestamp(let micros)?: return part(function, CivilTime(microseconds: micros))
        case .string(let unit)? where function == .date_trunc:
            guard case .timestamp(let micros) = values[1] else { return .null }
            return .timestamp(try truncated(micros, to: unit))
        case .string(let text)?: return try texts.apply(function, text, values)
        default: return .null
        }
    }

    private static func extreme(_ values: [Value], wantsGreatest: Bool) -> Value {
        var best = Value.null
        for value in values where value != .null {
            if best == .null || (precedes(best, value) == wantsGreatest && best != value) {
                best = value
            }
        }
        return best
    }

    /// The order of two values of one type.
    static func precedes(_ left: Value, _ right: Value) -> Bool {
        left.order(right) < 0
    }

    private static func numeric(_ function: ScalarFunction, _ number: Double, _ values: [Value])
        throws(DatabaseError) -> Value
    {
        switch function {
        case .abs: return .double(number.magnitude)
        case .floor: return .double(number.rounded(.down))
        case .ceil: return .double(number.rounded(.up))
        case .round:
            guard values.count > 1, case .integer(let digits) = values[1] else {
                return .double(number.rounded(.toNearestOrEven))
            }
            let scale = FloatingPower.ten(Int(max(-300, min(300, digits))))
            let scaled = number * scale
            return .double(scaled.isFinite ? scaled.rounded() / scale : number)
        case .sqrt:
            if number < 0 { throw .negativeRoot() }
            return .double(number.squareRoot())
        case .power:
            guard case .double(let exponent) = values[1] else { return .null }
            return .double(try FloatingPower.power(number, exponent))
        case .exp, .ln: throw .notSupported("function \(function.rawValue)", at: nil)
        default: return .null
        }
    }

    /// Rounds half away from zero, or down, or up, and stays exact.
    private static func exact(
        _ function: ScalarFunction, _ number: DecimalValue, _ values: [Value], _ type: ValueType
    ) throws(DatabaseError) -> Value {
        guard let shape = type.decimalShape else { return .null }
        var result: DecimalValue?
        switch function {
        case .abs: result = DecimalValue(units: Swift.abs(number.units), scale: number.scale)
        case .floor, .ceil:
            let unit = Int128(PowersOfTen.unsigned[Int(number.scale)])
            let (quotient, rest) = number.units.quotientAndRemainder(dividingBy: unit)
            let step: Int128 =
                function == .floor ? (rest < 0 ? -1 : 0) : (rest > 0 ? 1 : 0)
            result = DecimalValue(units: quotient + step, scale: 0)
        case .round:
            var digits = 0
            if values.count > 1, case .integer(let wanted) = values[1] {
                digits = Int(max(-38, min(38, wanted)))
            }
            // Tens and hundreds are rounded as digits of a number that much smaller.
            let shift = digits < 0 ? -digits : 0
            guard shift + Int(number.scale) <= 38 else {
                return .decimal(DecimalValue(units: 0, scale: shape.scale))
            }
            let small = DecimalValue(units: number.units, scale: number.scale + UInt8(shift))
            let rounded = small.rescaled(to: min(UInt8(max(0, digits)), number.scale))
            let factor = Int128(PowersOfTen.unsigned[shift])
            result = rounded.flatMap {
                let (units, overflow) = $0.units.multipliedReportingOverflow(by: factor)
                return overflow ? nil : DecimalValue(units: units, scale: $0.scale)
            }
        default: return .null
        }
        guard let fitted = result?.fitted(to: shape) else { throw .outOfRange(type) }
        return .decimal(fitted)
    }

    private static func integral(_ function: ScalarFunction, _ number: Int64)
        throws(DatabaseError) -> Value
    {
        guard function == .abs else { return .null }
        guard number != .min else { throw .outOfRange(.long) }
        return .integer(Swift.abs(number))
    }

    private static func part(_ function: ScalarFunction, _ time: CivilTime) -> Value {
        switch function {
        case .year: .integer(Int64(time.year))
        case .month: .integer(Int64(time.month))
        case .day: .integer(Int64(time.day))
        case .hour: .integer(Int64(time.hour))
        case .minute: .integer(Int64(time.minute))
        case .second: .integer(Int64(time.second))
        case .micros: .integer(Int64(time.microsecond % 1000))
        default: .null
        }
    }

    private static func truncated(_ micros: Int64, to unit: String) throws(DatabaseError) -> Int64 {
        var time = CivilTime(microseconds: micros)
        let units = ["microseconds", "second", "minute", "hour", "day", "month", "year"]
        let name = unit.lowercased()
        if name == "week" {
            let days = CivilTime.daysSinceEpoch(year: time.year, month: time.month, day: time.day)
            let monday = days - ((days + 3) % 7 + 7) % 7
            let (start, overflow) = Int64(monday).multipliedReportingOverflow(
                by: CivilTime.microsecondsPerDay)
            return overflow ? micros : start
        }
        guard let level = units.firstIndex(of: name) else {
            throw .badArgument("unit \"\(unit)\" not recognized for type timestamp")
        }
        if level >= 1 { time.microsecond = 0 }
        if level >= 2 { time.second = 0 }
        if level >= 3 { time.minute = 0 }
        if level >= 4 { time.hour = 0 }
        if level >= 5 { time.day = 1 }
        if level >= 6 { time.month = 1 }
        return time.microseconds ?? micros
    }
}

/// Powers without a mathematics library: whole exponents only.
enum FloatingPower {
    static func ten(_ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<exponent.magnitude { result *= 10 }
        return exponent < 0 ? 1 / result : result
    }

    static func power(_ number: Double, _ exponent: Double) throws(DatabaseError) -> Double {
        if exponent == 0.5 { return number.squareRoot() }
        guard let whole = Int(exactly: exponent), whole.magnitude < 1 << 20 else {
            throw .notSupported("a power with a fraction", at: nil)
        }
        var result = 1.0
        var factor = number
        var rest = whole.magnitude
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return whole < 0 ? 1 / result : result
    }
}
