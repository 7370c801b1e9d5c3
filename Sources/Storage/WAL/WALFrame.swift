import Bytes
import Diagnostics
import Platform

/// The header of one framed batch: see docs/formats/wal.md.
///
/// ```
/// 0   magic u32          4   checksum of 8..<64 u32
/// 8   payload bytes u64  16  first LSN u64
/// 24  transactions u32   28  timeline check u32
/// 32  own offset u64     40  checksum of the header before u32
/// 44  payload checksum u32  48  LSN known to be durable u64   56  zero u64
/// ```
struct WALFrame: Sendable {
    static let magic: UInt32 = 0x3146_5742
    static let headerBytes = 64
    static let alignment = 8

    let payloadBytes: Int
    let firstLSN: LSN
    let transactions: Int
    let timelineCheck: UInt32
    let offset: Int
    let previousChecksum: UInt32
    let payloadChecksum: UInt32
    let durableTo: LSN

    var lastLSN: LSN { LSN(firstLSN.value + UInt64(transactions) - 1) }

    /// The bytes of the whole frame with its padding.
    var frameBytes: Int { Self.frameBytes(payload: payloadBytes) }

    static func frameBytes(payload: Int) -> Int {
        headerBytes + (payload + alignment - 1) / alignment * alignment
    }

    /// Returns header and checksum of it.
    func encode() -> (bytes: [UInt8], checksum: UInt32) {
        var body = ByteWriter(reserving: Self.headerBytes)
        body.integer(UInt64(payloadBytes))
        body.integer(firstLSN.value)
        body.integer(UInt32(transactions))
        body.integer(timelineCheck)
        body.integer(UInt64(offset))
        body.integer(previousChecksum)
        body.integer(payloadChecksum)
        body.integer(durableTo.value)
        body.integer(UInt64(0))
        let checksum = CRC32C.checksum(body.bytes)
        var writer = ByteWriter(reserving: Self.headerBytes)
        writer.integer(Self.magic)
        writer.integer(checksum)
        writer.append(body.bytes)
        return (writer.bytes, checksum)
    }

    /// Reads a header; nil when it is none, whatever the reason.
    static func decode(_ bytes: [UInt8], at offset: Int, timelineCheck: UInt32)
        -> (frame: WALFrame, checksum: UInt32)?
    {
        guard bytes.count == headerBytes else { return nil }
        var reader = ByteReader(bytes)
        do throws(DecodeFailure) {
            guard try reader.integer(UInt32.self) == magic else { return nil }
            let checksum = try reader.integer(UInt32.self)
            guard CRC32C.checksum(bytes[8...]) == checksum else { return nil }
            let payload = try reader.integer(UInt64.self)
            let first = try reader.integer(UInt64.self)
            let transactions = try reader.integer(UInt32.self)
            let timeline = try reader.integer(UInt32.self)
            let own = try reader.integer(UInt64.self)
            let previous = try reader.integer(UInt32.self)
            let payloadChecksum = try reader.integer(UInt32.self)
            let durable = try reader.integer(UInt64.self)
            guard payload <= UInt64(Limits.frameBytes), own == UInt64(offset) else { return nil }
            guard transactions > 0, timeline == timelineCheck else { return nil }
            guard first > 0, first < UInt64.max / 2 else { return nil }
            let frame = WALFrame(
                payloadBytes: Int(payload), firstLSN: LSN(first), transactions: Int(transactions),
                timelineCheck: timeline, offset: offset, previousChecksum: previous,
                payloadChecksum: payloadChecksum, durableTo: LSN(durable))
            return (frame, checksum)
        } catch {
            return nil
        }
    }
}

/// The first bytes of a log file: see docs/formats/wal.md.
struct WALFileHeader: Sendable {
    static let magic: [UInt8] = Array("BSLTWAL1".utf8)
    static let bytes = 64
    /// 2 may hold edits of kind 8.
    static let version: UInt32 = 2
    static let oldestVersion: UInt32 = 1

    var version = Self.version
    let firstLSN: LSN
    let timeline: String
    /// The checksum of the last header before this file; zero in a log's first.
    let previousChecksum: UInt32

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: Self.bytes)
        writer.append(Self.magic)
        writer.integer(version)
        writer.integer(previousChecksum)
        writer.integer(firstLSN.value)
        let text = Array(timeline.utf8.prefix(36))
        writer.append(text)
        writer.append(repeatElement(0, count: 36 - text.count))
        writer.integer(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    static func decode(_ data: [UInt8], path: String) throws(DatabaseError) -> WALFileHeader {
        do throws(DecodeFailure) {
            var reader = ByteReader(data)
            let body = data.prefix(Self.bytes - 4)
            guard Array(try reader.read(8)) == magic else {
                throw .invalid(at: 0, what: "no log file")
            }
            let version = try reader.integer(UInt32.self)
            let previous = try reader.integer(UInt32.self)
            let first = try reader.integer(UInt64.self)
            let timeline = try reader.read(36)
            guard try reader.integer(UInt32.self) == CRC32C.checksum(body) else {
                throw .invalid(at: 0, what: "damaged header of a log file")
            }
            guard (oldestVersion...Self.version).contains(version) else {
                throw .invalid(at: Int(version), what: NewerFormat.what)
            }
            return WALFileHeader(
                version: version, firstLSN: LSN(first),
                timeline: String(decoding: timeline.prefix { $0 != 0 }, as: UTF8.self),
                previousChecksum: previous)
        } catch {
            throw .damaged(path, error)
        }
    }
}

/// Names in `_wal` and numbers in names.
enum WALName {
    static let suffix = ".wal"

    static func name(_ first: LSN) -> String { "\(first)\(suffix)" }

    static func firstLSN(of name: String) -> LSN? {
        guard name.hasSuffix(suffix) else { return nil }
        return UInt64(name.dropLast(suffix.count)).map { LSN($0) }
    }

    static func timelineCheck(_ timeline: String) -> UInt32 {
        CRC32C.checksum(Array(timeline.utf8))
    }

    /// The log files of a directory in the order of their commits.
    static func list(_ files: any FileSystem, _ directory: String) throws(DatabaseError) -> [LSN] {
        guard try files.info(directory) != nil else { return [] }
        return try files.list(directory).compactMap { firstLSN(of: $0) }.sorted()
    }
}
