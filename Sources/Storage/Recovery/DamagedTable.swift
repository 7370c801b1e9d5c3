package import Catalog
package import Diagnostics
import Platform

/// A segment that cannot be read. Its table can be, in all other parts.
package struct DamagedSegment: Sendable {
    package let partition: String
    package let path: String
    /// Names file and block.
    package let error: DatabaseError
}

/// A table whose manifest is missing or cannot be read. It is left exactly as it lies, and so is the log it may
/// need, until somebody restores or drops it; the other tables work.
package struct DamagedTable: Sendable {
    package let id: UInt64
    /// The name of its directory below `db/`.
    package let directoryName: String
    /// The name: as the damaged manifest has it where that much can be read, or else as far as the
    /// directory tells it: what it was created with, perhaps cut short.
    package let name: String
    /// The schema as the damaged manifest has it; nil when it is not known.
    package let schema: String?
    /// Names file and offset.
    package let error: DatabaseError

    /// - Parameter guess: what a damaged manifest seems to say; its bytes are not to be trusted.
    init(id: UInt64, directoryName: String, guess: TableDefinition?, error: DatabaseError) {
        self.id = id
        self.directoryName = directoryName
        let guess = guess?.id == id ? guess : nil
        name = guess?.name ?? TableDirectory.readableName(of: directoryName)
        schema = guess?.schema
        self.error = DatabaseError(
            .corrupted, "table \(name) is damaged: \(error.message)",
            detail: "Its files in \(directoryName) are left as they are; the other tables work.",
            hint:
                "RESTORE TABLE … FULL puts a backup's in its place, RESTORE DATABASE … FULL schemas and "
                + "sequences too; DROP TABLE, for a schema DROP SCHEMA, removes it and its files.",
            damagedPath: error.damagedPath)
    }

    /// Whether it is what somebody means by a name, in any schema when its own is not known.
    package func isNamed(_ wanted: String, schema wantedSchema: String) -> Bool {
        if let schema, schema.lowercased() != wantedSchema.lowercased() { return false }
        let wanted = wanted.lowercased()
        if name.lowercased() == wanted { return true }
        // A long name is cut where it is a directory's.
        let begin = TableDirectory.readableName(of: directoryName).lowercased()
        return begin == wanted || TableDirectory.isCut(directoryName) && wanted.hasPrefix(begin)
    }

    /// Its directory as one of a dropped table.
    func removal(at lsn: LSN) -> RemovalQueue.Table {
        RemovalQueue.Table(
            manifest: Manifest(
                definition: standIn, lsn: lsn, completeTo: lsn, isDropped: true, segments: []),
            directory: directoryName)
    }

    /// A relation of its id and name, for what is to be done to it as a whole.
    package var standIn: TableDefinition {
        TableDefinition(
            id: id, schema: schema ?? "public", name: name, columns: [], timestampIndex: nil,
            partitionUnit: .none)
    }
}
