import Bytes
import Catalog
import Values

/// A table's definition as bytes, in the log and in manifests: see docs/formats/manifest.md.
enum DefinitionCoding {
    static func encode(_ definition: TableDefinition, into writer: inout ByteWriter) {
        writer.varint(definition.id)
        writer.string(definition.schema)
        writer.string(definition.name)
        writer.varint(definition.version)
        writer.integer(definition.partitionUnit.rawValue)
        writer.count((definition.timestampIndex ?? -1) + 1)
        writer.count(definition.columns.count)
        for column in definition.columns {
            writer.varint(UInt64(column.id))
            writer.string(column.name)
            writer.integer(column.type.rawValue)
            writer.integer(UInt8(column.isNullable ? 1 : 0))
        }
    }

    static func decode(_ reader: inout ByteReader) throws(DecodeFailure) -> TableDefinition {
        let start = reader.offset
        let id = try reader.varint()
        let schema = try reader.string(upTo: Limits.nameBytes)
        let name = try reader.string(upTo: Limits.nameBytes)
        let version = try reader.varint()
        guard let unit = PartitionUnit(rawValue: try reader.integer()) else {
            throw .invalid(at: start, what: "unknown partition unit")
        }
        let timestamp = try reader.count(upTo: Limits.columns) - 1
        let count = try reader.count(upTo: Limits.columns)
        var columns: [ColumnDefinition] = []
        for _ in 0..<count { columns.append(try decodeColumn(&reader)) }
        guard timestamp < count else {
            throw .invalid(at: start, what: "timestamp that is not a column")
        }
        guard timestamp < 0 || columns[timestamp].type == .timestamp else {
            throw .invalid(at: start, what: "designated column that is no timestamp")
        }
        return TableDefinition(
            id: id, schema: schema, name: name, version: version, columns: columns,
            timestampIndex: timestamp < 0 ? nil : timestamp, partitionUnit: unit)
    }

    private static func decodeColumn(_ reader: inout ByteReader) throws(DecodeFailure)
        -> ColumnDefinition
    {
        let start = reader.offset
        guard let id = UInt32(exactly: try reader.varint()) else {
            throw .invalid(at: start, what: "column id above 32 bits")
        }
        let name = try reader.string(upTo: Limits.nameBytes)
        guard let type = ValueType(rawValue: try reader.integer()) else {
            throw .invalid(at: start, what: "unknown column type")
        }
        let isNullable = try reader.integer(UInt8.self) != 0
        return ColumnDefinition(id: id, name: name, type: type, isNullable: isNullable)
    }
}
