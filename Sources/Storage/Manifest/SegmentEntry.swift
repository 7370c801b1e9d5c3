import Bytes

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

    package init(
        id: String, partition: String, rows: Int, minTimestamp: Int64?, maxTimestamp: Int64?,
        firstLSN: LSN, lastLSN: LSN, bytes: Int, sha256: [UInt8]
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
    }

    /// Where the file lies below its table's directory.
    package var relativePath: String { "\(partition)/\(id).seg" }

    func encode(into writer: inout ByteWriter) {
        writer.string(id)
        writer.string(partition)
        writer.count(rows)
        writer.integer(UInt8(minTimestamp == nil || maxTimestamp == nil ? 0 : 1))
        if let minTimestamp, let maxTimestamp {
            writer.integer(minTimestamp)
            writer.integer(maxTimestamp)
        }
        writer.varint(firstLSN.value)
        writer.varint(lastLSN.value)
        writer.count(bytes)
        writer.count(sha256.count)
        writer.append(sha256)
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
        let hasTimes = try reader.integer(UInt8.self) != 0
        let minTimestamp = hasTimes ? try reader.integer(Int64.self) : nil
        let maxTimestamp = hasTimes ? try reader.integer(Int64.self) : nil
        let firstLSN = LSN(try reader.varint())
        let lastLSN = LSN(try reader.varint())
        let bytes = try reader.count(upTo: Limits.segmentFileBytes)
        let digest = Array(try reader.read(try reader.count(upTo: 32)))
        return SegmentEntry(
            id: id, partition: partition, rows: rows, minTimestamp: minTimestamp,
            maxTimestamp: maxTimestamp, firstLSN: firstLSN, lastLSN: lastLSN, bytes: bytes,
            sha256: digest)
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
