import Bytes
import Planner
import Values

enum Comparison {
    /// Compares elements of one comparable type.
    static func ordered<T: Comparable & BitwiseCopyable>(
        _ operation: Operation, _ left: Side<T>, _ right: Side<T>, count: Int
    ) -> ColumnVector {
        let validity = Validity.both(left.validity, right.validity, count: count)
        return ColumnVector.make(.boolean, count: count, width: 1, validity: validity) { out in
            switch operation {
            case .equal:
                zipElements(left, right, count: count, into: &out) { $0 == $1 ? UInt8(1) : 0 }
            case .notEqual:
                zipElements(left, right, count: count, into: &out) { $0 != $1 ? UInt8(1) : 0 }
            case .less:
                zipElements(left, right, count: count, into: &out) { $0 < $1 ? UInt8(1) : 0 }
            case .lessOrEqual:
                zipElements(left, right, count: count, into: &out) { $0 <= $1 ? UInt8(1) : 0 }
            case .greater:
                zipElements(left, right, count: count, into: &out) { $0 > $1 ? UInt8(1) : 0 }
            default:
                zipElements(left, right, count: count, into: &out) { $0 >= $1 ? UInt8(1) : 0 }
            }
        }
    }

    /// Compares floating point as PostgreSQL does: NaN equals itself and is above all numbers.
    static func floats<T: BinaryFloatingPoint & BitwiseCopyable>(
        _ operation: Operation, _ left: Side<T>, _ right: Side<T>, count: Int
    ) -> ColumnVector {
        let validity = Validity.both(left.validity, right.validity, count: count)
        return ColumnVector.make(.boolean, count: count, width: 1, validity: validity) { out in
            switch operation {
            case .equal, .notEqual:
                let wanted: UInt8 = operation == .equal ? 1 : 0
                zipElements(left, right, count: count, into: &out) { first, second in
                    (first == second || first.isNaN && second.isNaN) ? wanted : 1 &- wanted
                }
            case .less, .greaterOrEqual:
                let wanted: UInt8 = operation == .less ? 1 : 0
                zipElements(left, right, count: count, into: &out) { first, second in
                    (first < second || second.isNaN && !first.isNaN) ? wanted : 1 &- wanted
                }
            default:
                let wanted: UInt8 = operation == .greater ? 1 : 0
                zipElements(left, right, count: count, into: &out) { first, second in
                    (first > second || first.isNaN && !second.isNaN) ? wanted : 1 &- wanted
                }
            }
        }
    }

    /// What the sign of a three-way comparison means.
    static func holds(_ operation: Operation, _ order: Int) -> Bool {
        switch operation {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        default: order >= 0
        }
    }

    /// Compares strings by their bytes, which is the order of their code points.
    static func texts(_ operation: Operation, _ left: TextSide, _ right: TextSide, count: Int)
        -> ColumnVector
    {
        let validity = Validity.both(left.validity, right.validity, count: count)
        return ColumnVector.make(.boolean, count: count, width: 1, validity: validity) { out in
            for row in 0..<count {
                out.put(UInt8(holds(operation, compare(left, right, row)) ? 1 : 0), row)
            }
        }
    }

    private static func compare(_ left: TextSide, _ right: TextSide, _ row: Int) -> Int {
        let (first, firstRange) = left.place(row)
        let (second, secondRange) = right.place(row)
        return compareBytes(first.bytes, firstRange, second.bytes, secondRange)
    }

    /// Three-way comparison of two runs of bytes.
    static func compareBytes(
        _ first: RawSpan, _ firstRange: Range<Int>, _ second: RawSpan, _ secondRange: Range<Int>
    ) -> Int {
        precondition(firstRange.upperBound <= first.byteCount, "string lies inside the heap")
        precondition(secondRange.upperBound <= second.byteCount, "string lies inside the heap")
        let shared = min(firstRange.count, secondRange.count)
        for index in 0..<shared {
            let a = first.element(firstRange.lowerBound &+ index, UInt8.self)
            let b = second.element(secondRange.lowerBound &+ index, UInt8.self)
            if a != b { return a < b ? -1 : 1 }
        }
        return firstRange.count - secondRange.count
    }
}

/// Strings of a VARCHAR or BINARY vector, or one for every row.
enum TextSide {
    case vector(ColumnVector)
    case scalar(ColumnVector.Slice)

    init(_ text: [UInt8]) { self = .scalar(ColumnVector.Slice(MemoryRegion(text))) }

    var validity: ColumnVector.Slice? {
        if case .vector(let vector) = self { return vector.validity }
        return nil
    }

    /// The heap and the range in it of a row.
    @inline(__always) func place(_ row: Int) -> (ColumnVector.Slice, Range<Int>) {
        switch self {
        case .scalar(let slice): return (slice, 0..<slice.count)
        case .vector(let vector):
            guard let heap = vector.heap else { return (vector.values, 0..<0) }
            let begin = Int(vector.load(row, UInt32.self))
            let end = Int(vector.load(row + 1, UInt32.self))
            return (heap, begin..<max(begin, end))
        }
    }
}
