import Bytes
import Catalog
import Values

/// A table's definition as bytes, in the log and in manifests: see docs/formats/manifest.md.
enum DefinitionCoding {
    static func encode(_ definition: TableDefinition, into writer: inout ByteWriter) {
        writer.varint(definition.id)
        encode(definition.kind, into: &writer)
        writer.string(definition.schema)
        writer.string(definition.name)
        writer.varint(definition.version)
        writer.integer(definition.partitionUnit.rawValue)
        writer.count((definition.timestampIndex ?? -1) + 1)
        writer.count(definition.columns.count)
        for column in definition.columns { encode(column, into: &writer) }
        writer.varint(UInt64(definition.nextColumnID))
        writer.varint(UInt64(definition.timeToLive?.value ?? 0))
        if let timeToLive = definition.timeToLive { writer.integer(timeToLive.unit.rawValue) }
        encode(definition.dedupKeys, into: &writer)
        writer.count(definition.checks.count)
        for check in definition.checks {
            writer.string(check.name)
            writer.string(check.text)
        }
        writer.count(definition.keys.count)
        for key in definition.keys {
            writer.string(key.name)
            writer.integer(UInt8(key.isPrimary ? 1 : 0))
            encode(key.columns, into: &writer)
        }
        optional(definition.ingestionHints?.maxUncommittedRows, into: &writer)
        optional(definition.ingestionHints?.o3MaxLagMicroseconds, into: &writer)
    }

    private static func encode(_ kind: RelationKind, into writer: inout ByteWriter) {
        switch kind {
        case .table: writer.integer(UInt8(0))
        case .schema: writer.integer(UInt8(1))
        case .sequence(let sequence):
            writer.integer(UInt8(2))
            writer.integer(sequence.start)
            writer.integer(sequence.increment)
            writer.integer(sequence.minimum)
            writer.integer(sequence.maximum)
            writer.integer(UInt8(sequence.isCycling ? 1 : 0))
            writer.integer(UInt8(sequence.reserved == nil ? 0 : 1))
            if let reserved = sequence.reserved { writer.integer(reserved) }
            optional(sequence.owner, into: &writer)
        }
    }

    private static func encode(_ ids: [UInt32], into writer: inout ByteWriter) {
        writer.count(ids.count)
        for id in ids { writer.varint(UInt64(id)) }
    }

    private static func encode(_ column: ColumnDefinition, into writer: inout ByteWriter) {
        writer.varint(UInt64(column.id))
        writer.string(column.name)
        column.type.encode(into: &writer)
        let isNullable: UInt8 = column.isNullable ? 1 : 0
        switch column.modifier {
        case nil: writer.integer(isNullable)
        case .length(let length):
            writer.integer(isNullable | (length.isBlankTrimmed ? 6 : 2))
            writer.count(length.characters)
        case .precision(let precision):
            writer.integer(isNullable | 8)
            writer.integer(UInt8(precision.digits))
        }
        switch column.defaultValue {
        case nil: writer.integer(UInt8(0))
        case .expression(let text):
            writer.integer(UInt8(1))
            writer.string(text)
        case .sequence(let schema, let name, let generation):
            writer.integer(UInt8(2))
            writer.string(schema)
            writer.string(name)
            writer.integer(generation.rawValue)
        }
        guard let options = column.symbolOptions else { return writer.integer(UInt8(0)) }
        let cache: UInt8 = options.isCached.map { $0 ? 4 : 2 } ?? 0
        writer.integer(UInt8(1) | cache | (options.isIndexed ? 8 : 0))
        optional(options.capacity.map { UInt64($0) }, into: &writer)
        optional(options.indexCapacity.map { UInt64($0) }, into: &writer)
    }

    /// A varint after a byte that says whether it is there.
    private static func optional(_ value: UInt64?, into writer: inout ByteWriter) {
        writer.integer(UInt8(value == nil ? 0 : 1))
        if let value { writer.varint(value) }
    }
}

extension DefinitionCoding {
    static func decode(_ reader: inout ByteReader) throws(DecodeFailure) -> TableDefinition {
        let start = reader.offset
        let id = try reader.varint()
        let kind = try decodeKind(&reader)
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
        guard timestamp < 0 || columns[timestamp].type.isDesignable else {
            throw .invalid(at: start, what: "designated column that is no timestamp")
        }
        let next = try number(&reader)
        let ids = Set(columns.map(\.id))
        guard ids.count == count, ids.allSatisfy({ $0 < next }) else {
            throw .invalid(at: start, what: "column ids that are not their own")
        }
        let timeToLive = try decodeTimeToLive(&reader)
        let dedupKeys = try decodeIDs(&reader, among: ids)
        let checks = try decodeChecks(&reader)
        let keys = try decodeKeys(&reader, among: ids)
        let rows = try optional(&reader)
        let lag = try optional(&reader)
        return TableDefinition(
            id: id, kind: kind, schema: schema, name: name, version: version, columns: columns,
            nextColumnID: next, timestampIndex: timestamp < 0 ? nil : timestamp,
            partitionUnit: unit, timeToLive: timeToLive, dedupKeys: dedupKeys, checks: checks,
            keys: keys,
            ingestionHints: rows == nil && lag == nil
                ? nil : IngestionHints(maxUncommittedRows: rows, o3MaxLagMicroseconds: lag))
    }

    private static func decodeKind(_ reader: inout ByteReader) throws(DecodeFailure)
        -> RelationKind
    {
        let start = reader.offset
        switch try reader.integer(UInt8.self) {
        case 0: return .table
        case 1: return .schema
        case 2:
            var sequence = SequenceDefinition(
                start: try reader.integer(), increment: try reader.integer(),
                minimum: try reader.integer(), maximum: try reader.integer(),
                isCycling: try reader.integer(UInt8.self) != 0)
            if try reader.integer(UInt8.self) != 0 { sequence.reserved = try reader.integer() }
            sequence.owner = try optional(&reader)
            guard sequence.increment != 0, sequence.minimum <= sequence.maximum else {
                throw .invalid(at: start, what: "sequence that cannot count")
            }
            return .sequence(sequence)
        default: throw .invalid(at: start, what: "unknown kind of relation")
        }
    }

    private static func decodeTimeToLive(_ reader: inout ByteReader) throws(DecodeFailure)
        -> TimeToLive?
    {
        let start = reader.offset
        let value = try number(&reader)
        if value == 0 { return nil }
        guard let unit = TimeToLive.Unit(rawValue: try reader.integer()) else {
            throw .invalid(at: start, what: "unknown unit of TTL")
        }
        return TimeToLive(value: value, unit: unit)
    }

    private static func decodeIDs(_ reader: inout ByteReader, among ids: Set<UInt32>)
        throws(DecodeFailure) -> [UInt32]
    {
        let start = reader.offset
        var result: [UInt32] = []
        for _ in 0..<(try reader.count(upTo: Limits.columns)) {
            result.append(try number(&reader))
        }
        guard result.allSatisfy({ ids.contains($0) }) else {
            throw .invalid(at: start, what: "key of a column that is not there")
        }
        return result
    }

    private static func decodeChecks(_ reader: inout ByteReader) throws(DecodeFailure)
        -> [CheckConstraint]
    {
        var checks: [CheckConstraint] = []
        for _ in 0..<(try reader.count(upTo: Limits.constraints)) {
            let name = try reader.string(upTo: Limits.nameBytes)
            let text = try reader.string(upTo: Limits.expressionBytes)
            checks.append(CheckConstraint(name: name, text: text))
        }
        return checks
    }

    private static func decodeKeys(_ reader: inout ByteReader, among ids: Set<UInt32>)
        throws(DecodeFailure) -> [KeyConstraint]
    {
        var keys: [KeyConstraint] = []
        for _ in 0..<(try reader.count(upTo: Limits.constraints)) {
            let name = try reader.string(upTo: Limits.nameBytes)
            let isPrimary = try reader.integer(UInt8.self) != 0
            let columns = try decodeIDs(&reader, among: ids)
            keys.append(KeyConstraint(name: name, isPrimary: isPrimary, columns: columns))
        }
        return keys
    }

    private static func decodeColumn(_ reader: inout ByteReader) throws(DecodeFailure)
        -> ColumnDefinition
    {
        let id = try number(&reader)
        let name = try reader.string(upTo: Limits.nameBytes)
        let type = try ValueType.decode(&reader)
        let flags = try reader.integer(UInt8.self)
        let modifier = try decodeModifier(&reader, flags, of: type)
        let defaultValue = try decodeDefault(&reader)
        let symbolOptions = try decodeSymbolOptions(&reader)
        return ColumnDefinition(
            id: id, name: name, type: type, modifier: modifier, isNullable: flags & 1 != 0,
            defaultValue: defaultValue, symbolOptions: symbolOptions)
    }

    private static func decodeModifier(
        _ reader: inout ByteReader, _ flags: UInt8, of type: ValueType
    ) throws(DecodeFailure) -> TypeModifier? {
        let start = reader.offset
        let modifier: TypeModifier
        switch flags & ~1 {
        case 0: return nil
        case 2, 6:
            let characters = try reader.count(upTo: TextLength.most)
            guard characters > 0 else { throw .invalid(at: start, what: "length of no character") }
            modifier = .length(
                TextLength(characters: characters, isBlankTrimmed: flags & 4 != 0))
        case 8:
            let digits = Int(try reader.integer(UInt8.self))
            guard digits <= TimePrecision.most else {
                throw .invalid(at: start, what: "precision of more digits than there are")
            }
            modifier = .precision(TimePrecision(digits: digits))
        default: throw .invalid(at: start, what: "unknown property of a column")
        }
        guard modifier.suits(type) else {
            throw .invalid(at: start, what: "modifier of a type that has none")
        }
        return modifier
    }

    private static func decodeDefault(_ reader: inout ByteReader) throws(DecodeFailure)
        -> ColumnDefault?
    {
        let start = reader.offset
        switch try reader.integer(UInt8.self) {
        case 0: return nil
        case 1: return .expression(try reader.string(upTo: Limits.expressionBytes))
        case 2:
            let schema = try reader.string(upTo: Limits.nameBytes)
            let name = try reader.string(upTo: Limits.nameBytes)
            guard let generation = ColumnDefault.Generation(rawValue: try reader.integer()) else {
                throw .invalid(at: start, what: "unknown kind of generated column")
            }
            return .sequence(schema: schema, name: name, generation)
        default: throw .invalid(at: start, what: "unknown kind of default")
        }
    }

    private static func decodeSymbolOptions(_ reader: inout ByteReader) throws(DecodeFailure)
        -> SymbolOptions?
    {
        let flags = try reader.integer(UInt8.self)
        if flags & 1 == 0 { return nil }
        let capacity = try optional(&reader).map { UInt32(clamping: $0) }
        let indexCapacity = try optional(&reader).map { UInt32(clamping: $0) }
        return SymbolOptions(
            capacity: capacity, isCached: flags & 6 == 0 ? nil : flags & 4 != 0,
            isIndexed: flags & 8 != 0, indexCapacity: indexCapacity)
    }

    private static func optional(_ reader: inout ByteReader) throws(DecodeFailure) -> UInt64? {
        try reader.integer(UInt8.self) == 0 ? nil : try reader.varint()
    }

    private static func number(_ reader: inout ByteReader) throws(DecodeFailure) -> UInt32 {
        let start = reader.offset
        guard let number = UInt32(exactly: try reader.varint()) else {
            throw .invalid(at: start, what: "number above 32 bits")
        }
        return number
    }
}
