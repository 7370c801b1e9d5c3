import Bytes
import Values

/// What an expression gives for a batch: a value per row, or one for all.
enum Operand {
    case vector(ColumnVector)
    case scalar(Value, ValueType)

    var type: ValueType {
        switch self {
        case .vector(let vector): vector.type
        case .scalar(_, let type): type
        }
    }

    /// One value per row, whatever it was.
    func spread(_ count: Int) -> ColumnVector {
        switch self {
        case .vector(let vector): return vector
        case .scalar(let value, let type):
            var one = ColumnBuilder(type: type)
            one.append(value)
            let vector = one.makeVector()
            return count == 1
                ? vector : Selection.take(vector, [Int32](repeating: 0, count: count))
        }
    }

    var isNullScalar: Bool {
        if case .scalar(.null, _) = self { return true }
        return false
    }

    /// A side of a loop over integers (also times and Booleans) of T's width.
    func integerSide<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> Side<T> {
        switch self {
        case .vector(let vector): return .vector(vector)
        case .scalar(let value, _):
            switch value {
            case .integer(let number), .timestamp(let number), .date(let number),
                .timestampNanos(let number):
                return .scalar(T(truncatingIfNeeded: number))
            case .boolean(let flag): return .scalar(flag ? 1 : 0)
            case .decimal(let number): return .scalar(T(truncatingIfNeeded: number.units))
            case .null, .double, .string, .binary, .uuid, .long256, .array, .interval:
                return .scalar(0)
            }
        }
    }

    func floatSide<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) -> Side<T> {
        switch self {
        case .vector(let vector): return .vector(vector)
        case .scalar(.double(let number), _): return .scalar(T(number))
        case .scalar: return .scalar(0)
        }
    }

    /// A side of a loop over bytes; symbols become strings.
    func textSide() -> TextSide {
        switch self {
        case .vector(let vector): return .vector(Casting.text(vector))
        case .scalar(.string(let text), _): return TextSide(Array(text.utf8))
        case .scalar(.binary(let bytes), _): return TextSide(bytes)
        case .scalar: return TextSide([])
        }
    }
}

/// Conversions of whole vectors.
enum Casting {
    /// A SYMBOL or CHAR vector as VARCHAR; others as they are.
    static func text(_ vector: ColumnVector) -> ColumnVector {
        if vector.type == .char { return characters(vector) }
        guard vector.type == .symbol, let dictionary = vector.dictionary else { return vector }
        let strings = dictionary.strings
        var heap: [UInt8] = []
        let offsets = MemoryRegion(zeroed: 4 * (vector.count + 1))
        offsets.withMutableBytes { out in
            for row in 0..<vector.count {
                let code = Int(vector.load(row, UInt32.self))
                if !vector.isNull(row), code < strings.count {
                    heap.append(contentsOf: strings[code].utf8)
                }
                out.put(UInt32(truncatingIfNeeded: heap.count), row + 1)
            }
        }
        return ColumnVector(
            type: .varchar, count: vector.count, values: .init(offsets),
            validity: vector.validity, heap: .init(MemoryRegion(heap)))
    }

    private static func characters(_ vector: ColumnVector) -> ColumnVector {
        var builder = ColumnBuilder(type: .varchar)
        for row in 0..<vector.count { builder.append(vector.value(at: row)) }
        return builder.makeVector()
    }

    /// The conversions that cannot fail and are worth a loop; nil for the others.
    static func quick(_ vector: ColumnVector, to type: ValueType) -> ColumnVector? {
        switch (vector.type, type) {
        case (.symbol, .varchar): return text(vector)
        case (.int, .long): return mapElements(vector, to: type) { (x: Int32) in Int64(x) }
        case (.short, .long): return mapElements(vector, to: type) { (x: Int16) in Int64(x) }
        case (.byte, .long): return mapElements(vector, to: type) { (x: Int8) in Int64(x) }
        case (.short, .int): return mapElements(vector, to: type) { (x: Int16) in Int32(x) }
        case (.byte, .int): return mapElements(vector, to: type) { (x: Int8) in Int32(x) }
        case (.byte, .double): return mapElements(vector, to: type) { (x: Int8) in Double(x) }
        case (.short, .double): return mapElements(vector, to: type) { (x: Int16) in Double(x) }
        case (.int, .double): return mapElements(vector, to: type) { (x: Int32) in Double(x) }
        case (.long, .double): return mapElements(vector, to: type) { (x: Int64) in Double(x) }
        case (.float, .double): return mapElements(vector, to: type) { (x: Float) in Double(x) }
        case (.timestamp, .long), (.date, .long), (.timestampNanos, .long), (.long, .timestamp),
            (.long, .date), (.long, .timestampNanos):
            return ColumnVector(
                type: type, count: vector.count, values: vector.values, validity: vector.validity)
        default: return nil
        }
    }
}
