import Bytes
import Catalog
package import Diagnostics
package import Platform
import Values

/// Says what is in a file of `db/`, and checks it: for `basalt inspect`.
package enum FileInspector {
    /// Describes a segment, a table's manifest, a log file or `_database`, told by its first bytes,
    /// or what belongs to a prepared snapshot, told by its name.
    ///
    /// - Parameter isLong: leaves nothing out, however long it gets.
    /// - Throws: XX001 naming the file and the first damage, 22023 for any other file.
    package static func describe(_ path: String, files: any FileSystem, isLong: Bool = false)
        throws(DatabaseError) -> [String]
    {
        guard let info = try files.info(path) else { throw .noSuchFile(path) }
        guard info.kind == .file else { throw .unknownFile(path) }
        if SnapshotInspector.isContents(path) {
            return try SnapshotInspector.describeContents(path, files: files)
        }
        if SnapshotInspector.isRecord(path) {
            return try SnapshotInspector.describeRecord(path, files: files)
        }
        let file = try files.open(path, .read, permissions: 0)
        let magic = try file.read(at: 0, count: 8)
        switch magic {
        case SegmentFormat.magic:
            return try SegmentInspector.describe(path, files: files, isLong: isLong)
        case Manifest.magic: return try manifest(path, files)
        case DatabaseFile.magic: return try database(path, files)
        case WALFileHeader.magic: return try log(path, files)
        default: throw .unknownFile(path)
        }
    }

    private static func manifest(_ path: String, _ files: any FileSystem) throws(DatabaseError)
        -> [String]
    {
        let bytes = try files.readAll(path, upTo: Limits.manifestBytes)
        let manifest = try Manifest.decode(bytes, path: path)
        let table = manifest.definition
        var lines = [
            "manifest \(path)",
            "table \(table.id) \"\(table.schema)\".\"\(table.name)\", version \(table.version), "
                + "partitions by \(table.partitionUnit.name)",
            "edits up to commit \(manifest.lsn), rows up to commit \(manifest.completeTo)",
        ]
        if manifest.isDropped { lines.append("the table is dropped") }
        for (index, column) in table.columns.enumerated() {
            lines.append(
                "column \(column.id) \"\(column.name)\" \(column.type.name)"
                    + (column.isNullable ? "" : " NOT NULL")
                    + (index == table.timestampIndex ? ", designated timestamp" : ""))
        }
        for entry in manifest.segments {
            var line = "segment \(entry.relativePath), \(entry.rows) rows, \(entry.bytes) bytes"
            line += ", commits \(entry.firstLSN) to \(entry.lastLSN)"
            if let low = entry.minTimestamp, let high = entry.maxTimestamp {
                line += ", timestamps \(low) to \(high)"
            }
            line += ", SHA-256 \(Hexadecimal.text(entry.sha256))"
            if !entry.columnMap.isEmpty {
                let links = entry.columnMap.map { "\($0.table) is \($0.segment)" }
                line += ", columns " + links.joined(separator: ", ")
            }
            lines.append(line)
        }
        lines.append("the checksum is right")
        return lines
    }

    private static func database(_ path: String, _ files: any FileSystem) throws(DatabaseError)
        -> [String]
    {
        let database = try DatabaseFile.read(path, files)
        return [
            "identity \(path)", "database \(database.uuid)", "timeline \(database.timeline)",
            "commits up to \(database.highestLSN) were durable",
            "tables up to id \(database.highestTableID)",
            database.hasLog
                ? "the log begins with commit \(database.firstLSN)" : "there is no log: a backup",
        ] + (database.relations.map { ["\($0.count) tables, schemas and sequences"] } ?? [])
            + ["the checksum is right"]
    }

    private static func log(_ path: String, _ files: any FileSystem) throws(DatabaseError)
        -> [String]
    {
        let file = try files.open(path, .read, permissions: 0)
        let size = try file.size()
        let header = try WALFileHeader.decode(
            try file.read(at: 0, count: WALFileHeader.bytes), path: path)
        let check = WALName.timelineCheck(header.timeline)
        var lines = [
            "log \(path)", "timeline \(header.timeline), first commit \(header.firstLSN)",
        ]
        var offset = WALFileHeader.bytes
        while offset < size {
            let bytes = try file.read(at: offset, count: WALFrame.headerBytes)
            guard let (frame, _) = WALFrame.decode(bytes, at: offset, timelineCheck: check) else {
                if try WALReader.isRoom(file, from: offset, size: size) {
                    lines.append("room for more at \(offset), \(size - offset) bytes")
                    break
                }
                // At the end of the last file this is what a crash leaves; opening drops it.
                throw .damaged(path, offset: offset, "no batch, \(size - offset) bytes are left")
            }
            let payload = try file.read(
                at: offset + WALFrame.headerBytes, count: frame.payloadBytes)
            guard CRC32C.checksum(payload) == frame.payloadChecksum else {
                throw .damaged(path, offset: offset, "batch with a wrong checksum")
            }
            lines.append(
                "batch at \(offset), commits \(frame.firstLSN) to \(frame.lastLSN), "
                    + "\(frame.payloadBytes) bytes, durable to \(frame.durableTo): "
                    + (try contents(payload, frame, path)))
            offset += frame.frameBytes
        }
        lines.append("all checksums are right")
        return lines
    }

    private static func contents(_ payload: [UInt8], _ frame: WALFrame, _ path: String)
        throws(DatabaseError) -> String
    {
        var reader = ByteReader(payload)
        var edits = 0
        var rows = 0
        do throws(DecodeFailure) {
            for _ in 0..<frame.transactions {
                let entry = try LogEntry.decode(&reader)
                edits += entry.edits.count
                rows += entry.appends.reduce(0) { $0 + $1.batch.rowCount }
            }
        } catch {
            throw .damaged(path, error)
        }
        return "\(edits) edits, \(rows) rows"
    }
}

extension DatabaseError {
    fileprivate static func noSuchFile(_ path: String) -> DatabaseError {
        DatabaseError(.missingFile, "there is no such file \"\(path)\"")
    }

    fileprivate static func unknownFile(_ path: String) -> DatabaseError {
        DatabaseError(
            .invalidParameter,
            "not a segment, manifest, log, identity or snapshot file \"\(path)\"",
            hint: "For the directory of a backup use `basalt backup inspect`.")
    }
}
