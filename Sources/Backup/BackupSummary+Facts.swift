package import Bytes

extension BackupSummary {
    /// What the last NOTICE tells of a backup.
    package var sentence: String {
        "backup \"\(name)\" is complete: \(path), LSN \(lsn), \(tables) tables, \(rows) rows, "
            + "\(files) files, \(bytesCopied) bytes copied, \(bytesLinked) bytes linked, "
            + "\(durationMicroseconds / 1000) ms"
    }

    /// What /exec tells of a backup.
    package var json: JSONValue {
        .object([
            JSONMember("id", .string(id)), JSONMember("name", .string(name)),
            JSONMember("path", .string(path)),
            JSONMember("kind", .string(isIncremental ? "incremental" : "full")),
            JSONMember("lsn", .integer(Int64(clamping: lsn))),
            JSONMember("tables", .integer(Int64(tables))),
            JSONMember("files", .integer(Int64(files))),
            JSONMember("rows", .integer(Int64(rows))),
            JSONMember("bytesCopied", .integer(Int64(bytesCopied))),
            JSONMember("bytesLinked", .integer(Int64(bytesLinked))),
            JSONMember("durationMicroseconds", .integer(durationMicroseconds)),
        ])
    }
}
