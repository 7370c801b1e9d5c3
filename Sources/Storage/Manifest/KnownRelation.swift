import Bytes
import Catalog
import Diagnostics

/// A table, schema or sequence that `_database` says there is: a start that finds neither its manifest
/// nor its end knows that it has been lost, though nothing of it may be left.
struct KnownRelation: Sendable, Equatable {
    let id: UInt64
    let schema: String
    /// Empty where it is not known for sure, or where names would make the file large.
    let name: String

    init(id: UInt64, schema: String, name: String) {
        self.id = id
        self.schema = schema
        self.name = name
    }

    init(_ definition: TableDefinition) {
        self.init(id: definition.id, schema: definition.schema, name: definition.name)
    }

    /// One that stays lost or damaged until somebody restores or drops it.
    init(_ table: DamagedTable) {
        let schema = table.schema
        self.init(id: table.id, schema: schema ?? "", name: schema == nil ? "" : table.name)
    }

    /// As `_database` lists them: ordered by id; nil for more than the file may hold.
    static func list(_ all: [KnownRelation]) -> [KnownRelation]? {
        guard all.count <= Limits.knownRelations else { return nil }
        let isNamed = all.count <= Limits.namedRelations
        return all.sorted { $0.id < $1.id }.map {
            isNamed ? $0 : KnownRelation(id: $0.id, schema: "", name: "")
        }
    }

    /// A definition for its name alone; nil where that is not known.
    var guess: TableDefinition? {
        if name.isEmpty { return nil }
        return TableDefinition(
            id: id, schema: schema, name: name, columns: [], timestampIndex: nil,
            partitionUnit: .none)
    }

    func encode(into writer: inout ByteWriter) {
        writer.varint(id)
        writer.string(schema)
        writer.string(name)
    }

    static func decode(_ reader: inout ByteReader) throws(DecodeFailure) -> KnownRelation {
        let id = try reader.varint()
        let schema = try reader.string(upTo: Limits.nameBytes)
        return KnownRelation(
            id: id, schema: schema, name: try reader.string(upTo: Limits.nameBytes))
    }
}
