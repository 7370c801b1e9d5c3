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
            throw .invalid(at: 8, what: "segment format of a newer release")
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
        var dictionary: SymbolDictionary?
        if column.type == .symbol { dictionary = try readDictionary(column) }
        if column.type.width == nil { try checkOffsets(column) }
        if !present(column, 0..<footer.rows, dictionary).holdsOnlyValues {
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
        var previous: UInt32 = 0
        for row in 0...footer.rows {
            let offset = offsets.integer(at: row * 4, UInt32.self)
            guard offset >= previous, Int(offset) <= heap.length else {
                throw damage(column, values, "string offset out of range")
            }
            previous = offset
        }
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
        let narrow = slice(values)
        let codes = narrow.bytes
        let validity = column.block(.validity).map { slice($0) }
        for row in 0..<footer.rows
        where Self.code(codes, row, column.valueWidth) >= column.dictionaryCount {
            let bits = validity?.bytes.integer(at: row >> 3, UInt8.self) ?? 255
            if bits & (1 << UInt8(row & 7)) != 0 {
                throw damage(column, values, "symbol code out of range")
            }
        }
        return SymbolDictionary(strings)
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
        let extra = column.type.width == nil ? 1 : 0
        let place = ColumnVector.Slice(
            region, offset: values.offset + rows.lowerBound * width,
            count: (rows.count + extra) * width)
        let isNarrow = column.type == .symbol && width < 4
        return ColumnVector(
            type: column.type, count: rows.count,
            values: isNarrow ? Self.widen(place, rows.count, width) : place,
            validity: column.block(.validity).flatMap { validity($0, rows) },
            heap: column.block(.heap).map { slice($0) }, dictionary: dictionary)
    }

    private static func widen(_ codes: ColumnVector.Slice, _ rows: Int, _ width: Int)
        -> ColumnVector.Slice
    {
        let wide = MemoryRegion(zeroed: rows * 4)
        let narrow = codes.bytes
        for row in 0..<rows { wide.store(UInt32(code(narrow, row, width)), at: row * 4) }
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
