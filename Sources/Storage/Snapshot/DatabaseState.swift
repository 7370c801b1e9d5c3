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
    /// Tables that could not be opened.
    var damaged: [UInt64: DamagedTable] = [:]

    /// The damaged table that a name means; nil when there is none, or another one has it now.
    func damaged(schema: String, name: String) -> DamagedTable? {
        if damaged.isEmpty || names[Self.key(schema: schema, name: name)] != nil { return nil }
        return damaged.values.filter { $0.isNamed(name, schema: schema) }.min { $0.id < $1.id }
    }

    static func key(schema: String, name: String) -> String {
        "\(schema.lowercased())\0\(name.lowercased())"
    }

    static func key(_ definition: TableDefinition) -> String {
        key(schema: definition.schema, name: definition.name)
    }
}
