import Bytes
import Synchronization
import Values

/// Memory for a fixed number of rows. It never moves; rows below a version's count never change, so
/// readers need no lock for them while the committer writes the rows above.
struct MemtableChunk: Sendable {
    struct Column: Sendable {
        let type: ValueType
        /// Values, codes, or `capacity + 1` offsets into `heap`.
        let values: MemoryRegion
        /// A byte per row, 1 where the row is NULL: bits would share bytes with rows being written.
        let nulls: MemoryRegion
        let heap: MemoryRegion?
    }

    let capacity: Int
    let columns: [Column]

    init(types: [ValueType], capacity: Int, heapBytes: [Int]) {
        self.capacity = capacity
        var columns: [Column] = []
        for (index, type) in types.enumerated() {
            let bytes = type.width.map { $0 * capacity } ?? (capacity + 1) * 4
            columns.append(
                Column(
                    type: type, values: MemoryRegion(zeroed: bytes),
                    nulls: MemoryRegion(zeroed: capacity),
                    heap: type.width == nil ? MemoryRegion(zeroed: heapBytes[index]) : nil))
        }
        self.columns = columns
    }

    /// Presents rows of a column without copying its values.
    func vector(_ column: Int, rows: Range<Int>, dictionary: SymbolDictionary?) -> ColumnVector {
        let source = columns[column]
        let width = source.type.width ?? 4
        let extra = source.type.width == nil ? 1 : 0
        return ColumnVector(
            type: source.type, count: rows.count,
            values: .init(
                source.values, offset: rows.lowerBound * width,
                count: (rows.count + extra) * width),
            validity: validity(source.nulls, rows), heap: source.heap.map { .init($0) },
            dictionary: dictionary)
    }

    private func validity(_ nulls: MemoryRegion, _ rows: Range<Int>) -> ColumnVector.Slice? {
        let bytes = nulls.bytes.extracting(rows)
        if !bytes.hasNonzeroByte { return nil }
        var bits: [UInt8] = []
        for row in 0..<rows.count where bytes.integer(at: row, UInt8.self) != 0 {
            if bits.isEmpty { bits = Array(repeating: 255, count: (rows.count + 7) / 8) }
            bits[row >> 3] &= ~(1 << UInt8(row & 7))
        }
        return bits.isEmpty ? nil : .init(MemoryRegion(array: bits[...]))
    }
}

/// A chunk and how much of it a version may read.
struct ChunkView: Sendable {
    let chunk: MemtableChunk
    var rows = 0
    var minTimestamp: Int64?
    var maxTimestamp: Int64?
    var isSorted = true
}

/// The strings of a SYMBOL column in memory: appended by the committer, read by anyone.
final class GrowingDictionary: Sendable {
    private struct State {
        var strings: [String] = []
        var published: SymbolDictionary?
    }

    private let state = Mutex(State())

    func append(_ text: String) {
        state.withLock {
            $0.strings.append(text)
            $0.published = nil
        }
    }

    /// A dictionary that knows at least every code published so far.
    func current() -> SymbolDictionary {
        state.withLock {
            if let published = $0.published { return published }
            let dictionary = SymbolDictionary($0.strings)
            $0.published = dictionary
            return dictionary
        }
    }
}

/// The rows of a memtable as one version sees them.
struct MemtableView: Sendable {
    var chunks: [ChunkView] = []
    var dictionaries: [GrowingDictionary?] = []

    var rowCount: Int { chunks.reduce(0) { $0 + $1.rows } }
}
