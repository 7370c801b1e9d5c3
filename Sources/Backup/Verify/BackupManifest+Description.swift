package import Diagnostics
package import Platform

extension BackupManifest {
    /// Says what is in a `_backup.json`, and checks it: for `basalt inspect`.
    ///
    /// - Throws: XX001 when it is damaged, 0A000 for a newer format.
    package static func describe(_ path: String, files: any FileSystem) throws(DatabaseError)
        -> [String]
    {
        let bytes = try files.readAll(path, upTo: Limits.manifestBytes)
        let manifest = try decode(bytes, path: path)
        var lines = [
            "backup \(path)", "id \(manifest.id), name \"\(manifest.name)\"",
            "database \(manifest.database), timeline \(manifest.timeline), LSN \(manifest.lsn)",
            manifest.isIncremental ? "incremental" : "full",
        ]
        if let parent = manifest.parent { lines.append("parent \"\(parent)\"") }
        for table in manifest.tables {
            lines.append(
                "table \(table.id) \"\(table.schema)\".\"\(table.name)\" in db/\(table.directory), "
                    + "\(table.partitions) partitions, \(table.rows) rows, \(table.bytes) bytes")
        }
        for file in manifest.files {
            lines.append(
                "file \(file.path), \(file.bytes) bytes, \(file.origin.rawValue), "
                    + "SHA-256 \(file.sha256)")
        }
        lines.append("the checksum is right")
        return lines
    }
}
