import Bytes
import Values

/// A SYMBOL column with the strings that occur, sorted by their bytes, and codes into them.
struct SortedSymbols {
    let strings: [String]
    /// Bytes of one code: 1, 2 or 4.
    let codeWidth: Int
    /// A code a row, 0 where the row is NULL.
    let codes: MemoryRegion

    init(_ vector: ColumnVector) {
        let all = vector.dictionary?.strings ?? []
        let isUsed = Self.usedCodes(vector, count: all.count)
        let order = all.indices.filter { isUsed[$0] }
            .sorted { all[$0].utf8.lexicographicallyPrecedes(all[$1].utf8) }
        var numbers = [UInt32](repeating: 0, count: all.count)
        for (number, old) in order.enumerated() { numbers[old] = UInt32(number) }
        strings = order.map { all[$0] }
        codeWidth = order.count <= 256 ? 1 : order.count <= 65_536 ? 2 : 4
        switch codeWidth {
        case 1: codes = Self.translate(vector, numbers, to: UInt8.self)
        case 2: codes = Self.translate(vector, numbers, to: UInt16.self)
        default: codes = Self.translate(vector, numbers, to: UInt32.self)
        }
    }

    private static func usedCodes(_ vector: ColumnVector, count: Int) -> [Bool] {
        var isUsed = [Bool](repeating: false, count: count)
        let codes = vector.values.bytes
        codes.check(vector.count, UInt32.self)
        guard let validity = vector.validity else {
            for row in 0..<vector.count { isUsed[Int(codes.element(row, UInt32.self))] = true }
            return isUsed
        }
        let bits = validity.bytes
        bits.check((vector.count + 7) / 8, UInt8.self)
        for row in 0..<vector.count where bits.isBitSet(row) {
            isUsed[Int(codes.element(row, UInt32.self))] = true
        }
        return isUsed
    }

    private static func translate<T: FixedWidthInteger & BitwiseCopyable>(
        _ vector: ColumnVector, _ numbers: [UInt32], to type: T.Type
    ) -> MemoryRegion {
        let region = MemoryRegion(zeroed: vector.count * MemoryLayout<T>.size)
        let codes = vector.values.bytes
        codes.check(vector.count, UInt32.self)
        let validity = vector.validity?.bytes
        validity?.check((vector.count + 7) / 8, UInt8.self)
        region.withMutableBytes { out in
            for row in 0..<vector.count {
                if let validity, !validity.isBitSet(row) { continue }
                let code = Int(codes.element(row, UInt32.self))
                out.put(T(truncatingIfNeeded: numbers[code]), row)
            }
        }
        return region
    }

    /// `count + 1` offsets, then the bytes.
    var dictionaryBytes: [UInt8] {
        var writer = ByteWriter()
        var end: UInt32 = 0
        writer.integer(end)
        for text in strings {
            end += UInt32(text.utf8.count)
            writer.integer(end)
        }
        for text in strings { writer.append(text.utf8) }
        return writer.bytes
    }
}

extension RawSpan {
    /// Whether all elements of some bytes each have the same bits as the one before.
    func isConstant(width: Int) -> Bool {
        var offset = 0
        while offset + width + 8 <= byteCount {
            let here = integer(at: offset, UInt64.self)
            if here != integer(at: offset + width, UInt64.self) { return false }
            offset += 8
        }
        while offset + width < byteCount {
            if integer(at: offset, UInt8.self) != integer(at: offset + width, UInt8.self) {
                return false
            }
            offset += 1
        }
        return true
    }
}
