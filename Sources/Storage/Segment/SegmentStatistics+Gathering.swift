import Bytes
import Values

// One typed loop per layout; the only values made are the bounds of a whole block.
extension SegmentStatistics {
    /// Takes in rows of a vector; `symbols` is the column as it is written, for a SYMBOL.
    init(_ column: ColumnVector, _ symbols: SortedSymbols?, _ range: Range<Int>) {
        self.init()
        rows = range.count
        let valid = ValidRows(column, range)
        nulls = range.count - valid.count
        if range.isEmpty { return }
        first = column.value(at: range.lowerBound).cutForStatistics
        last = column.value(at: range.upperBound - 1).cutForStatistics
        if valid.count == 0 { return }
        switch column.type.layout {
        case .boolean: addIntegers(column, valid, UInt8.self) { .boolean($0 != 0) }
        case .int8: addIntegers(column, valid, Int8.self) { .integer($0) }
        case .int16: addIntegers(column, valid, Int16.self) { .integer($0) }
        case .int32: addIntegers(column, valid, Int32.self) { .integer($0) }
        case .uint32: addIntegers(column, valid, UInt32.self) { .integer($0) }
        case .int64: addLongs(column, valid)
        case .float: addFloats(column, valid)
        case .double: addDoubles(column, valid)
        case .symbol: if let symbols { addSymbols(symbols, valid) }
        case .text, .bytes: addStrings(column, valid)
        case .uuid: addUUIDs(column, valid)
        case .uint16, .int128, .long256: addValues(column, valid)
        // Arrays have no bounds anyone asks for; intervals are never stored.
        case .array, .interval: break
        }
    }

    /// Bounds one value after the other, for types that are rare.
    private mutating func addValues(_ column: ColumnVector, _ valid: ValidRows) {
        var low = Value.null
        var high = Value.null
        valid.forEach { row in
            let value = column.value(at: row)
            if low == .null || value.isBefore(low) { low = value }
            if high == .null || high.isBefore(value) { high = value }
        }
        minimum = low.cutForStatistics
        maximum = high.cutUpwards
    }

    private mutating func addIntegers<T: FixedWidthInteger & BitwiseCopyable>(
        _ column: ColumnVector, _ valid: ValidRows, _ type: T.Type,
        _ make: (Int64) -> Value
    ) {
        let values = column.values.bytes
        values.check(column.count, T.self)
        var low = T.max
        var high = T.min
        var sum: Int64 = 0
        valid.forEach { row in
            let value = values.element(row, T.self)
            low = min(low, value)
            high = max(high, value)
            // 16,384 rows of at most 32 bits cannot overflow.
            sum &+= Int64(truncatingIfNeeded: value)
        }
        minimum = make(Int64(low))
        maximum = make(Int64(high))
        integerSum = Int128(sum)
    }

    private mutating func addLongs(_ column: ColumnVector, _ valid: ValidRows) {
        let values = column.values.bytes
        values.check(column.count, Int64.self)
        var low = Int64.max
        var high = Int64.min
        // The sum in two halves of 32 bits, neither of which can overflow in 16,384 rows.
        var lower: UInt64 = 0
        var upper: Int64 = 0
        valid.forEach { row in
            let value = values.element(row, Int64.self)
            low = min(low, value)
            high = max(high, value)
            lower &+= UInt64(bitPattern: value) & 0xffff_ffff
            upper &+= value &>> 32
        }
        minimum = Self.long(low, column.type)
        maximum = Self.long(high, column.type)
        integerSum = Int128(upper) << 32 + Int128(lower)
    }

    private static func long(_ number: Int64, _ type: ValueType) -> Value {
        switch type {
        case .date: .date(number)
        case .timestamp: .timestamp(number)
        case .timestampNanos: .timestampNanos(number)
        default: .integer(number)
        }
    }

    private mutating func addFloats(_ column: ColumnVector, _ valid: ValidRows) {
        let values = column.values.bytes
        values.check(column.count, Float.self)
        var gathered = DoubleLane()
        valid.forEach { row in gathered.add(Double(values.element(row, Float.self))) }
        take(gathered)
    }

    private mutating func addDoubles(_ column: ColumnVector, _ valid: ValidRows) {
        let values = column.values.bytes
        values.check(column.count, Double.self)
        var gathered = DoubleLane()
        if valid.isDense {
            var lanes = DoubleLanes()
            var row = valid.range.lowerBound
            while row + DoubleLanes.width <= valid.range.upperBound {
                lanes.add(values.doubles(at: row))
                row += DoubleLanes.width
            }
            lanes.fold(into: &gathered)
            while row < valid.range.upperBound {
                gathered.add(values.element(row, Double.self))
                row += 1
            }
        } else {
            valid.forEach { row in gathered.add(values.element(row, Double.self)) }
        }
        take(gathered)
    }

    private mutating func take(_ lane: DoubleLane) {
        nans = lane.nans
        doubleSum = lane.sum
        // Of a sum that is not finite nothing is left to compensate, and the error term is NaN.
        compensation = lane.sum.isFinite && lane.error.isFinite ? lane.error : 0
        if !hasValues { return }
        minimum = .double(lane.low)
        maximum = .double(lane.high)
    }

    /// Codes are sorted as their strings are: the bounds are those of the lowest and highest code.
    private mutating func addSymbols(_ symbols: SortedSymbols, _ valid: ValidRows) {
        let bounds: (low: Int, high: Int)
        switch symbols.codeWidth {
        case 1: bounds = Self.codeBounds(symbols, valid, UInt8.self)
        case 2: bounds = Self.codeBounds(symbols, valid, UInt16.self)
        default: bounds = Self.codeBounds(symbols, valid, UInt32.self)
        }
        minimum = Value.string(symbols.strings[bounds.low]).cutForStatistics
        maximum = Value.string(symbols.strings[bounds.high]).cutUpwards
    }

    private static func codeBounds<T: FixedWidthInteger & BitwiseCopyable>(
        _ symbols: SortedSymbols, _ valid: ValidRows, _ type: T.Type
    ) -> (low: Int, high: Int) {
        let codes = symbols.codes.bytes
        codes.check(valid.range.upperBound, T.self)
        var low = T.max
        var high = T.min
        valid.forEach { row in
            let code = codes.element(row, T.self)
            low = min(low, code)
            high = max(high, code)
        }
        return (Int(low), Int(high))
    }

    private mutating func addUUIDs(_ column: ColumnVector, _ valid: ValidRows) {
        let values = column.values.bytes
        values.check(column.count * 2, UInt64.self)
        var low = (UInt64.max, UInt64.max)
        var high = (UInt64.min, UInt64.min)
        valid.forEach { row in
            let value = (
                values.element(2 * row, UInt64.self), values.element(2 * row + 1, UInt64.self)
            )
            if value < low { low = value }
            if high < value { high = value }
        }
        minimum = .uuid(low.0, low.1)
        maximum = .uuid(high.0, high.1)
    }

    private mutating func addStrings(_ column: ColumnVector, _ valid: ValidRows) {
        guard let slice = column.heap else { return }
        let heap = slice.bytes
        let offsets = column.values.bytes
        offsets.check(column.count + 1, UInt32.self)
        var low = -1
        var high = -1
        var lowKey: UInt64 = 0
        var highKey: UInt64 = 0
        valid.forEach { row in
            let key = StringRows.key(offsets, heap, row)
            if low < 0 || key < lowKey
                || key == lowKey && StringRows.isBefore(offsets, heap, row, low)
            {
                low = row
                lowKey = key
            }
            if high < 0 || key > highKey
                || key == highKey && StringRows.isBefore(offsets, heap, high, row)
            {
                high = row
                highKey = key
            }
        }
        if low < 0 { return }
        minimum = column.value(at: low).cutForStatistics
        maximum = column.value(at: high).cutUpwards
    }
}

/// The rows of a range that hold a value.
private struct ValidRows {
    let range: Range<Int>
    let count: Int
    private let validity: ColumnVector.Slice?

    init(_ column: ColumnVector, _ range: Range<Int>) {
        self.range = range
        validity = column.validity
        guard let validity else {
            count = range.count
            return
        }
        let bits = validity.bytes
        bits.check((range.upperBound + 7) / 8, UInt8.self)
        var count = 0
        for row in range where bits.isBitSet(row) { count += 1 }
        self.count = count
    }

    var isDense: Bool { count == range.count }

    @inline(__always) func forEach(_ body: (Int) -> Void) {
        var row = range.lowerBound
        let end = range.upperBound
        if isDense {
            while row < end {
                body(row)
                row &+= 1
            }
        } else if let validity {
            let bits = validity.bytes
            while row < end {
                if bits.isBitSet(row) { body(row) }
                row &+= 1
            }
        }
    }
}

/// What is gathered of doubles, one after the other.
private struct DoubleLane {
    var sum = 0.0
    var error = 0.0
    var low = Double.infinity
    var high = -Double.infinity
    var nans = 0

    /// Adds by Knuth's two-sum: the error is exact whatever the order of magnitudes.
    @inline(__always) mutating func add(_ value: Double) {
        if value.isNaN {
            nans += 1
            return
        }
        let next = sum + value
        let part = next - sum
        error += (sum - (next - part)) + (value - part)
        sum = next
        low = value < low ? value : low
        high = value > high ? value : high
    }
}

/// The same for eight at a time.
private struct DoubleLanes {
    typealias Vector = SIMD8<Double>
    static let width = 8

    private var sum = Vector.zero
    private var error = Vector.zero
    private var low = Vector(repeating: .infinity)
    private var high = Vector(repeating: -.infinity)
    private var nans = SIMD8<Int64>.zero

    @inline(__always) mutating func add(_ values: Vector) {
        let isNaN = values .!= values
        let numbers = values.replacing(with: Vector.zero, where: isNaN)
        let next = sum + numbers
        let part = next - sum
        error += (sum - (next - part)) + (numbers - part)
        sum = next
        low = low.replacing(with: values, where: values .< low)
        high = high.replacing(with: values, where: values .> high)
        nans &+= SIMD8<Int64>.zero.replacing(with: SIMD8<Int64>(repeating: 1), where: isNaN)
    }

    func fold(into lane: inout DoubleLane) {
        for index in 0..<Self.width {
            lane.nans += Int(nans[index])
            lane.low = min(lane.low, low[index])
            lane.high = max(lane.high, high[index])
            let next = lane.sum + sum[index]
            let part = next - lane.sum
            lane.error += (lane.sum - (next - part)) + (sum[index] - part) + error[index]
            lane.sum = next
        }
    }
}

extension RawSpan {
    /// Eight doubles from a row on, without a check.
    ///
    /// - Requires: the span was checked to have them.
    @inline(__always) fileprivate func doubles(at row: Int) -> SIMD8<Double> {
        // SAFETY: the requirement above; any bits are doubles.
        unsafe unsafeLoadUnaligned(
            fromUncheckedByteOffset: row &* 8, as: SIMD8<Double>.self)
    }
}

/// Comparing the bytes of VARCHAR or BINARY rows.
private enum StringRows {
    private static func range(_ offsets: RawSpan, _ heap: RawSpan, _ row: Int)
        -> (begin: Int, end: Int)
    {
        let begin = Int(offsets.element(row, UInt32.self))
        let end = Int(offsets.element(row + 1, UInt32.self))
        precondition(begin <= end && end <= heap.byteCount, "offsets lie inside the heap")
        return (begin, end)
    }

    /// The first eight bytes as a number that compares as they do.
    static func key(_ offsets: RawSpan, _ heap: RawSpan, _ row: Int) -> UInt64 {
        let (begin, end) = range(offsets, heap, row)
        if end - begin >= 8 { return UInt64(bigEndian: heap.integer(at: begin)) }
        var key: UInt64 = 0
        for offset in begin..<end { key = key << 8 | UInt64(heap.integer(at: offset, UInt8.self)) }
        return end == begin ? 0 : key << UInt64(8 * (8 - (end - begin)))
    }

    /// Compares all bytes.
    static func isBefore(_ offsets: RawSpan, _ heap: RawSpan, _ row: Int, _ other: Int) -> Bool {
        let left = range(offsets, heap, row)
        let right = range(offsets, heap, other)
        let count = min(left.end - left.begin, right.end - right.begin)
        for offset in 0..<count {
            let here = heap.integer(at: left.begin + offset, UInt8.self)
            let there = heap.integer(at: right.begin + offset, UInt8.self)
            if here != there { return here < there }
        }
        return left.end - left.begin < right.end - right.begin
    }
}
