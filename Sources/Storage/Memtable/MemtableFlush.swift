import Bytes
import Catalog
import Diagnostics
import Platform
import Values

/// Writes the rows of a frozen memtable as segments: sorted stably by timestamp, cut by partition.
struct MemtableFlush {
    let platform: Platform
    let directory: String
    let definition: TableDefinition
    let rowLimit: Int

    /// Every segment is durable under its final name before this returns.
    func write(_ rows: FrozenRows) throws(DatabaseError) -> [SegmentHandle] {
        let gatherer = MemtableGatherer(rows.view, definition: definition)
        var handles: [SegmentHandle] = []
        var begin = 0
        while begin < gatherer.rowCount {
            let time = gatherer.timestamp(at: begin)
            let partition = PartitionName.partition(of: time, unit: definition.partitionUnit)
            var end = begin
            let last = min(gatherer.rowCount, begin + rowLimit)
            while end < last, gatherer.timestamp(at: end).map(partition.range.contains) ?? true {
                end += 1
            }
            end = gatherer.cut(begin..<end, toBytes: Limits.segmentBytes)
            do throws(DatabaseError) {
                handles.append(
                    try publish(gatherer.batch(begin..<end), partition.name, rows))
            } catch {
                remove(handles)
                throw error
            }
            begin = end
        }
        return handles
    }

    /// Nothing names these files yet. On a full disk their room is needed.
    private func remove(_ handles: [SegmentHandle]) {
        for handle in handles {
            do throws(DatabaseError) {
                try platform.files.remove(handle.path)
            } catch {
                platform.log.log(.error, "storage", "cannot remove an unused segment: \(error)")
            }
        }
    }

    private func publish(_ batch: Batch, _ partition: String, _ rows: FrozenRows)
        throws(DatabaseError) -> SegmentHandle
    {
        let bytes = SegmentWriter.encode(
            batch, definition: definition, firstLSN: rows.firstLSN, lastLSN: rows.lastLSN)
        let times = definition.timestampIndex.map { batch.columns[$0] }
        let entry = SegmentEntry(
            id: Hexadecimal.text(platform.chance.bytes(16)), partition: partition,
            rows: batch.rowCount, minTimestamp: times?.load(0, Int64.self),
            maxTimestamp: times?.load(batch.rowCount - 1, Int64.self),
            firstLSN: rows.firstLSN, lastLSN: rows.lastLSN, bytes: bytes.count,
            sha256: SHA256.digest(bytes))
        let handle = SegmentHandle(entry: entry, directory: directory, files: platform.files)
        try platform.files.makeDurableDirectory(Path.directory(of: handle.path))
        try platform.files.publish(bytes, as: handle.path, permissions: 0o400)
        return handle
    }
}

/// The rows of a memtable in the order of their timestamps.
struct MemtableGatherer {
    private let view: MemtableView
    private let definition: TableDefinition
    private let dictionaries: [SymbolDictionary?]
    /// Chunk in the upper, row in the lower 32 bits.
    private let order: [UInt64]

    init(_ view: MemtableView, definition: TableDefinition) {
        self.view = view
        self.definition = definition
        dictionaries = view.dictionaries.map { $0?.current() }
        var order: [UInt64] = []
        order.reserveCapacity(view.rowCount)
        for (chunk, part) in view.chunks.enumerated() {
            for row in 0..<part.rows { order.append(UInt64(chunk) << 32 | UInt64(row)) }
        }
        if let index = definition.timestampIndex, !Self.isSorted(view) {
            order = Self.sorted(order, view, index)
        }
        self.order = order
    }

    var rowCount: Int { order.count }

    func timestamp(at place: Int) -> Int64? {
        definition.timestampIndex.map { Self.time(view, order[place], $0) }
    }

    private static func time(_ view: MemtableView, _ place: UInt64, _ index: Int) -> Int64 {
        let region = view.chunks[Int(place >> 32)].chunk.columns[index].values
        return region.bytes.integer(
            at: Int(place & 0xffff_ffff) * 8, Int64.self)
    }

    private static func isSorted(_ view: MemtableView) -> Bool {
        var last = Int64.min
        for chunk in view.chunks {
            guard chunk.isSorted, chunk.minTimestamp ?? .min >= last else { return false }
            last = chunk.maxTimestamp ?? last
        }
        return true
    }

    /// Ties keep the order of arrival: the place itself is the sequence.
    private static func sorted(_ order: [UInt64], _ view: MemtableView, _ index: Int) -> [UInt64] {
        var keyed: [(time: Int64, place: UInt64)] = []
        keyed.reserveCapacity(order.count)
        for place in order { keyed.append((time(view, place, index), place)) }
        keyed.sort { ($0.time, $0.place) < ($1.time, $1.place) }
        return keyed.map(\.place)
    }

    /// Shortens a range until its strings stay below a number of bytes; one row always fits.
    func cut(_ range: Range<Int>, toBytes limit: Int) -> Int {
        var bytes = 0
        let fixed = definition.columns.reduce(0) { $0 + ($1.type.width ?? 4) }
        let strings = definition.columns.indices.filter {
            definition.columns[$0].type.width == nil
        }
        for place in range {
            bytes += fixed
            for column in strings { bytes += heapRange(order[place], column).count }
            if bytes > limit, place > range.lowerBound { return place }
        }
        return range.upperBound
    }

    private func heapRange(_ place: UInt64, _ column: Int) -> Range<Int> {
        let region = view.chunks[Int(place >> 32)].chunk.columns[column].values
        let offsets = region.bytes
        let row = Int(place & 0xffff_ffff)
        let begin = Int(offsets.integer(at: row * 4, UInt32.self))
        return begin..<Int(offsets.integer(at: (row + 1) * 4, UInt32.self))
    }

    func batch(_ range: Range<Int>) -> Batch {
        let places = order[range]
        let columns = definition.columns.indices.map { column($0, places) }
        return Batch(rowCount: range.count, columns: columns)
    }

    private func column(_ index: Int, _ places: ArraySlice<UInt64>) -> ColumnVector {
        let type = definition.columns[index].type
        let validity = validity(index, places)
        guard let width = type.width else { return strings(index, type, places, validity) }
        let values = MemoryRegion(zeroed: places.count * width)
        for (target, place) in places.enumerated() {
            let region = view.chunks[Int(place >> 32)].chunk.columns[index].values
            let source = region.bytes
            let row = Int(place & 0xffff_ffff)
            switch width {
            case 1: values.store(source.integer(at: row, UInt8.self), at: target)
            case 2: values.store(source.integer(at: row * 2, UInt16.self), at: target * 2)
            case 4: values.store(source.integer(at: row * 4, UInt32.self), at: target * 4)
            case 8: values.store(source.integer(at: row * 8, UInt64.self), at: target * 8)
            default:
                values.copy(
                    source.extracting(row * width..<(row + 1) * width), to: target * width)
            }
        }
        return ColumnVector(
            type: type, count: places.count, values: .init(values), validity: validity,
            dictionary: dictionaries[index])
    }

    private func validity(_ index: Int, _ places: ArraySlice<UInt64>) -> ColumnVector.Slice? {
        var bits: [UInt8] = []
        for (target, place) in places.enumerated() {
            let nulls = view.chunks[Int(place >> 32)].chunk.columns[index].nulls
            if nulls.bytes.integer(at: Int(place & 0xffff_ffff), UInt8.self) == 0 { continue }
            if bits.isEmpty { bits = Array(repeating: 255, count: (places.count + 7) / 8) }
            bits[target >> 3] &= ~(1 << UInt8(target & 7))
        }
        return bits.isEmpty ? nil : .init(MemoryRegion(array: bits[...]))
    }

    private func strings(
        _ index: Int, _ type: ValueType, _ places: ArraySlice<UInt64>,
        _ validity: ColumnVector.Slice?
    ) -> ColumnVector {
        let total = places.reduce(0) { $0 + heapRange($1, index).count }
        let offsets = MemoryRegion(zeroed: (places.count + 1) * 4)
        let heap = MemoryRegion(zeroed: total)
        var used = 0
        for (target, place) in places.enumerated() {
            let range = heapRange(place, index)
            if let source = view.chunks[Int(place >> 32)].chunk.columns[index].heap {
                heap.copy(source.bytes.extracting(range), to: used)
            }
            used += range.count
            offsets.store(UInt32(used), at: (target + 1) * 4)
        }
        return ColumnVector(
            type: type, count: places.count, values: .init(offsets), validity: validity,
            heap: .init(heap))
    }
}
