import Bytes
import Catalog
import Diagnostics
import Platform
import Synchronization
import Values

/// A mapped segment. Header and footer are verified when it is opened, a block's checksum, codes
/// and offsets once at first touch: whatever the bytes are, the answer is right or XX001.
final class SegmentReader: Sendable {
    let path: String
    let footer: SegmentFormat.Footer
    private let region: MemoryRegion
    /// Columns whose blocks were verified, by place, with the dictionary of a SYMBOL.
    private let verified = Mutex<[Int: Verified]>([:])
    /// What is known of all rows of columns together, by place.
    private let summaries = Mutex<[Int: SegmentStatistics]>([:])

    private struct Verified: Sendable { let dictionary: SymbolDictionary? }

    init(path: String, files: any FileSystem, expected: SegmentEntry?) throws(DatabaseError) {
        self.path = path
        let file = try files.open(path, .read, permissions: 0)
        let size = try file.size()
        guard size >= SegmentFormat.headerBytes + SegmentFormat.trailerBytes,
            size <= Limits.segmentFileBytes, expected == nil || expected?.bytes == size
        else { throw .damaged(path, offset: 0, "segment of a wrong length (\(size) bytes)") }
        region = try file.map()
        do throws(DecodeFailure) {
            footer = try Self.readFooter(region)
        } catch {
            throw .damaged(path, error)
        }
        guard expected == nil || expected?.rows == footer.rows else {
            throw .damaged(path, offset: 0, "segment with other rows than its manifest says")
        }
    }

    private static func readFooter(_ region: MemoryRegion) throws(DecodeFailure)
        -> SegmentFormat.Footer
    {
        let header = region.bytes.extracting(0..<SegmentFormat.headerBytes).array()
        var reader = ByteReader(header)
        guard Array(try reader.read(8)) == SegmentFormat.magic else {
            throw .invalid(at: 0, what: "no segment")
        }
        let version = try reader.integer(UInt32.self)
        try reader.skip(12)
        guard try reader.integer(UInt32.self) == CRC32C.checksum(header[..<24]) else {
            throw .invalid(at: 0, what: "segment header with a wrong checksum")
        }
        guard version == SegmentFormat.version else {
            throw .invalid(at: Int(version), what: NewerFormat.what)
        }
        let place = region.count - SegmentFormat.trailerBytes
        var trailer = ByteReader(region.bytes.extracting(place..<region.count).array())
        let offset = try trailer.integer(UInt64.self)
        let length = try trailer.integer(UInt64.self)
        let checksum = try trailer.integer(UInt32.self)
        _ = try trailer.integer(UInt32.self)
        guard Array(try trailer.read(8)) == SegmentFormat.endMagic else {
            throw .invalid(at: place, what: "segment without its end")
        }
        guard offset <= UInt64(place), length == UInt64(place) - offset else {
            throw .invalid(at: place, what: "segment footer out of place")
        }
        let bytes = region.bytes.extracting(Int(offset)..<place).array()
        guard CRC32C.checksum(bytes) == checksum else {
            throw .invalid(at: Int(offset), what: "segment footer with a wrong checksum")
        }
        let footer = try SegmentFormat.Footer.decode(bytes, fileBytes: Int(offset))
        guard
            header[16..<24].enumerated().allSatisfy({
                $0.element == UInt8(truncatingIfNeeded: footer.rows >> (8 * $0.offset))
            })
        else { throw .invalid(at: 16, what: "segment header and footer that differ") }
        return footer
    }

    /// False once a page could not be read: nothing of this reader may be believed then.
    var isIntact: Bool { region.isIntact }

    /// Rows of the column that has `id` here; NULLs where the segment was written before the
    /// column was added.
    func vector(for definition: ColumnDefinition, id: UInt32?, rows: Range<Int>)
        throws(DatabaseError) -> ColumnVector
    {
        guard let id, let place = footer.columns.firstIndex(where: { $0.id == id }) else {
            return Self.nulls(definition.type, count: rows.count)
        }
        let column = footer.columns[place]
        guard column.type == definition.type else {
            throw .damagedBlock(path, block: column.name, "column of another type")
        }
        let dictionary = try verify(place)
        guard isIntact else { throw .unreadablePage(path) }
        return present(column, rows, dictionary)
    }

    /// Checks every block of every column.
    func verifyAll() throws(DatabaseError) {
        for place in footer.columns.indices { _ = try verify(place) }
    }

    private func verify(_ place: Int) throws(DatabaseError) -> SymbolDictionary? {
        if let known = verified.withLock({ $0[place] }) { return known.dictionary }
        let column = footer.columns[place]
        for block in column.blocks where CRC32C.checksum(slice(block).bytes) != block.checksum {
            throw damage(column, block, "wrong checksum")
        }
        if let block = column.block(.statistics) { _ = try decodeStatistics(column, block) }
        var dictionary: SymbolDictionary?
        if column.type == .symbol { dictionary = try readDictionary(column) }
        if column.type.width == nil { try checkOffsets(column) }
        if column.type != .symbol, !present(column, 0..<footer.rows, dictionary).holdsOnlyValues {
            guard let values = column.block(.values) else { return dictionary }
            throw damage(column, values, "bytes that are no \(column.type.name)")
        }
        let result = Verified(dictionary: dictionary)
        verified.withLock { $0[place] = result }
        return dictionary
    }

    private func damage(
        _ column: SegmentFormat.Column, _ block: SegmentFormat.Block, _ what: String
    ) -> DatabaseError {
        .damagedBlock(path, block: "\(column.name).\(block.kind.name)@\(block.offset)", what)
    }

    private func checkOffsets(_ column: SegmentFormat.Column) throws(DatabaseError) {
        guard let values = column.block(.values), let heap = column.block(.heap) else { return }
        let part = slice(values)
        let offsets = part.bytes
        let count = values.length / 4
        offsets.check(count, UInt32.self)
        var previous: UInt32 = 0
        var descents = 0
        for row in 0..<count {
            let offset = offsets.element(row, UInt32.self)
            descents &+= offset < previous ? 1 : 0
            previous = offset
        }
        guard descents == 0, Int(previous) <= heap.length else {
            throw damage(column, values, "string offset out of range")
        }
    }

    /// What is known of the rows of the column that has `id` here, 16,384 at a time, without
    /// reading them.
    func statistics(for definition: ColumnDefinition, id: UInt32?) throws(DatabaseError)
        -> [SegmentStatistics]
    {
        guard let id, let column = footer.columns.first(where: { $0.id == id }) else {
            return entryRows.map { SegmentStatistics(nulls: $0) }
        }
        guard column.type == definition.type, let block = column.block(.statistics) else {
            throw .damagedBlock(path, block: column.name, "column without statistics of its type")
        }
        guard CRC32C.checksum(slice(block).bytes) == block.checksum else {
            throw damage(column, block, "wrong checksum")
        }
        return try decodeStatistics(column, block)
    }

    /// The same of all rows together; found once.
    func summary(for definition: ColumnDefinition, id: UInt32?) throws(DatabaseError)
        -> SegmentStatistics
    {
        guard let id, let place = footer.columns.firstIndex(where: { $0.id == id }) else {
            return SegmentStatistics(nulls: footer.rows)
        }
        if let known = summaries.withLock({ $0[place] }) { return known }
        let summary = SegmentStatistics.union(try statistics(for: definition, id: id))
        summaries.withLock { $0[place] = summary }
        return summary
    }

    /// The rows of each entry of statistics.
    private var entryRows: [Int] {
        stride(from: 0, to: footer.rows, by: Limits.statisticsRows).map {
            min(Limits.statisticsRows, footer.rows - $0)
        }
    }

    private func decodeStatistics(_ column: SegmentFormat.Column, _ block: SegmentFormat.Block)
        throws(DatabaseError) -> [SegmentStatistics]
    {
        var entries: [SegmentStatistics] = []
        do throws(DecodeFailure) {
            var reader = ByteReader(slice(block).bytes.array())
            for rows in entryRows {
                entries.append(
                    try SegmentStatistics.decode(&reader, type: column.type, rows: rows))
            }
            if reader.isAtEnd { return entries }
        } catch _ {}
        throw damage(column, block, "impossible statistics")
    }

    private func readDictionary(_ column: SegmentFormat.Column) throws(DatabaseError)
        -> SymbolDictionary?
    {
        guard let block = column.block(.dictionary), let values = column.block(.values) else {
            return nil
        }
        let part = slice(block)
        let data = part.bytes
        let heap = (column.dictionaryCount + 1) * 4
        var strings: [String] = []
        var begin = Int(data.integer(at: 0, UInt32.self))
        for number in 0..<column.dictionaryCount {
            let end = Int(data.integer(at: (number + 1) * 4, UInt32.self))
            guard begin <= end, heap + end <= block.length else {
                throw damage(column, block, "string offset out of range")
            }
            let text = data.extracting(heap + begin..<heap + end).array()
            guard let string = String(validating: text, as: UTF8.self) else {
                throw damage(column, block, "string that is not UTF-8")
            }
            strings.append(string)
            begin = end
        }
        try checkCodes(column, values)
        return SymbolDictionary(strings)
    }

    /// Codes of rows that hold a value lie in the dictionary; what a NULL row has means nothing.
    private func checkCodes(_ column: SegmentFormat.Column, _ values: SegmentFormat.Block)
        throws(DatabaseError)
    {
        let part = slice(values)
        let codes = part.bytes
        let count = values.length / column.valueWidth
        let highest =
            switch column.valueWidth {
            case 1: Self.highest(codes, count, UInt8.self)
            case 2: Self.highest(codes, count, UInt16.self)
            default: Self.highest(codes, count, UInt32.self)
            }
        if highest < column.dictionaryCount { return }
        let validity = column.block(.validity).map { slice($0) }
        let isConstant = values.encoding == .constant
        for row in 0..<footer.rows {
            let code = Self.code(codes, isConstant ? 0 : row, column.valueWidth)
            if code < column.dictionaryCount { continue }
            if validity?.bytes.isBitSet(row) ?? true {
                throw damage(column, values, "symbol code out of range")
            }
        }
    }

    private static func highest<T: FixedWidthInteger & BitwiseCopyable>(
        _ codes: RawSpan, _ count: Int, _ type: T.Type
    ) -> Int {
        codes.check(count, T.self)
        var highest: T = 0
        var row = 0
        while row < count {
            highest = max(highest, codes.element(row, T.self))
            row &+= 1
        }
        return count == 0 ? -1 : Int(highest)
    }

    private static func code(_ codes: RawSpan, _ row: Int, _ width: Int) -> Int {
        switch width {
        case 1: Int(codes.integer(at: row, UInt8.self))
        case 2: Int(codes.integer(at: row * 2, UInt16.self))
        default: Int(codes.integer(at: row * 4, UInt32.self))
        }
    }

    private func slice(_ block: SegmentFormat.Block) -> ColumnVector.Slice {
        ColumnVector.Slice(region, offset: block.offset, count: block.length)
    }

    /// Presents verified blocks: values in place, narrow codes widened.
    private func present(
        _ column: SegmentFormat.Column, _ rows: Range<Int>, _ dictionary: SymbolDictionary?
    ) -> ColumnVector {
        guard let values = column.block(.values) else {
            return Self.nulls(column.type, count: rows.count)
        }
        let width = column.valueWidth
        let count = rows.count + (column.type.width == nil ? 1 : 0)
        let place: ColumnVector.Slice
        if values.encoding == .constant {
            place = Self.repeating(slice(values), count)
        } else {
            place = ColumnVector.Slice(
                region, offset: values.offset + rows.lowerBound * width, count: count * width)
        }
        let isNarrow = column.type == .symbol && width < 4
        return ColumnVector(
            type: column.type, count: rows.count,
            values: isNarrow ? Self.widen(place, rows.count, width) : place,
            validity: column.block(.validity).flatMap { validity($0, rows) },
            heap: column.block(.heap).map { slice($0) }, dictionary: dictionary)
    }

    private static func repeating(_ value: ColumnVector.Slice, _ count: Int)
        -> ColumnVector.Slice
    {
        let all = MemoryRegion(zeroed: value.count * count)
        let source = value.bytes
        all.withMutableBytes { out in
            switch value.count {
            case 1: out.fill(source.integer(at: 0, UInt8.self), count)
            case 2: out.fill(source.integer(at: 0, UInt16.self), count)
            case 4: out.fill(source.integer(at: 0, UInt32.self), count)
            case 8: out.fill(source.integer(at: 0, UInt64.self), count)
            default:
                for index in 0..<count * value.count {
                    out.put(source.integer(at: index % value.count, UInt8.self), index)
                }
            }
        }
        return .init(all)
    }

    private static func widen(_ codes: ColumnVector.Slice, _ rows: Int, _ width: Int)
        -> ColumnVector.Slice
    {
        let wide = MemoryRegion(zeroed: rows * 4)
        let narrow = codes.bytes
        wide.withMutableBytes { out in
            if width == 1 {
                narrow.check(rows, UInt8.self)
                for row in 0..<rows { out.put(UInt32(narrow.element(row, UInt8.self)), row) }
            } else {
                narrow.check(rows, UInt16.self)
                for row in 0..<rows { out.put(UInt32(narrow.element(row, UInt16.self)), row) }
            }
        }
        return .init(wide)
    }

    /// The bits of some rows: in place when they begin a byte, shifted into a copy otherwise.
    private func validity(_ block: SegmentFormat.Block, _ rows: Range<Int>) -> ColumnVector.Slice? {
        let count = (rows.count + 7) / 8
        let first = rows.lowerBound >> 3
        if rows.lowerBound & 7 == 0 {
            return .init(region, offset: block.offset + first, count: count)
        }
        let shift = UInt8(rows.lowerBound & 7)
        let part = slice(block)
        let source = part.bytes
        var bits = [UInt8](repeating: 0, count: count)
        for index in 0..<count {
            let low = source.integer(at: first + index, UInt8.self) >> shift
            let hasNext = first + index + 1 < block.length
            let high = hasNext ? source.integer(at: first + index + 1, UInt8.self) : 0
            bits[index] = low | high << (8 - shift)
        }
        return .init(MemoryRegion(array: bits[...]))
    }

    private static func nulls(_ type: ValueType, count: Int) -> ColumnVector {
        let bytes = type.width.map { $0 * count } ?? (count + 1) * 4
        return ColumnVector(
            type: type, count: count, values: .init(MemoryRegion(zeroed: bytes)),
            validity: .init(MemoryRegion(zeroed: (count + 7) / 8)),
            heap: type.width == nil ? .init(MemoryRegion(zeroed: 0)) : nil,
            dictionary: type == .symbol ? SymbolDictionary([]) : nil)
    }
}
