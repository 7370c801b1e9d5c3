import Bytes
import Catalog
import Values

/// The committed rows of a table that are in no segment yet. Written by the committer alone;
/// readers hold a `MemtableView`.
///
/// INV-1 rows below a published count never change. INV-2 symbol codes are never reused.
final class Memtable {
    let types: [ValueType]
    let timestampIndex: Int?
    private(set) var view: MemtableView
    /// The commits of the first and the last row.
    private(set) var firstLSN: LSN
    private(set) var lastLSN: LSN
    private(set) var byteCount = 0
    private var codes: [[String: UInt32]]
    /// Bytes used in each heap of the last chunk.
    private var heapUsed: [Int] = []

    init(definition: TableDefinition, firstLSN: LSN) {
        types = definition.columns.map(\.type)
        timestampIndex = definition.timestampIndex
        self.firstLSN = firstLSN
        lastLSN = firstLSN
        codes = types.map { _ in [:] }
        view = MemtableView()
        view.dictionaries = types.map { $0 == .symbol ? GrowingDictionary() : nil }
    }

    var rowCount: Int { view.rowCount }

    /// The rows, when nobody appends to them any more.
    var frozen: FrozenRows {
        FrozenRows(view: view, firstLSN: firstLSN, lastLSN: lastLSN, byteCount: byteCount)
    }

    /// Appends rows that were checked against the definition.
    func append(_ batch: Batch, lsn: LSN) {
        lastLSN = lsn
        let mapped = batch.columns.enumerated().map { mapCodes($0.offset, $0.element) }
        var row = 0
        while row < batch.rowCount {
            var fitting = fittingRows(batch, from: row)
            if fitting == 0 {
                addChunk(for: batch, from: row)
                fitting = fittingRows(batch, from: row)
            }
            copy(batch, row..<row + fitting, mapped)
            row += fitting
        }
    }

    /// The codes of this memtable for those of a batch.
    private func mapCodes(_ index: Int, _ column: ColumnVector) -> [UInt32] {
        guard column.type == .symbol, let growing = view.dictionaries[index] else { return [] }
        let strings = column.dictionary?.strings ?? []
        return strings.map { text in
            if let code = codes[index][text] { return code }
            let code = UInt32(codes[index].count)
            codes[index][text] = code
            growing.append(text)
            return code
        }
    }

    private func fittingRows(_ batch: Batch, from row: Int) -> Int {
        guard let last = view.chunks.last else { return 0 }
        var count = min(batch.rowCount - row, last.chunk.capacity - last.rows)
        for (index, column) in batch.columns.enumerated() where column.type.width == nil {
            guard let heap = last.chunk.columns[index].heap else { continue }
            let free = heap.count - heapUsed[index]
            let offsets = column.values.bytes
            let begin = Int(offsets.integer(at: row * 4, UInt32.self))
            while count > 0,
                Int(offsets.integer(at: (row + count) * 4, UInt32.self)) - begin > free
            {
                // Halving first keeps this short; the rows left out go into the next chunk.
                count = count > 64 ? count / 2 : count - 1
            }
        }
        return count
    }

    private func addChunk(for batch: Batch, from row: Int) {
        let before = view.chunks.last?.chunk.capacity ?? Limits.firstChunkRows / 2
        let wanted = max(before * 2, min(batch.rowCount - row, Limits.chunkRows))
        let capacity = min(wanted, Limits.chunkRows)
        let next = min(row + 1, batch.rowCount)
        let heaps = batch.columns.map { column -> Int in
            guard column.type.width == nil else { return 0 }
            let offsets = column.values.bytes
            let begin = offsets.integer(at: row * 4, UInt32.self)
            let one = Int(offsets.integer(at: next * 4, UInt32.self) - begin)
            let rows = min(batch.rowCount - row, capacity)
            let all = Int(offsets.integer(at: (row + rows) * 4, UInt32.self) - begin)
            let usual = capacity * Limits.heapBytesPerRow
            return max(usual, one, min(all, usual * 8))
        }
        let chunk = MemtableChunk(types: types, capacity: capacity, heapBytes: heaps)
        heapUsed = types.map { _ in 0 }
        view.chunks.append(ChunkView(chunk: chunk))
        for column in chunk.columns {
            byteCount += column.values.count + column.nulls.count + (column.heap?.count ?? 0)
        }
    }

    private func copy(_ batch: Batch, _ rows: Range<Int>, _ mapped: [[UInt32]]) {
        let place = view.chunks.count - 1
        let target = view.chunks[place]
        for (index, column) in batch.columns.enumerated() {
            let to = target.chunk.columns[index]
            copyNulls(column, rows, to.nulls, target.rows)
            if column.type == .symbol {
                copySymbols(column, rows, mapped[index], to.values, target.rows)
            } else if let width = column.type.width {
                let bytes = column.values.bytes.extracting(
                    rows.lowerBound * width..<rows.upperBound * width)
                to.values.copy(bytes, to: target.rows * width)
            } else {
                copyStrings(index, column, rows, to, target.rows)
            }
        }
        if let timestampIndex { noteTimes(batch.columns[timestampIndex], rows, place) }
        view.chunks[place].rows += rows.count
    }

    private func copyNulls(
        _ column: ColumnVector, _ rows: Range<Int>, _ nulls: MemoryRegion, _ at: Int
    ) {
        guard column.validity != nil else { return }
        for row in rows where column.isNull(row) {
            nulls.store(UInt8(1), at: at + row - rows.lowerBound)
        }
    }

    private func copySymbols(
        _ column: ColumnVector, _ rows: Range<Int>, _ mapped: [UInt32], _ values: MemoryRegion,
        _ at: Int
    ) {
        let codes = column.values.bytes
        for row in rows {
            let code = Int(codes.integer(at: row * 4, UInt32.self))
            // A NULL row's code means nothing and may lie outside the dictionary.
            let new = code < mapped.count ? mapped[code] : 0
            values.store(new, at: (at + row - rows.lowerBound) * 4)
        }
    }

    private func copyStrings(
        _ index: Int, _ column: ColumnVector, _ rows: Range<Int>, _ to: MemtableChunk.Column,
        _ at: Int
    ) {
        guard let heap = to.heap else { return }
        let offsets = column.values.bytes
        let begin = offsets.integer(at: rows.lowerBound * 4, UInt32.self)
        let end = offsets.integer(at: rows.upperBound * 4, UInt32.self)
        let used = heapUsed[index]
        if let source = column.heap, end > begin {
            heap.copy(source.bytes.extracting(Int(begin)..<Int(end)), to: used)
        }
        for row in rows {
            let offset = offsets.integer(at: (row + 1) * 4, UInt32.self) - begin
            let place = at + row - rows.lowerBound + 1
            to.values.store(UInt32(used) + offset, at: place * 4)
        }
        heapUsed[index] = used + Int(end - begin)
    }

    private func noteTimes(_ column: ColumnVector, _ rows: Range<Int>, _ place: Int) {
        let times = column.values.bytes
        var low = view.chunks[place].minTimestamp ?? Int64.max
        var high = view.chunks[place].maxTimestamp ?? Int64.min
        var last = high
        var isSorted = view.chunks[place].isSorted
        for row in rows {
            let time = times.integer(at: row * 8, Int64.self)
            if time < last { isSorted = false }
            last = time
            low = min(low, time)
            high = max(high, time)
        }
        view.chunks[place].minTimestamp = low
        view.chunks[place].maxTimestamp = high
        view.chunks[place].isSorted = isSorted
    }
}
