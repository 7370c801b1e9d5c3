import Bytes
import Values

/// Choosing rows of vectors and putting vectors together.
enum Selection {
    /// The rows for which a BOOLEAN vector is true.
    static func trueRows(_ vector: ColumnVector) -> [Int32] {
        var rows = [Int32](repeating: 0, count: vector.count)
        var found = 0
        let values = vector.values.bytes
        values.check(vector.count, UInt8.self)
        if let validity = vector.validity {
            let bits = validity.bytes
            bits.check(Validity.bytes(vector.count), UInt8.self)
            for row in 0..<vector.count {
                rows[found] = Int32(truncatingIfNeeded: row)
                let isTrue = values.element(row, UInt8.self) != 0 && Validity.isSet(bits, row)
                found &+= isTrue ? 1 : 0
            }
        } else {
            for row in 0..<vector.count {
                rows[found] = Int32(truncatingIfNeeded: row)
                found &+= values.element(row, UInt8.self) != 0 ? 1 : 0
            }
        }
        rows.removeLast(rows.count - found)
        return rows
    }

    static func take(_ batch: Batch, _ rows: [Int32]) -> Batch {
        if rows.count == batch.rowCount, isIdentity(rows) { return batch }
        return Batch(rowCount: rows.count, columns: batch.columns.map { take($0, rows) })
    }

    private static func isIdentity(_ rows: [Int32]) -> Bool {
        for (index, row) in rows.enumerated() where Int(row) != index { return false }
        return true
    }

    /// The given rows of a vector in their order; a negative row is NULL.
    static func take(_ vector: ColumnVector, _ rows: [Int32]) -> ColumnVector {
        let validity = takeValidity(vector, rows)
        switch vector.type.width {
        case 1?: return gather(vector, rows, validity, UInt8.self)
        case 2?: return gather(vector, rows, validity, UInt16.self)
        case 4?: return gather(vector, rows, validity, UInt32.self)
        case 8?: return gather(vector, rows, validity, UInt64.self)
        case 16?: return gather(vector, rows, validity, UInt128.self)
        case 32?: return gather(vector, rows, validity, SIMD4<UInt64>.self)
        default: return gatherText(vector, rows, validity)
        }
    }

    private static func takeValidity(_ vector: ColumnVector, _ rows: [Int32])
        -> ColumnVector.Slice?
    {
        let hasAbsent = rows.contains { $0 < 0 }
        if vector.validity == nil && !hasAbsent { return nil }
        var flags = [UInt8](repeating: 0, count: rows.count)
        for (index, row) in rows.enumerated() where row >= 0 && !vector.isNull(Int(row)) {
            flags[index] = 1
        }
        return Validity.pack(flags)
    }

    private static func gather<T: BitwiseCopyable>(
        _ vector: ColumnVector, _ rows: [Int32], _ validity: ColumnVector.Slice?, _ type: T.Type
    ) -> ColumnVector {
        let source = vector.values.bytes
        let count = vector.count
        source.check(count, T.self)
        return ColumnVector.make(
            vector.type, count: rows.count, width: MemoryLayout<T>.size, validity: validity,
            dictionary: vector.dictionary
        ) { out in
            for index in 0..<rows.count {
                let row = Int(rows[index])
                precondition(row < count, "row is inside the vector")
                if row >= 0 { out.put(source.element(row, T.self), index) }
            }
        }
    }

    private static func gatherText(
        _ vector: ColumnVector, _ rows: [Int32], _ validity: ColumnVector.Slice?
    ) -> ColumnVector {
        let side = TextSide.vector(vector)
        let offsets = MemoryRegion(zeroed: 4 * (rows.count + 1))
        var total = 0
        for row in rows where row >= 0 { total += side.place(Int(row)).1.count }
        let heap = MemoryRegion(zeroed: total)
        offsets.withMutableBytes { ends in
            heap.withMutableBytes { bytes in
                var end = 0
                for (index, row) in rows.enumerated() {
                    if row >= 0 {
                        let (source, range) = side.place(Int(row))
                        let from = source.bytes
                        precondition(range.upperBound <= from.byteCount, "string is in the heap")
                        for offset in range {
                            bytes.put(from.element(offset, UInt8.self), end)
                            end &+= 1
                        }
                    }
                    ends.put(UInt32(truncatingIfNeeded: end), index + 1)
                }
            }
        }
        return ColumnVector(
            type: vector.type, count: rows.count, values: .init(offsets), validity: validity,
            heap: .init(heap))
    }

    /// Puts batches of the same columns behind each other.
    static func concatenate(_ batches: [Batch], types: [ValueType]) -> Batch {
        if batches.count == 1 { return batches[0] }
        let count = batches.reduce(0) { $0 + $1.rowCount }
        let columns = types.indices.map { index in
            concatenate(batches.map { $0.columns[index] }, type: types[index], count: count)
        }
        return Batch(rowCount: count, columns: columns)
    }

    static func concatenate(_ vectors: [ColumnVector], type: ValueType, count: Int)
        -> ColumnVector
    {
        let validity = concatenateValidity(vectors, count: count)
        switch type.width {
        case nil: return concatenateTexts(vectors, type, count, validity)
        case let width? where type != .symbol:
            return ColumnVector.make(type, count: count, width: width, validity: validity) { out in
                var end = 0
                for vector in vectors {
                    let source = vector.values.bytes
                    let size = vector.count * width
                    source.check(size, UInt8.self)
                    for offset in 0..<size {
                        out.put(source.element(offset, UInt8.self), end &+ offset)
                    }
                    end += size
                }
            }
        default: return concatenateSymbols(vectors, count, validity)
        }
    }

    private static func concatenateValidity(_ vectors: [ColumnVector], count: Int)
        -> ColumnVector.Slice?
    {
        guard vectors.contains(where: { $0.validity != nil }) else { return nil }
        var flags: [UInt8] = []
        flags.reserveCapacity(count)
        for vector in vectors {
            for row in 0..<vector.count { flags.append(vector.isNull(row) ? 0 : 1) }
        }
        return Validity.pack(flags)
    }

    private static func concatenateTexts(
        _ vectors: [ColumnVector], _ type: ValueType, _ count: Int, _ validity: ColumnVector.Slice?
    ) -> ColumnVector {
        let taken = vectors.map { TextSide.vector($0) }
        let offsets = MemoryRegion(zeroed: 4 * (count + 1))
        var heap: [UInt8] = []
        offsets.withMutableBytes { ends in
            var row = 0
            for (vector, side) in zip(vectors, taken) {
                for index in 0..<vector.count {
                    let (source, range) = side.place(index)
                    let from = source.bytes
                    precondition(range.upperBound <= from.byteCount, "string is in the heap")
                    for offset in range { heap.append(from.element(offset, UInt8.self)) }
                    row += 1
                    ends.put(UInt32(truncatingIfNeeded: heap.count), row)
                }
            }
        }
        return ColumnVector(
            type: type, count: count, values: .init(offsets), validity: validity,
            heap: .init(MemoryRegion(heap)))
    }

    private static func concatenateSymbols(
        _ vectors: [ColumnVector], _ count: Int, _ validity: ColumnVector.Slice?
    ) -> ColumnVector {
        var merged = SymbolMerge()
        let region = MemoryRegion(zeroed: 4 * count)
        region.withMutableBytes { out in
            var row = 0
            for vector in vectors {
                let map = merged.map(vector.dictionary)
                for index in 0..<vector.count {
                    let code = Int(vector.load(index, UInt32.self))
                    out.put(code < map.count ? map[code] : 0, row)
                    row += 1
                }
            }
        }
        return ColumnVector(
            type: .symbol, count: count, values: .init(region), validity: validity,
            dictionary: SymbolDictionary(merged.strings))
    }
}

/// Gives strings of several dictionaries codes in one.
struct SymbolMerge {
    private(set) var strings: [String] = []
    private var codes: [String: UInt32] = [:]
    private var last: (SymbolDictionary, [UInt32])?

    /// For each code of a dictionary the code here.
    mutating func map(_ dictionary: SymbolDictionary?) -> [UInt32] {
        guard let dictionary else { return [] }
        if let last, last.0 === dictionary { return last.1 }
        var map: [UInt32] = []
        map.reserveCapacity(dictionary.strings.count)
        for text in dictionary.strings {
            if let code = codes[text] {
                map.append(code)
            } else {
                let code = UInt32(strings.count)
                codes[text] = code
                strings.append(text)
                map.append(code)
            }
        }
        last = (dictionary, map)
        return map
    }
}
