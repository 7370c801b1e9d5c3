import Bytes
import Catalog
import Platform
import Values

/// Lays rows out as the bytes of one segment file: see docs/formats/segment.md.
struct SegmentWriter {
    private var writer = ByteWriter()
    private var columns: [SegmentFormat.Column] = []

    /// Makes the bytes of a segment.
    ///
    /// - Requires: `batch` has the definition's columns and is sorted by its timestamp.
    static func encode(
        _ batch: Batch, definition: TableDefinition, firstLSN: LSN, lastLSN: LSN
    ) -> [UInt8] {
        var segment = SegmentWriter()
        segment.writeHeader(rows: batch.rowCount, columns: batch.columns.count)
        for (index, column) in definition.columns.enumerated() {
            segment.write(batch.columns[index], column)
        }
        let times = definition.timestampIndex.map { batch.columns[$0] }
        let footer = SegmentFormat.Footer(
            rows: batch.rowCount, minTimestamp: times?.load(0, Int64.self),
            maxTimestamp: times?.load(batch.rowCount - 1, Int64.self), firstLSN: firstLSN,
            lastLSN: lastLSN, columns: segment.columns)
        return segment.close(footer)
    }

    private mutating func writeHeader(rows: Int, columns: Int) {
        writer.append(SegmentFormat.magic)
        writer.integer(SegmentFormat.version)
        writer.integer(UInt32(columns))
        writer.integer(UInt64(rows))
        writer.integer(CRC32C.checksum(writer.bytes))
        writer.pad(to: SegmentFormat.alignment)
    }

    private mutating func close(_ footer: SegmentFormat.Footer) -> [UInt8] {
        writer.pad(to: SegmentFormat.alignment)
        let offset = writer.count
        let bytes = footer.encode()
        writer.append(bytes)
        writer.integer(UInt64(offset))
        writer.integer(UInt64(bytes.count))
        writer.integer(CRC32C.checksum(bytes))
        writer.integer(SegmentFormat.version)
        writer.append(SegmentFormat.endMagic)
        return writer.bytes
    }

    private mutating func block(_ kind: SegmentFormat.Kind, _ bytes: RawSpan)
        -> SegmentFormat.Block
    {
        writer.pad(to: SegmentFormat.alignment)
        let offset = writer.count
        writer.append(bytes)
        return SegmentFormat.Block(
            kind: kind, encoding: .plain, offset: offset, length: bytes.byteCount,
            checksum: CRC32C.checksum(bytes))
    }

    private mutating func block(_ kind: SegmentFormat.Kind, array bytes: [UInt8])
        -> SegmentFormat.Block
    {
        block(kind, MemoryRegion(array: bytes[...]).bytes)
    }

    private mutating func write(_ vector: ColumnVector, _ definition: ColumnDefinition) {
        var blocks: [SegmentFormat.Block] = []
        var width = vector.type.width ?? 4
        var dictionaryCount = 0
        if vector.type == .symbol {
            let symbols = SortedSymbols(vector)
            width = symbols.codeWidth
            dictionaryCount = symbols.strings.count
            blocks.append(block(.values, array: symbols.codes))
            blocks.append(block(.dictionary, array: symbols.dictionaryBytes))
        } else {
            blocks.append(block(.values, vector.values.bytes))
            if let heap = vector.heap { blocks.append(block(.heap, heap.bytes)) }
        }
        if let validity = vector.validity { blocks.append(block(.validity, validity.bytes)) }
        var statistics = ByteWriter()
        for begin in stride(from: 0, to: vector.count, by: Limits.statisticsRows) {
            let end = min(begin + Limits.statisticsRows, vector.count)
            SegmentStatistics(vector, begin..<end).encode(into: &statistics)
        }
        blocks.append(block(.statistics, array: statistics.bytes))
        columns.append(
            SegmentFormat.Column(
                id: definition.id, name: definition.name, type: definition.type,
                valueWidth: width, dictionaryCount: dictionaryCount, blocks: blocks))
    }
}

/// A SYMBOL column with the strings that occur, sorted by their bytes, and codes into them.
struct SortedSymbols {
    let strings: [String]
    let codes: [UInt8]
    let codeWidth: Int

    init(_ vector: ColumnVector) {
        let all = vector.dictionary?.strings ?? []
        var isUsed = [Bool](repeating: false, count: all.count)
        for row in 0..<vector.count where !vector.isNull(row) {
            isUsed[Int(vector.load(row, UInt32.self))] = true
        }
        let order = all.indices.filter { isUsed[$0] }
            .sorted { all[$0].utf8.lexicographicallyPrecedes(all[$1].utf8) }
        var numbers = [UInt32](repeating: 0, count: all.count)
        for (number, old) in order.enumerated() { numbers[old] = UInt32(number) }
        strings = order.map { all[$0] }
        codeWidth = order.count <= 256 ? 1 : order.count <= 65_536 ? 2 : 4
        var writer = ByteWriter(reserving: vector.count * codeWidth)
        for row in 0..<vector.count {
            let code = vector.isNull(row) ? 0 : numbers[Int(vector.load(row, UInt32.self))]
            switch codeWidth {
            case 1: writer.integer(UInt8(truncatingIfNeeded: code))
            case 2: writer.integer(UInt16(truncatingIfNeeded: code))
            default: writer.integer(code)
            }
        }
        codes = writer.bytes
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
