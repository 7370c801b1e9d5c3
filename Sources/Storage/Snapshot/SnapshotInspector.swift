import Bytes
import Catalog
import Diagnostics
import Platform
import Values

/// Says what is in `_snapshot` and `_files` of a prepared snapshot, for `basalt inspect`.
///
/// `_files` begins with the bytes of `_database`, and only the record beside it tells where one of
/// its files ends: so both are told by their names.
enum SnapshotInspector {
    static func isContents(_ path: String) -> Bool {
        Path.name(of: path) == SnapshotDirectory.contentsName
    }

    static func isRecord(_ path: String) -> Bool {
        Path.name(of: path) == SnapshotRecord.fileName
    }

    /// - Throws: XX001 when it is not what `encode` makes.
    static func describeRecord(_ path: String, files: any FileSystem) throws(DatabaseError)
        -> [String]
    {
        let bytes = try files.readAll(path, upTo: Limits.snapshotRecordBytes)
        let record = try SnapshotRecord.decode(bytes, path: path)
        return ["record of a prepared snapshot \(path)"] + head(of: record)
            + record.files.map { "\($0.path.inOneLine), \($0.bytes) bytes, SHA-256 \($0.sha256)" }
            + ["the checksum is right"]
    }

    /// - Throws: XX001 naming the part that differs from the record, 22023 without a record.
    static func describeContents(_ path: String, files: any FileSystem) throws(DatabaseError)
        -> [String]
    {
        let place = Path.directory(of: path)
        let name = Path.name(of: place)
        guard let kind = PreparedKind.allCases.first(where: { $0.directory == name }) else {
            throw .filesWithoutRecord(path)
        }
        let directory = SnapshotDirectory(
            root: Path.directory(of: place), kind: kind, files: files)
        guard try files.info(Path.join(place, SnapshotRecord.fileName)) != nil,
            let record = try directory.record()
        else { throw .filesWithoutRecord(path) }
        var lines = ["small files of a prepared snapshot \(path)"] + head(of: record)
        var offset = 0
        for (file, bytes) in zip(record.files, try directory.contents(of: record)) {
            let line = "\(file.path.inOneLine), \(file.bytes) bytes at \(offset): "
            lines.append(line + (try content(of: bytes, "\(path), \(file.path)")))
            offset += file.bytes
        }
        guard try files.info(path)?.size == offset else {
            throw .damaged(path, offset: offset, "small files with other bytes behind them")
        }
        return lines + ["all checksums are right"]
    }

    private static func head(of record: SnapshotRecord) -> [String] {
        let snapshot = record.snapshot
        let time = Value.timestamp(snapshot.preparedAt).text(as: .timestamp) ?? "unknown"
        return [
            "\(snapshot.kind.rawValue) prepared at \(time), commit \(snapshot.lsn)",
            "database \(record.database)", "timeline \(record.timeline)",
        ]
    }

    private static func content(of bytes: [UInt8], _ path: String) throws(DatabaseError)
        -> String
    {
        if bytes.starts(with: DatabaseFile.magic) {
            let database = try DatabaseFile.decode(bytes, path: path)
            return "the identity, tables up to id \(database.highestTableID)"
        }
        let manifest = try Manifest.decode(bytes, path: path)
        let rows = manifest.segments.reduce(0) { $0 + $1.rows }
        let table = manifest.definition
        return "table \(table.id) \"\(table.schema.inOneLine)\".\"\(table.name.inOneLine)\", "
            + "\(manifest.segments.count) segments, \(rows) rows"
    }
}

extension DatabaseError {
    fileprivate static func filesWithoutRecord(_ path: String) -> DatabaseError {
        DatabaseError(
            .invalidParameter,
            "small files of a prepared snapshot without their record \"\(path)\"",
            hint: "Inspect the file where it lies, in snapshot/ or .checkpoint/ beside _snapshot.")
    }
}
