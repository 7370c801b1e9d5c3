import Catalog
import Diagnostics

/// A table as one LSN sees it.
struct TableVersion: Sendable {
    let definition: TableDefinition
    let directory: String
    let segments: [SegmentHandle]
    /// Rows in no segment yet, in the order of commits.
    let memory: [MemtableView]

    var rowCount: Int {
        let inMemory = memory.reduce(0) { $0 + $1.rowCount }
        return segments.reduce(inMemory) { $0 + $1.entry.rows }
    }
}

/// All tables at one LSN: what a snapshot pins and a commit replaces as a whole.
struct DatabaseState: Sendable {
    var lsn: LSN = .zero
    var identity = DatabaseIdentity(uuid: "", timeline: "")
    var tables = VersionMap()
    /// Lower-cased schema and name to id.
    var names: [String: UInt64] = [:]
    /// What is wrong with tables that could not be opened, by the same key.
    var damaged: [String: DatabaseError] = [:]

    static func key(schema: String, name: String) -> String {
        "\(schema.lowercased())\0\(name.lowercased())"
    }

    static func key(_ definition: TableDefinition) -> String {
        key(schema: definition.schema, name: definition.name)
    }
}
