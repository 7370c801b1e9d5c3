import Bytes
import Catalog
import Values

/// An edit as the log holds it: those a transaction asks for and those flushes make.
enum LogEdit: Sendable {
    case create(TableDefinition)
    case drop(UInt64)
    case truncate(UInt64)
    case alter(TableDefinition)
    case replace(SegmentReplacement)
    /// A flush: segments join the table, rows up to `completeTo` leave memory.
    case attach(table: UInt64, segments: [SegmentEntry], completeTo: LSN)
    /// Another line of history begins.
    case timeline(String)
    /// The directory of a detached partition counts no more.
    case forget(ForgottenPartition)

    init(_ edit: Edit) {
        switch edit {
        case .createTable(let definition): self = .create(definition)
        case .dropTable(let id): self = .drop(id)
        case .truncateTable(let id): self = .truncate(id)
        case .alterTable(let definition): self = .alter(definition)
        case .replaceSegments(let replacement): self = .replace(replacement)
        case .beginTimeline(let timeline): self = .timeline(timeline)
        case .forgetDetached(let partition): self = .forget(partition)
        }
    }

    /// The table that it is about; nil for what is about the database.
    var table: UInt64? {
        switch self {
        case .create(let definition), .alter(let definition): definition.id
        case .drop(let id), .truncate(let id), .attach(let id, _, _): id
        case .replace(let replacement): replacement.table
        case .forget(let partition): partition.table
        case .timeline: nil
        }
    }
}

/// Everything of one LSN: see docs/formats/wal.md.
struct LogEntry: Sendable {
    var edits: [LogEdit] = []
    var appends: [Append] = []

    /// Whether it only says where rows lie from now on.
    var isFlush: Bool {
        appends.isEmpty
            && edits.allSatisfy { if case .attach = $0 { true } else { false } }
    }

    func encode(into writer: inout ByteWriter) {
        writer.count(edits.count)
        for edit in edits { Self.encode(edit, into: &writer) }
        writer.count(appends.count)
        for append in appends {
            writer.varint(append.table)
            writer.varint(append.definitionVersion)
            BatchCoding.encode(append.batch, into: &writer)
        }
    }

    private static func encode(_ edit: LogEdit, into writer: inout ByteWriter) {
        switch edit {
        case .create(let definition):
            writer.integer(UInt8(1))
            DefinitionCoding.encode(definition, into: &writer)
        case .drop(let id):
            writer.integer(UInt8(2))
            writer.varint(id)
        case .truncate(let id):
            writer.integer(UInt8(3))
            writer.varint(id)
        case .attach(let table, let segments, let completeTo):
            writer.integer(UInt8(4))
            writer.varint(table)
            writer.varint(completeTo.value)
            writer.count(segments.count)
            for segment in segments { segment.encode(into: &writer) }
        case .alter(let definition):
            writer.integer(UInt8(5))
            DefinitionCoding.encode(definition, into: &writer)
        case .replace(let replacement):
            writer.integer(UInt8(6))
            encode(replacement, into: &writer)
        case .timeline(let timeline):
            writer.integer(UInt8(7))
            writer.string(timeline)
        case .forget(let partition):
            writer.integer(UInt8(8))
            writer.varint(partition.table)
            writer.string(partition.partition)
        }
    }

    private static func encode(
        _ replacement: SegmentReplacement, into writer: inout ByteWriter
    ) {
        writer.varint(replacement.table)
        writer.varint(replacement.definitionVersion)
        writer.count(replacement.removed.count)
        for id in replacement.removed { writer.string(id) }
        writer.count(replacement.added.count)
        for segment in replacement.added { segment.encode(into: &writer) }
    }

    static func decode(_ reader: inout ByteReader) throws(DecodeFailure) -> LogEntry {
        var entry = LogEntry()
        for _ in 0..<(try reader.count(upTo: Limits.transactionParts)) {
            entry.edits.append(try decodeEdit(&reader))
        }
        for _ in 0..<(try reader.count(upTo: Limits.transactionParts)) {
            let table = try reader.varint()
            let version = try reader.varint()
            let batch = try BatchCoding.decode(&reader)
            entry.appends.append(Append(table: table, definitionVersion: version, batch: batch))
        }
        return entry
    }

    private static func decodeEdit(_ reader: inout ByteReader) throws(DecodeFailure) -> LogEdit {
        let start = reader.offset
        switch try reader.integer(UInt8.self) {
        case 1: return .create(try DefinitionCoding.decode(&reader))
        case 2: return .drop(try reader.varint())
        case 3: return .truncate(try reader.varint())
        case 4:
            let table = try reader.varint()
            let completeTo = LSN(try reader.varint())
            return .attach(
                table: table, segments: try decodeSegments(&reader), completeTo: completeTo)
        case 5: return .alter(try DefinitionCoding.decode(&reader))
        case 6: return .replace(try decodeReplacement(&reader))
        case 7: return .timeline(try reader.string(upTo: DatabaseFile.timelineBytes))
        case 8:
            let table = try reader.varint()
            return .forget(
                ForgottenPartition(
                    table: table, partition: try reader.string(upTo: Limits.nameBytes)))
        default: throw .invalid(at: start, what: "unknown edit")
        }
    }

    private static func decodeSegments(_ reader: inout ByteReader) throws(DecodeFailure)
        -> [SegmentEntry]
    {
        var segments: [SegmentEntry] = []
        for _ in 0..<(try reader.count(upTo: Limits.segments)) {
            segments.append(try SegmentEntry.decode(&reader))
        }
        return segments
    }

    private static func decodeReplacement(_ reader: inout ByteReader) throws(DecodeFailure)
        -> SegmentReplacement
    {
        let table = try reader.varint()
        let version = try reader.varint()
        var removed: [String] = []
        for _ in 0..<(try reader.count(upTo: Limits.segments)) {
            removed.append(try reader.string(upTo: 32))
        }
        return SegmentReplacement(
            table: table, definitionVersion: version, removed: removed,
            added: try decodeSegments(&reader))
    }
}
