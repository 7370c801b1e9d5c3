import Bytes
import Values

/// Some rows of a batch as a batch of their own.
extension Batch {
    /// All rows but some.
    ///
    /// - Requires: `hidden` ascends.
    func without(_ hidden: [Int32]) -> Batch {
        var rows: [Int] = []
        rows.reserveCapacity(rowCount - hidden.count)
        var next = hidden[...]
        for row in 0..<rowCount {
            if let first = next.first, Int(first) == row {
                next.removeFirst()
            } else {
                rows.append(row)
            }
        }
        return Batch(rowCount: rows.count, columns: columns.map { $0.taking(rows) })
    }

    /// Rows that lie together; copied, unless they are all.
    func taking(_ rows: Range<Int>) -> Batch {
        if rows.count == rowCount { return self }
        return Batch(rowCount: rows.count, columns: columns.map { $0.taking(Array(rows)) })
    }
}

extension ColumnVector {
    /// Some rows, in the given order.
    fileprivate func taking(_ rows: [Int]) -> ColumnVector {
        guard let width = type.width else { return takingTexts(rows) }
        let region = MemoryRegion(zeroed: rows.count * width)
        let source = values.bytes
        for (target, row) in rows.enumerated() {
            switch width {
            case 1: region.store(source.integer(at: row, UInt8.self), at: target)
            case 2: region.store(source.integer(at: row * 2, UInt16.self), at: target * 2)
            case 4: region.store(source.integer(at: row * 4, UInt32.self), at: target * 4)
            case 8: region.store(source.integer(at: row * 8, UInt64.self), at: target * 8)
            default:
                region.copy(
                    source.extracting(row * width..<(row + 1) * width), to: target * width)
            }
        }
        return ColumnVector(
            type: type, count: rows.count, values: .init(region), validity: takingValidity(rows),
            dictionary: dictionary)
    }

    private func takingValidity(_ rows: [Int]) -> Slice? {
        guard validity != nil else { return nil }
        var bits = [UInt8](repeating: 0, count: (rows.count + 7) / 8)
        for (target, row) in rows.enumerated() where !isNull(row) {
            bits[target >> 3] |= 1 << UInt8(target & 7)
        }
        return .init(MemoryRegion(array: bits[...]))
    }

    private func takingTexts(_ rows: [Int]) -> ColumnVector {
        let offsets = MemoryRegion(zeroed: (rows.count + 1) * 4)
        var bytes = ByteWriter()
        let source = values.bytes
        for (target, row) in rows.enumerated() {
            let begin = Int(source.integer(at: row * 4, UInt32.self))
            let end = Int(source.integer(at: (row + 1) * 4, UInt32.self))
            if end > begin, let heap { bytes.append(heap.bytes.extracting(begin..<end)) }
            offsets.store(UInt32(truncatingIfNeeded: bytes.count), at: (target + 1) * 4)
        }
        return ColumnVector(
            type: type, count: rows.count, values: .init(offsets), validity: takingValidity(rows),
            heap: .init(MemoryRegion(bytes.bytes)))
    }
}
