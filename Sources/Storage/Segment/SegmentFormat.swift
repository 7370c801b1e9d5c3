import Bytes
import Values

/// The byte layout of a segment file: see docs/formats/segment.md.
enum SegmentFormat {
    static let magic: [UInt8] = Array("BSLTSEG1".utf8)
    static let endMagic: [UInt8] = Array("BSLTSEGE".utf8)
    static let version: UInt32 = 1
    static let alignment = 64
    /// The last bytes: footer's offset, length and checksum, version, magic.
    static let trailerBytes = 32
    /// Magic, version, footer-independent counts and their checksum.
    static let headerBytes = 64

    /// What a block holds.
    enum Kind: UInt8, Sendable, CaseIterable {
        /// Values, codes or offsets.
        case values = 1
        case validity = 2
        case heap = 3
        /// Offsets, then bytes, of a SYMBOL's sorted strings.
        case dictionary = 4
        case statistics = 5

        var name: String {
            switch self {
            case .values: "values"
            case .validity: "validity"
            case .heap: "heap"
            case .dictionary: "dictionary"
            case .statistics: "statistics"
            }
        }
    }

    /// How a block's bytes stand for its values; later ones join without a format break.
    enum Encoding: UInt8, Sendable {
        case plain = 0
        /// One value of which every row has the same bits; of `values` blocks only.
        case constant = 1
    }

    struct Block: Sendable {
        let kind: Kind
        let encoding: Encoding
        let offset: Int
        let length: Int
        let checksum: UInt32

        func encode(into writer: inout ByteWriter) {
            writer.integer(kind.rawValue)
            writer.integer(encoding.rawValue)
            writer.count(offset)
            writer.count(length)
            writer.integer(checksum)
        }

        static func decode(_ reader: inout ByteReader, fileBytes: Int) throws(DecodeFailure)
            -> Block
        {
            let start = reader.offset
            guard let kind = Kind(rawValue: try reader.integer()) else {
                throw .invalid(at: start, what: "unknown block kind")
            }
            guard let encoding = Encoding(rawValue: try reader.integer()) else {
                throw .invalid(at: start, what: "unknown block encoding")
            }
            let offset = try reader.count(upTo: fileBytes)
            let length = try reader.count(upTo: fileBytes - offset)
            guard offset % alignment == 0 else {
                throw .invalid(at: start, what: "block that is not aligned")
            }
            return Block(
                kind: kind, encoding: encoding, offset: offset, length: length,
                checksum: try reader.integer())
        }
    }

    struct Column: Sendable {
        let id: UInt32
        let name: String
        let type: ValueType
        /// Bytes of a code of a SYMBOL; the type's width otherwise; 4 for offsets.
        let valueWidth: Int
        /// Strings of a SYMBOL's dictionary.
        let dictionaryCount: Int
        var blocks: [Block]

        func block(_ kind: Kind) -> Block? { blocks.first { $0.kind == kind } }

        func encode(into writer: inout ByteWriter) {
            writer.varint(UInt64(id))
            writer.string(name)
            type.encode(into: &writer)
            writer.integer(UInt8(valueWidth))
            writer.count(dictionaryCount)
            writer.count(blocks.count)
            for block in blocks { block.encode(into: &writer) }
        }

        static func decode(_ reader: inout ByteReader, rows: Int, fileBytes: Int)
            throws(DecodeFailure) -> Column
        {
            let start = reader.offset
            guard let id = UInt32(exactly: try reader.varint()) else {
                throw .invalid(at: start, what: "column id above 32 bits")
            }
            let name = try reader.string(upTo: Limits.nameBytes)
            let type = try ValueType.decode(&reader)
            let width = Int(try reader.integer(UInt8.self))
            let isWidthRight =
                type == .symbol ? [1, 2, 4].contains(width) : width == type.width ?? 4
            guard isWidthRight else { throw .invalid(at: start, what: "impossible value width") }
            let dictionaryCount = try reader.count(upTo: rows)
            var blocks: [Block] = []
            for _ in 0..<(try reader.count(upTo: Kind.allCases.count)) {
                blocks.append(try Block.decode(&reader, fileBytes: fileBytes))
            }
            let column = Column(
                id: id, name: name, type: type, valueWidth: width,
                dictionaryCount: dictionaryCount, blocks: blocks)
            guard column.hasRightLengths(rows: rows) else {
                throw .invalid(at: start, what: "blocks of a wrong length")
            }
            return column
        }

        private func hasRightLengths(rows: Int) -> Bool {
            for block in blocks where block.encoding == .constant && block.kind != .values {
                return false
            }
            let extra = type.width == nil ? 1 : 0
            guard let values = block(.values) else { return false }
            let count = values.encoding == .constant ? 1 : rows + extra
            guard values.length == count * valueWidth else { return false }
            if let validity = block(.validity), validity.length != (rows + 7) / 8 { return false }
            if type.width == nil, block(.heap) == nil { return false }
            if type == .symbol {
                guard let dictionary = block(.dictionary) else { return false }
                return dictionary.length >= (dictionaryCount + 1) * 4
            }
            return true
        }
    }

    /// Everything of a segment but its values.
    struct Footer: Sendable {
        let rows: Int
        let minTimestamp: Int64?
        let maxTimestamp: Int64?
        let firstLSN: LSN
        let lastLSN: LSN
        let columns: [Column]

        func encode() -> [UInt8] {
            var writer = ByteWriter()
            writer.count(rows)
            SegmentBounds.encode(minTimestamp, maxTimestamp, firstLSN, lastLSN, into: &writer)
            writer.count(columns.count)
            for column in columns { column.encode(into: &writer) }
            return writer.bytes
        }

        static func decode(_ bytes: [UInt8], fileBytes: Int) throws(DecodeFailure) -> Footer {
            var reader = ByteReader(bytes)
            let rows = try reader.count(upTo: Limits.segmentRows)
            let bounds = try SegmentBounds.decode(&reader)
            var columns: [Column] = []
            for _ in 0..<(try reader.count(upTo: Limits.columns)) {
                columns.append(try Column.decode(&reader, rows: rows, fileBytes: fileBytes))
            }
            return Footer(
                rows: rows, minTimestamp: bounds.lowest, maxTimestamp: bounds.highest,
                firstLSN: bounds.first, lastLSN: bounds.last, columns: columns)
        }
    }
}
