import Bytes
import Catalog
import Values

/// The rows of several batches of one table in the order of their timestamps, from which those of
/// one segment after the other are gathered.
///
/// Rows that came in order and lie in one batch are not copied at all.
struct SortedRows {
    let rowCount: Int
    private let definition: TableDefinition
    private let batches: [Batch]
    /// The first row of each batch, and the end.
    private let starts: [Int]
    private let order: TimeOrder?
    private let symbols: [CombinedSymbols?]

    init(_ rows: [Batch], definition: TableDefinition) {
        let batches = rows.filter { $0.rowCount > 0 }
        self.batches = batches
        self.definition = definition
        starts = batches.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.rowCount) }
        rowCount = starts.last ?? 0
        order = definition.timestampIndex.map { index in
            TimeOrder(batches.map { $0.columns[index] })
        }
        symbols = definition.columns.indices.map { index in
            guard definition.columns[index].type == .symbol else { return nil }
            return CombinedSymbols(batches.map { $0.columns[index].dictionary })
        }
    }

    /// The timestamp of a row; nil in a table without a designated one.
    func timestamp(at row: Int) -> Int64? { order?.times[row] }

    /// The end of the rows from `begin` on that are not after `bound`.
    func end(from begin: Int, notAfter bound: Int64) -> Int {
        guard let times = order?.times else { return rowCount }
        var low = begin
        var high = rowCount
        while low < high {
            let middle = low + (high - low) / 2
            if times[middle] <= bound { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Shortens a range until its values stay below a number of bytes; one row always fits.
    func cut(_ range: Range<Int>, toBytes limit: Int) -> Int {
        let fixed = definition.columns.reduce(0) { $0 + ($1.type.width ?? 4) }
        let strings = definition.columns.indices.filter {
            definition.columns[$0].type.width == nil
        }
        let heaps = batches.reduce(0) { sum, batch in
            strings.reduce(sum) { $0 + (batch.columns[$1].heap?.count ?? 0) }
        }
        if fixed * range.count + heaps <= limit { return range.upperBound }
        var bytes = 0
        for row in range {
            bytes += fixed
            let (batch, place) = place(of: row)
            for column in strings {
                let offsets = batches[batch].columns[column].values
                bytes += Int(offsets.bytes.integer(at: (place + 1) * 4, UInt32.self))
                bytes -= Int(offsets.bytes.integer(at: place * 4, UInt32.self))
            }
            if bytes > limit, row > range.lowerBound { return row }
        }
        return range.upperBound
    }

    private func place(of row: Int) -> (batch: Int, row: Int) {
        if let place = order?.places?[row] {
            return (Int(place >> 32), Int(place & 0xffff_ffff))
        }
        var low = 0
        var high = batches.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= row { low = middle } else { high = middle }
        }
        return (low, row - starts[low])
    }

    /// The rows of a range, as they go into a segment.
    func batch(_ range: Range<Int>) -> Batch {
        Batch(
            rowCount: range.count,
            columns: definition.columns.indices.map { column($0, range) })
    }

    private func column(_ index: Int, _ range: Range<Int>) -> ColumnVector {
        let type = definition.columns[index].type
        let validity = validity(index, range)
        let dictionary = symbols[index]?.dictionary
        guard type.width != nil else { return strings(index, range, validity) }
        let values: ColumnVector.Slice
        switch type.width {
        case 1: values = elements(index, range, UInt8.self)
        case 2: values = elements(index, range, UInt16.self)
        case 4: values = elements(index, range, UInt32.self)
        case 8: values = elements(index, range, UInt64.self)
        case 16: values = elements(index, range, SIMD2<UInt64>.self)
        case 32: values = elements(index, range, SIMD4<UInt64>.self)
        default: preconditionFailure("every width of a column's values is listed")
        }
        let remaps = symbols[index]?.remaps ?? []
        return ColumnVector(
            type: type, count: range.count,
            values: remaps.isEmpty ? values : remapped(values, range, remaps), validity: validity,
            dictionary: dictionary)
    }

    private func elements<T: BitwiseCopyable>(_ index: Int, _ range: Range<Int>, _ type: T.Type)
        -> ColumnVector.Slice
    {
        let width = MemoryLayout<T>.size
        if let places = order?.places {
            let region = MemoryRegion(zeroed: range.count * width)
            let sources = batches.map { $0.columns[index].values }
            region.withMutableBytes { out in
                SourcePointers(sources).gather(places[range], T.self, into: &out)
            }
            return .init(region)
        }
        let parts = parts(of: range)
        if let only = parts.first, parts.count == 1 {
            let values = batches[only.batch].columns[index].values
            return ColumnVector.Slice(
                values.region, offset: values.offset + only.rows.lowerBound * width,
                count: range.count * width)
        }
        let region = MemoryRegion(zeroed: range.count * width)
        for part in parts {
            let source = batches[part.batch].columns[index].values
            region.copy(
                source.bytes.extracting(
                    part.rows.lowerBound * width..<part.rows.upperBound * width),
                to: part.target * width)
        }
        return .init(region)
    }

    private struct Part {
        let batch: Int
        let rows: Range<Int>
        /// The first row's place in the range.
        let target: Int
    }

    /// The rows of each batch that a range has, when they came in order.
    private func parts(of range: Range<Int>) -> [Part] {
        batches.indices.compactMap { batch in
            let rows = range.clamped(to: starts[batch]..<starts[batch + 1])
            if rows.isEmpty { return nil }
            let local = rows.lowerBound - starts[batch]..<rows.upperBound - starts[batch]
            return Part(batch: batch, rows: local, target: rows.lowerBound - range.lowerBound)
        }
    }

    /// Visits the rows of a range: target, batch and the row in it.
    private func forEach(_ range: Range<Int>, _ body: (Int, Int, Int) -> Void) {
        if let places = order?.places {
            for (target, place) in places[range].enumerated() {
                body(target, Int(place >> 32), Int(place & 0xffff_ffff))
            }
            return
        }
        for part in parts(of: range) {
            for row in part.rows { body(part.target + row - part.rows.lowerBound, part.batch, row) }
        }
    }

    /// Codes of the combined dictionary for those of each batch.
    private func remapped(
        _ codes: ColumnVector.Slice, _ range: Range<Int>, _ remaps: [[UInt32]]
    ) -> ColumnVector.Slice {
        let region = MemoryRegion(zeroed: range.count * 4)
        let source = codes.bytes
        source.check(range.count, UInt32.self)
        region.withMutableBytes { out in
            forEach(range) { target, batch, _ in
                // A NULL row's code means nothing and may lie outside the dictionary.
                let code = Int(source.element(target, UInt32.self))
                if code < remaps[batch].count { out.put(remaps[batch][code], target) }
            }
        }
        return .init(region)
    }

    private func validity(_ index: Int, _ range: Range<Int>) -> ColumnVector.Slice? {
        let bitmaps = batches.map { $0.columns[index].validity }
        if bitmaps.allSatisfy({ $0 == nil }) { return nil }
        var bits = [UInt8](repeating: 255, count: (range.count + 7) / 8)
        var nulls = 0
        forEach(range) { target, batch, row in
            guard let bitmap = bitmaps[batch] else { return }
            if bitmap.bytes.integer(at: row >> 3, UInt8.self) & (1 << UInt8(row & 7)) == 0 {
                bits[target >> 3] &= ~(1 << UInt8(target & 7))
                nulls += 1
            }
        }
        return nulls == 0 ? nil : .init(MemoryRegion(array: bits[...]))
    }

    private func strings(
        _ index: Int, _ range: Range<Int>, _ validity: ColumnVector.Slice?
    ) -> ColumnVector {
        let offsets = MemoryRegion(zeroed: (range.count + 1) * 4)
        var heap = ByteWriter()
        forEach(range) { target, batch, row in
            let column = batches[batch].columns[index]
            let values = column.values
            let source = values.bytes
            let begin = Int(source.integer(at: row * 4, UInt32.self))
            let end = Int(source.integer(at: (row + 1) * 4, UInt32.self))
            if end > begin, let slice = column.heap {
                heap.append(slice.bytes.extracting(begin..<end))
            }
            offsets.store(UInt32(heap.count), at: (target + 1) * 4)
        }
        return ColumnVector(
            type: definition.columns[index].type, count: range.count, values: .init(offsets),
            validity: validity, heap: .init(MemoryRegion(heap.bytes)))
    }
}

/// One dictionary for the symbols of several batches.
private struct CombinedSymbols {
    let dictionary: SymbolDictionary
    /// Its codes for those of each batch; empty when the batches share one dictionary.
    let remaps: [[UInt32]]

    init(_ dictionaries: [SymbolDictionary?]) {
        let first = dictionaries.first ?? nil
        if let first, dictionaries.allSatisfy({ $0 === first }) {
            dictionary = first
            remaps = []
            return
        }
        var strings: [String] = []
        var codes: [String: UInt32] = [:]
        remaps = dictionaries.map { part in
            (part?.strings ?? []).map { text in
                if let code = codes[text] { return code }
                let code = UInt32(strings.count)
                codes[text] = code
                strings.append(text)
                return code
            }
        }
        dictionary = SymbolDictionary(strings)
    }
}

/// Where the values of a column begin in each batch.
private struct SourcePointers {
    private let slices: [ColumnVector.Slice]

    init(_ slices: [ColumnVector.Slice]) { self.slices = slices }

    /// Copies the elements at some places, one behind the other.
    func gather<T: BitwiseCopyable>(
        _ places: ArraySlice<UInt64>, _ type: T.Type, into out: inout MutableRawSpan
    ) {
        precondition(
            out.byteCount >= places.count * MemoryLayout<T>.size, "elements have room")
        // SAFETY: `slices` keeps every region alive until the end of this function, regions never
        // move, and nobody writes to them; places are rows of their batch, whose columns have as
        // many elements.
        withExtendedLifetime(slices) {
            let bases = unsafe slices.map { slice in
                unsafe slice.bytes.withUnsafeBytes { $0.baseAddress }
            }
            var target = 0
            for place in places {
                let row = Int(place & 0xffff_ffff)
                if let base = unsafe bases[Int(place >> 32)] {
                    let value = unsafe base.loadUnaligned(
                        fromByteOffset: row &* MemoryLayout<T>.size, as: T.self)
                    out.put(value, target)
                }
                target &+= 1
            }
        }
    }
}
