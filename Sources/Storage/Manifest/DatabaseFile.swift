import Bytes
import Diagnostics
import Platform

/// `_database`: who this is and where its log begins; the one file replaced in place. See
/// docs/formats/manifest.md.
struct DatabaseFile: Sendable, Equatable {
    static let magic: [UInt8] = Array("BSLTDB01".utf8)
    static let version: UInt32 = 1
    static let name = "_database"
    /// Characters of a timeline's name.
    static let timelineBytes = 36

    var uuid: String
    var timeline: String
    /// The highest LSN known to be durable when this was written.
    var highestLSN: LSN
    /// The highest table id ever issued.
    var highestTableID: UInt64
    /// The first LSN of the log's first file.
    var firstLSN: LSN
    /// False in a backup: there is no log and none is missed.
    var hasLog: Bool
    /// The timelines this one came from, the nearest first.
    var ancestors: [String] = []
    /// What there was when this was written; nil where nobody knows, as in a backup.
    var relations: [KnownRelation]?

    /// Begins a new line of history behind everything there is; its log is still to be begun.
    mutating func beginTimeline(_ chance: any Chance) {
        enter(Self.makeUUID(chance))
        hasLog = false
        relations = nil
        firstLSN = highestLSN.next
    }

    /// Goes on under a new timeline; again for one it has entered already is nothing.
    mutating func enter(_ new: String) {
        guard timeline != new, !ancestors.contains(new) else { return }
        ancestors = Array(([timeline] + ancestors).prefix(Limits.ancestors))
        timeline = new
    }

    var identity: DatabaseIdentity {
        DatabaseIdentity(uuid: uuid, timeline: timeline, ancestors: ancestors)
    }

    func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(Self.magic)
        writer.integer(Self.version)
        writer.string(uuid)
        writer.string(timeline)
        writer.integer(highestLSN.value)
        writer.integer(highestTableID)
        writer.integer(firstLSN.value)
        writer.integer(UInt8(hasLog ? 1 : 0))
        writer.count(ancestors.count)
        for ancestor in ancestors { writer.string(ancestor) }
        if let relations {
            writer.count(relations.count)
            for relation in relations { relation.encode(into: &writer) }
        }
        writer.integer(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// - Throws: XX001 that names the way out.
    static func read(_ path: String, _ files: any FileSystem) throws(DatabaseError)
        -> DatabaseFile
    {
        let bytes = try files.readAll(path, upTo: Limits.databaseFileBytes)
        do throws(DatabaseError) {
            return try decode(bytes, path: path)
        } catch {
            guard error.state == .corrupted else { throw error }
            throw .damagedIdentity(error, path)
        }
    }

    static func decode(_ bytes: [UInt8], path: String) throws(DatabaseError) -> DatabaseFile {
        do throws(DecodeFailure) {
            var reader = ByteReader(bytes)
            guard bytes.count > 24, Array(try reader.read(8)) == magic else {
                throw .invalid(at: 0, what: "no identity file")
            }
            let version = try reader.integer(UInt32.self)
            var tail = ByteReader(bytes[(bytes.count - 4)...])
            guard try tail.integer(UInt32.self) == CRC32C.checksum(bytes.dropLast(4)) else {
                throw .invalid(at: 0, what: "identity file with a wrong checksum")
            }
            guard version == Self.version else {
                throw .invalid(at: Int(version), what: NewerFormat.what)
            }
            let uuid = try reader.string(upTo: 64)
            let timeline = try reader.string(upTo: timelineBytes)
            var database = DatabaseFile(
                uuid: uuid, timeline: timeline, highestLSN: LSN(try reader.integer()),
                highestTableID: try reader.integer(), firstLSN: LSN(try reader.integer()),
                hasLog: try reader.integer(UInt8.self) != 0)
            for _ in 0..<(try reader.count(upTo: Limits.ancestors)) {
                database.ancestors.append(try reader.string(upTo: timelineBytes))
            }
            // Nothing but the checksum follows where they are not told.
            guard reader.remaining > 4 else { return database }
            database.relations = try (0..<reader.count(upTo: Limits.knownRelations)).map {
                _ throws(DecodeFailure) in try KnownRelation.decode(&reader)
            }
            return database
        } catch {
            throw .damaged(path, error)
        }
    }

    /// A random version 4 uuid as text.
    static func makeUUID(_ chance: any Chance) -> String {
        var bytes = chance.bytes(16)
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        let hex = Hexadecimal.text(bytes)
        var parts: [Substring] = []
        var rest = hex[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }
}
