import Bytes

/// Says which column of a segment holds the values of a table's column.
package struct ColumnLink: Sendable, Equatable {
    /// The column's id in the table's definition.
    package let table: UInt32
    /// The column's id in the segment.
    package let segment: UInt32

    package init(table: UInt32, segment: UInt32) {
        self.table = table
        self.segment = segment
    }
}

/// What a manifest knows of one segment.
package struct SegmentEntry: Sendable, Equatable {
    /// A random 128-bit number in hex: the file's name without `.seg`.
    package let id: String
    /// The partition directory the file lies in, such as `2026-11-20`.
    package let partition: String
    package let rows: Int
    /// Nil in a table without a designated timestamp.
    package let minTimestamp: Int64?
    package let maxTimestamp: Int64?
    /// The first and last commit whose rows are inside.
    package let firstLSN: LSN
    package let lastLSN: LSN
    package let bytes: Int
    package let sha256: [UInt8]
    /// How columns correspond in a segment that was written for another table; empty when every
    /// column has the same id in both.
    package let columnMap: [ColumnLink]

    package init(
        id: String, partition: String, rows: Int, minTimestamp: Int64?, maxTimestamp: Int64?,
        firstLSN: LSN, lastLSN: LSN, bytes: Int, sha256: [UInt8],
        columnMap: [ColumnLink] = []
    ) {
        self.id = id
        self.partition = partition
        self.rows = rows
        self.minTimestamp = minTimestamp
        self.maxTimestamp = maxTimestamp
        self.firstLSN = firstLSN
        self.lastLSN = lastLSN
        self.bytes = bytes
        self.sha256 = sha256
        self.columnMap = columnMap
    }

    /// The same segment under other circumstances: as a member of another table or commit.
    package func with(
        firstLSN: LSN? = nil, lastLSN: LSN? = nil, columnMap: [ColumnLink]? = nil
    ) -> SegmentEntry {
        SegmentEntry(
            id: id, partition: partition, rows: rows, minTimestamp: minTimestamp,
            maxTimestamp: maxTimestamp, firstLSN: firstLSN ?? self.firstLSN,
            lastLSN: lastLSN ?? self.lastLSN, bytes: bytes, sha256: sha256,
            columnMap: columnMap ?? self.columnMap)
    }

    /// The id that a table's column has in the segment; nil when the segment lacks it.
    func segmentColumn(of column: UInt32) -> UInt32? {
        if columnMap.isEmpty { return column }
        return columnMap.first { $0.table == column }?.segment
    }

    /// With its commit filled in, when that is the one that adds it.
    func stamped(_ lsn: LSN) -> SegmentEntry {
        firstLSN == .zero ? with(firstLSN: lsn, lastLSN: lsn) : self
    }

    /// Where the file lies below its table's directory.
    package var relativePath: String { "\(partition)/\(id).seg" }

    func encode(into writer: inout ByteWriter) {
        writer.string(id)
        writer.string(partition)
        writer.count(rows)
        SegmentBounds.encode(minTimestamp, maxTimestamp, firstLSN, lastLSN, into: &writer)
        writer.count(bytes)
        writer.count(sha256.count)
        writer.append(sha256)
        writer.count(columnMap.count)
        for link in columnMap {
            writer.varint(UInt64(link.table))
            writer.varint(UInt64(link.segment))
        }
    }

    static func decode(_ reader: inout ByteReader) throws(DecodeFailure) -> SegmentEntry {
        let start = reader.offset
        let id = try reader.string(upTo: 32)
        let partition = try reader.string(upTo: 64)
        guard id.utf8.count == 32, id.utf8.allSatisfy(\.isLowerHex) else {
            throw .invalid(at: start, what: "segment id that is not 32 hex digits")
        }
        guard !partition.isEmpty, partition.utf8.allSatisfy(\.isPartitionNameByte) else {
            throw .invalid(at: start, what: "partition name with strange characters")
        }
        let rows = try reader.count(upTo: Limits.batchRows)
        let bounds = try SegmentBounds.decode(&reader)
        let bytes = try reader.count(upTo: Limits.segmentFileBytes)
        let digest = Array(try reader.read(try reader.count(upTo: 32)))
        return SegmentEntry(
            id: id, partition: partition, rows: rows, minTimestamp: bounds.lowest,
            maxTimestamp: bounds.highest, firstLSN: bounds.first, lastLSN: bounds.last,
            bytes: bytes, sha256: digest, columnMap: try decodeColumnMap(&reader))
    }

    private static func decodeColumnMap(_ reader: inout ByteReader) throws(DecodeFailure)
        -> [ColumnLink]
    {
        var links: [ColumnLink] = []
        for _ in 0..<(try reader.count(upTo: Limits.columns)) {
            let start = reader.offset
            let table = try reader.varint()
            let segment = try reader.varint()
            guard let table = UInt32(exactly: table), let segment = UInt32(exactly: segment) else {
                throw .invalid(at: start, what: "column id above 32 bits")
            }
            links.append(ColumnLink(table: table, segment: segment))
        }
        return links
    }
}

extension UInt8 {
    fileprivate var isLowerHex: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }

    /// No slash and no dot: a name from a manifest cannot lead out of its directory.
    fileprivate var isPartitionNameByte: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
            || self == UInt8(ascii: "-") || self == UInt8(ascii: "T")
            || self == UInt8(ascii: "W")
    }
}

/// The times and commits of a segment's rows, which its own footer and its entry in a manifest spell
/// alike.
enum SegmentBounds {
    static func encode(
        _ lowest: Int64?, _ highest: Int64?, _ first: LSN, _ last: LSN,
        into writer: inout ByteWriter
    ) {
        writer.integer(UInt8(lowest == nil || highest == nil ? 0 : 1))
        if let lowest, let highest {
            writer.integer(lowest)
            writer.integer(highest)
        }
        writer.varint(first.value)
        writer.varint(last.value)
    }

    static func decode(_ reader: inout ByteReader) throws(DecodeFailure)
        -> (lowest: Int64?, highest: Int64?, first: LSN, last: LSN)
    {
        let hasTimes = try reader.integer(UInt8.self) != 0
        let lowest = hasTimes ? try reader.integer(Int64.self) : nil
        let highest = hasTimes ? try reader.integer(Int64.self) : nil
        return (lowest, highest, LSN(try reader.varint()), LSN(try reader.varint()))
    }
}
