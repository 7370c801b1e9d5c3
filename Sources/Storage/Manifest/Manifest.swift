import Bytes
import Catalog
import Diagnostics
import Platform

/// The small file that says what a table is: see docs/formats/manifest.md.
struct Manifest: Sendable {
    static let magic: [UInt8] = Array("BSLTMAN1".utf8)
    static let version: UInt32 = 1
    static let prefix = "_manifest."

    let definition: TableDefinition
    /// Edits up to here are included.
    let lsn: LSN
    /// Rows of commits up to here are in the segments.
    let completeTo: LSN
    /// The table was dropped at `lsn`: its directory only waits to be removed.
    let isDropped: Bool
    let segments: [SegmentEntry]

    var name: String { Self.name(lsn) }

    static func name(_ lsn: LSN) -> String { "\(prefix)\(lsn)" }

    static func lsn(of name: String) -> LSN? {
        guard name.hasPrefix(prefix) else { return nil }
        return UInt64(name.dropFirst(prefix.count)).map { LSN($0) }
    }

    func encode() -> [UInt8] {
        var body = ByteWriter()
        body.varint(lsn.value)
        body.varint(completeTo.value)
        body.integer(UInt8(isDropped ? 1 : 0))
        DefinitionCoding.encode(definition, into: &body)
        body.count(segments.count)
        for segment in segments { segment.encode(into: &body) }
        var writer = ByteWriter(reserving: body.count + 24)
        writer.append(Self.magic)
        writer.integer(Self.version)
        writer.integer(UInt64(body.count))
        writer.append(body.bytes)
        writer.integer(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8], path: String) throws(DatabaseError) -> Manifest {
        do throws(DecodeFailure) {
            var reader = ByteReader(bytes)
            guard bytes.count > 24, Array(try reader.read(8)) == magic else {
                throw .invalid(at: 0, what: "no manifest")
            }
            let version = try reader.integer(UInt32.self)
            let length = try reader.integer(UInt64.self)
            guard length == UInt64(bytes.count - 24) else {
                throw .invalid(at: 12, what: "manifest of another length")
            }
            var tail = ByteReader(bytes[(bytes.count - 4)...])
            guard try tail.integer(UInt32.self) == CRC32C.checksum(bytes.dropLast(4)) else {
                throw .invalid(at: 0, what: "manifest with a wrong checksum")
            }
            guard version == Self.version else {
                throw .invalid(at: Int(version), what: NewerFormat.what)
            }
            return try decodeBody(&reader)
        } catch {
            throw .damaged(path, error)
        }
    }

    /// What the bytes of a manifest with a wrong checksum seem to say of the table; nil when they make
    /// no sense.
    static func guessDefinition(_ bytes: [UInt8]) -> TableDefinition? {
        guard bytes.count > 24 else { return nil }
        var reader = ByteReader(bytes)
        do throws(DecodeFailure) {
            _ = try reader.read(20)
            _ = try (reader.varint(), reader.varint(), reader.integer(UInt8.self))
            return try DefinitionCoding.decode(&reader)
        } catch {
            return nil
        }
    }

    private static func decodeBody(_ reader: inout ByteReader) throws(DecodeFailure) -> Manifest {
        let lsn = LSN(try reader.varint())
        let completeTo = LSN(try reader.varint())
        let isDropped = try reader.integer(UInt8.self) != 0
        let definition = try DefinitionCoding.decode(&reader)
        var segments: [SegmentEntry] = []
        for _ in 0..<(try reader.count(upTo: Limits.segments)) {
            segments.append(try SegmentEntry.decode(&reader))
        }
        return Manifest(
            definition: definition, lsn: lsn, completeTo: completeTo, isDropped: isDropped,
            segments: segments)
    }
}

/// Names of table directories: a readable prefix, and the id that counts.
enum TableDirectory {
    static func name(for definition: TableDefinition) -> String {
        var text = ""
        for byte in definition.name.utf8 {
            let part = encoded(byte)
            if text.utf8.count + part.utf8.count > Limits.directoryNameBytes { break }
            text += part
        }
        return "\(text)~\(definition.id)"
    }

    /// Whether a directory's name may be the begin of a longer one.
    static func isCut(_ directory: String) -> Bool {
        let prefix = directory.utf8.prefix { $0 != UInt8(ascii: "~") }
        // The next byte would have taken up to three.
        return prefix.count + 3 > Limits.directoryNameBytes
    }

    static func id(of name: String) -> UInt64? {
        guard let mark = name.utf8.lastIndex(of: UInt8(ascii: "~")) else { return nil }
        return UInt64(name[name.utf8.index(after: mark)...])
    }

    /// The readable prefix of a directory's name, decoded as far as it is UTF-8.
    static func readableName(of directory: String) -> String {
        let prefix = directory.utf8.prefix {
            $0 != UInt8(ascii: "~")
        }
        var bytes: [UInt8] = []
        var rest = prefix[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func encoded(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            return String(UnicodeScalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }
    }
}
