import Values

/// One side of a loop: the elements of a vector, or one value for every row.
enum Side<T: BitwiseCopyable> {
    case vector(ColumnVector)
    case scalar(T)

    var slice: ColumnVector.Slice? {
        if case .vector(let vector) = self { return vector.values }
        return nil
    }

    var validity: ColumnVector.Slice? {
        if case .vector(let vector) = self { return vector.validity }
        return nil
    }
}

/// Computes an element of each row from those of two sides. The optimiser makes one loop of it per
/// type and operation, since everything here is inlined.
@inline(__always)
func zipElements<T: BitwiseCopyable, R: BitwiseCopyable>(
    _ left: Side<T>, _ right: Side<T>, count: Int, into out: inout MutableRawSpan,
    _ compute: (T, T) -> R
) {
    precondition(out.byteCount >= count &* MemoryLayout<R>.size, "results have room")
    switch (left, right) {
    case (.vector(let first), .vector(let second)):
        let a = first.values.bytes
        let b = second.values.bytes
        a.check(count, T.self)
        b.check(count, T.self)
        for row in 0..<count { out.put(compute(a.element(row), b.element(row)), row) }
    case (.vector(let first), .scalar(let value)):
        let a = first.values.bytes
        a.check(count, T.self)
        for row in 0..<count { out.put(compute(a.element(row), value), row) }
    case (.scalar(let value), .vector(let second)):
        let b = second.values.bytes
        b.check(count, T.self)
        for row in 0..<count { out.put(compute(value, b.element(row)), row) }
    case (.scalar(let first), .scalar(let second)):
        for row in 0..<count { out.put(compute(first, second), row) }
    }
}

/// Computes an element of each row from that of a vector.
@inline(__always)
func mapElements<T: BitwiseCopyable, R: BitwiseCopyable>(
    _ vector: ColumnVector, to type: ValueType, _ compute: (T) -> R
) -> ColumnVector {
    let count = vector.count
    let source = vector.values.bytes
    source.check(count, T.self)
    return ColumnVector.make(
        type, count: count, width: MemoryLayout<R>.size, validity: vector.validity
    ) { out in
        for row in 0..<count { out.put(compute(source.element(row)), row) }
    }
}

/// Visits the elements of rows that hold a value.
@inline(__always)
func forEachElement<T: BitwiseCopyable>(
    _ vector: ColumnVector, _ type: T.Type, _ body: (Int, T) -> Void
) {
    let count = vector.count
    let source = vector.values.bytes
    source.check(count, T.self)
    if let validity = vector.validity {
        let bits = validity.bytes
        bits.check(Validity.bytes(count), UInt8.self)
        for row in 0..<count where Validity.isSet(bits, row) { body(row, source.element(row)) }
    } else {
        for row in 0..<count { body(row, source.element(row)) }
    }
}
