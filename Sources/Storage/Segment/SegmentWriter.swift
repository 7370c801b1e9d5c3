import Bytes
import Catalog
import Platform
import Values

/// Lays rows out as the bytes of one segment file: see docs/formats/segment.md.
///
/// Everything goes into one buffer that is reserved at once, so that the values are copied once.
struct SegmentWriter {
    private var writer: ByteWriter
    private var columns: [SegmentFormat.Column] = []

    private init(reserving bytes: Int) { writer = ByteWriter(reserving: bytes) }

    /// Makes the bytes of a segment.
    ///
    /// - Requires: `batch` has the definition's columns and is sorted by its timestamp.
    static func encode(
        _ batch: Batch, definition: TableDefinition, firstLSN: LSN, lastLSN: LSN
    ) -> [UInt8] {
        var segment = SegmentWriter(reserving: estimatedBytes(batch))
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

    /// Room for the blocks as they lie in memory, and some for each column's surroundings.
    private static func estimatedBytes(_ batch: Batch) -> Int {
        let entries = batch.rowCount / Limits.statisticsRows + 1
        return batch.columns.reduce(4_096) { sum, column in
            sum + column.values.count + (column.heap?.count ?? 0) + (column.validity?.count ?? 0)
                + entries * Limits.statisticsEntryBytes + 1_024
        }
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

    private mutating func block(
        _ kind: SegmentFormat.Kind, _ bytes: RawSpan,
        as encoding: SegmentFormat.Encoding = .plain
    ) -> SegmentFormat.Block {
        writer.pad(to: SegmentFormat.alignment)
        let offset = writer.count
        writer.append(bytes)
        return SegmentFormat.Block(
            kind: kind, encoding: encoding, offset: offset, length: bytes.byteCount,
            checksum: CRC32C.checksum(bytes))
    }

    private mutating func block(_ kind: SegmentFormat.Kind, array bytes: [UInt8])
        -> SegmentFormat.Block
    {
        // SAFETY: bytes have no padding and any bit pattern is one.
        block(kind, unsafe bytes.span.bytes)
    }

    /// Values of a width, once when all of them have the same bits.
    private mutating func values(_ bytes: RawSpan, width: Int) -> SegmentFormat.Block {
        if bytes.byteCount > width, bytes.isConstant(width: width) {
            return block(.values, bytes.extracting(0..<width), as: .constant)
        }
        return block(.values, bytes)
    }

    private mutating func write(_ vector: ColumnVector, _ definition: ColumnDefinition) {
        var blocks: [SegmentFormat.Block] = []
        var width = vector.type.width ?? 4
        var symbols: SortedSymbols?
        if vector.type == .symbol {
            let sorted = SortedSymbols(vector)
            width = sorted.codeWidth
            symbols = sorted
            blocks.append(values(sorted.codes.bytes, width: width))
            blocks.append(block(.dictionary, array: sorted.dictionaryBytes))
        } else {
            blocks.append(values(vector.values.bytes, width: width))
            if let heap = vector.heap { blocks.append(block(.heap, heap.bytes)) }
        }
        if let validity = vector.validity { blocks.append(block(.validity, validity.bytes)) }
        var statistics = ByteWriter()
        for begin in stride(from: 0, to: vector.count, by: Limits.statisticsRows) {
            let end = min(begin + Limits.statisticsRows, vector.count)
            SegmentStatistics(vector, symbols, begin..<end).encode(into: &statistics)
        }
        blocks.append(block(.statistics, array: statistics.bytes))
        columns.append(
            SegmentFormat.Column(
                id: definition.id, name: definition.name, type: definition.type,
                valueWidth: width, dictionaryCount: symbols?.strings.count ?? 0, blocks: blocks))
    }
}
