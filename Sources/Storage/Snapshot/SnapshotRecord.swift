import Bytes
import Diagnostics
import Platform

/// `_snapshot`: what was prepared, when, and in which root. See docs/formats/snapshot.md.
struct SnapshotRecord: Sendable, Equatable {
    static let fileName = "_snapshot"
    /// The newest format this room reads and the one it writes.
    static let format = 2
    /// The first format, which kept every small file by itself.
    static let formatOfSingleFiles = 1

    /// A small file of the cut, its path relative to the root.
    struct File: Sendable, Equatable {
        let path: String
        let bytes: Int
        let sha256: String
    }

    /// What a copy of a root cannot have: the inodes of the root itself and of a file made in it.
    struct Place: Sendable, Equatable {
        let device: UInt64
        let rootInode: UInt64
        let markInode: UInt64
        /// When the mark was made; 0 where the file system does not keep it.
        let markBirth: Int64

        /// Whether a snapshot prepared at `self` was prepared at the place that is here now. The
        /// number of a device may change at a reboot, so it counts only where nothing better is known.
        func isSame(as here: Place) -> Bool {
            guard rootInode == here.rootInode, markInode == here.markInode else { return false }
            return markBirth == 0 || here.markBirth == 0
                ? device == here.device : markBirth == here.markBirth
        }
    }

    let snapshot: PreparedSnapshot
    let database: String
    let timeline: String
    let place: Place
    /// `db/_database` and the manifests.
    let files: [File]
    var format = SnapshotRecord.format

    func encode() -> [UInt8] {
        var text = JSONValue.object([
            JSONMember("basalt", .string("snapshot")),
            JSONMember("format", .integer(Int64(format))),
            JSONMember("kind", .string(snapshot.kind.rawValue)),
            JSONMember("lsn", .integer(Int64(clamping: snapshot.lsn.value))),
            JSONMember("prepared_at", .integer(snapshot.preparedAt)),
            JSONMember("database", .string(database)),
            JSONMember("timeline", .string(timeline)),
            JSONMember("device", .integer(Int64(bitPattern: place.device))),
            JSONMember("root_inode", .integer(Int64(bitPattern: place.rootInode))),
            JSONMember("mark_inode", .integer(Int64(bitPattern: place.markInode))),
            JSONMember("mark_birth", .integer(place.markBirth)),
            JSONMember("files", .array(files.map(\.json))),
        ]).encoded
        let digest = Hexadecimal.text(SHA256.digest(text))
        text.append(contentsOf: "\n\(digest)\n".utf8)
        return text
    }

    /// - Throws: XX001 for anything but what `encode` makes, 0A000 for a newer format.
    static func decode(_ bytes: [UInt8], path: String) throws(DatabaseError) -> SnapshotRecord {
        let tail = 66
        guard bytes.count > tail, bytes.last == UInt8(ascii: "\n"),
            bytes[bytes.count - tail] == UInt8(ascii: "\n")
        else { throw .damaged(path, offset: 0, "record of a snapshot without its end") }
        let text = Array(bytes[..<(bytes.count - tail)])
        let expected = String(
            decoding: bytes[(bytes.count - tail + 1)..<(bytes.count - 1)], as: UTF8.self)
        let found = Hexadecimal.text(SHA256.digest(text))
        guard expected == found else {
            throw .damaged(
                path, offset: 0,
                "record of a snapshot, expected SHA-256 \(expected), found \(found)")
        }
        do throws(DecodeFailure) {
            return try decode(JSONReader.read(text), path: path)
        } catch .invalid(let version, NewerFormat.what) {
            throw .unknownFormat(path, version: version, known: format)
        } catch {
            throw .damaged(path, error)
        }
    }

    private static func decode(_ json: JSONValue, path: String) throws(DecodeFailure)
        -> SnapshotRecord
    {
        guard json["basalt"]?.text == "snapshot", let version = json["format"]?.number, version > 0
        else {
            throw .invalid(at: 0, what: "no record of a snapshot")
        }
        guard version <= Int64(format) else {
            throw .invalid(at: Int(clamping: version), what: NewerFormat.what)
        }
        guard let kind = json["kind"]?.text.flatMap(PreparedKind.init),
            let lsn = json["lsn"]?.number, lsn >= 0, let preparedAt = json["prepared_at"]?.number,
            let database = json["database"]?.text, let timeline = json["timeline"]?.text,
            let device = json["device"]?.number, let root = json["root_inode"]?.number,
            let mark = json["mark_inode"]?.number, let birth = json["mark_birth"]?.number,
            let files = json["files"]?.elements
        else { throw .invalid(at: 0, what: "member that is missing or wrong") }
        return SnapshotRecord(
            snapshot: PreparedSnapshot(kind: kind, lsn: LSN(UInt64(lsn)), preparedAt: preparedAt),
            database: database, timeline: timeline,
            place: Place(
                device: UInt64(bitPattern: device), rootInode: UInt64(bitPattern: root),
                markInode: UInt64(bitPattern: mark), markBirth: birth),
            files: try decode(files), format: Int(clamping: version))
    }

    private static func decode(_ elements: [JSONValue]) throws(DecodeFailure) -> [File] {
        var files: [File] = []
        for element in elements {
            guard let path = element["path"]?.text, let bytes = element["bytes"]?.number,
                bytes >= 0, let sha256 = element["sha256"]?.text
            else { throw .invalid(at: 0, what: "file that is not described") }
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.first == "db", parts.count <= 3, !path.utf8.contains(0),
                parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
            else { throw .invalid(at: 0, what: "path that leaves the database") }
            files.append(File(path: path, bytes: Int(bytes), sha256: sha256))
        }
        return files
    }
}

extension SnapshotRecord.File {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("path", .string(path)), JSONMember("bytes", .integer(Int64(bytes))),
            JSONMember("sha256", .string(sha256)),
        ])
    }
}
