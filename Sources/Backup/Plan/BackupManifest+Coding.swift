import Bytes
package import Diagnostics
import Platform

extension BackupManifest {
    private static let checksumKey = "\"checksum\":\""

    /// The bytes of `_backup.json`: JSON whose last member is the SHA-256 of all text before it.
    package var encoded: [UInt8] {
        var text = JSONValue.object(members).encoded
        text.removeLast()
        text.append(UInt8(ascii: ","))
        let digest = hexadecimal(SHA256.digest(text))
        text.append(contentsOf: "\(Self.checksumKey)\(digest)\"}\n".utf8)
        return text
    }

    private var members: [JSONMember] {
        [
            JSONMember("basalt", .string("backup")),
            JSONMember("format", .integer(Int64(Self.format))),
            JSONMember("id", .string(id)),
            JSONMember("name", .string(name)),
            JSONMember("kind", .string(isIncremental ? "incremental" : "full")),
            JSONMember("scope", .string(isWholeDatabase ? "database" : "table")),
            JSONMember("parent", .optional(parent)),
            JSONMember("parent_id", .optional(parentID)),
            JSONMember("database", .string(database)),
            JSONMember("timeline", .string(timeline)),
            JSONMember("lsn", .integer(Int64(clamping: lsn))),
            JSONMember("started_at", .integer(startedAt)),
            JSONMember("finished_at", .integer(finishedAt)),
            JSONMember("duration_microseconds", .integer(durationMicroseconds)),
            JSONMember("software", .string(software)),
            JSONMember("requested_by", .string(requestedBy)),
            JSONMember("comment", .optional(comment)),
            JSONMember("selection", .optional(selection)),
            JSONMember("tables", .array(tables.map(\.json))),
            JSONMember("files", .array(files.map(\.json))),
        ]
    }

    /// Reads bytes that anyone may have written.
    ///
    /// - Throws: XX001 when they are damaged or make no sense, 0A000 for a newer format.
    package static func decode(_ bytes: [UInt8], path: String) throws(DatabaseError)
        -> BackupManifest
    {
        try verifyChecksum(bytes, path: path)
        do throws(DecodeFailure) {
            return try BackupManifest(fields: ManifestFields(JSONReader.read(bytes), path: path))
        } catch {
            throw translated(error, path: path)
        }
    }

    private static func translated(_ failure: DecodeFailure, path: String) -> DatabaseError {
        switch failure {
        case .truncated(let offset, _):
            return .backupDamaged(path, what: "it ends at byte \(offset)")
        case .invalid(let found, ManifestFields.newerFormat):
            return .backupFormatNewer(path, found: found, known: format)
        case .invalid(let offset, let what):
            return .backupDamaged(path, what: "\(what) at byte \(offset)")
        }
    }

    private static func verifyChecksum(_ bytes: [UInt8], path: String) throws(DatabaseError) {
        let tail = checksumKey.utf8.count + 64 + 3
        guard bytes.count > tail, bytes.suffix(3) == Array("\"}\n".utf8)[...] else {
            throw .backupDamaged(path, what: "its end is missing")
        }
        let keyBegin = bytes.count - tail
        let hexBegin = keyBegin + checksumKey.utf8.count
        guard bytes[keyBegin..<hexBegin].elementsEqual(checksumKey.utf8) else {
            throw .backupDamaged(path, what: "its checksum is missing")
        }
        let expected = String(decoding: bytes[hexBegin..<hexBegin + 64], as: UTF8.self)
        let found = hexadecimal(SHA256.digest(Array(bytes[..<keyBegin])))
        guard expected == found else {
            throw .backupChecksum(path, expected: expected, found: found)
        }
    }

    private init(fields: ManifestFields) throws(DecodeFailure) {
        try fields.checkFormat()
        id = try fields.string("id")
        name = try fields.string("name")
        isIncremental = try fields.choice("kind", "incremental", or: "full")
        isWholeDatabase = try fields.choice("scope", "database", or: "table")
        parent = fields.optionalString("parent")
        parentID = fields.optionalString("parent_id")
        database = try fields.string("database")
        timeline = try fields.string("timeline")
        lsn = UInt64(try fields.count("lsn"))
        startedAt = try fields.integer("started_at")
        finishedAt = try fields.integer("finished_at")
        durationMicroseconds = try fields.integer("duration_microseconds")
        software = try fields.string("software")
        requestedBy = try fields.string("requested_by")
        comment = fields.optionalString("comment")
        selection = fields.optionalString("selection")
        var tables: [Table] = []
        for element in try fields.array("tables") { tables.append(try Table(fields: element)) }
        self.tables = tables
        var files: [File] = []
        var paths: Set<String> = []
        for element in try fields.array("files") {
            let file = try File(fields: element)
            guard paths.insert(file.path).inserted else {
                throw .invalid(at: 0, what: "path listed twice '\(file.path)'")
            }
            files.append(file)
        }
        self.files = files
        try Self.checkSum(of: files.map(\.bytes), "lengths")
        try Self.checkSum(of: tables.map(\.rows), "rows")
        try Self.checkSum(of: tables.map(\.partitions), "partitions")
    }

    /// Numbers whose sum is asked for later have to have one.
    private static func checkSum(of numbers: [Int], _ what: String) throws(DecodeFailure) {
        var sum = 0
        for number in numbers {
            let (value, isOverflown) = sum.addingReportingOverflow(number)
            guard !isOverflown else {
                throw .invalid(at: 0, what: "\(what) above 64 bits together")
            }
            sum = value
        }
    }
}

extension BackupManifest.File {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("path", .string(path)),
            JSONMember("bytes", .integer(Int64(bytes))),
            JSONMember("sha256", .string(sha256)),
            JSONMember("origin", .string(origin.rawValue)),
            JSONMember("segment", .optional(segment)),
            JSONMember("read_at", readAt.map { .integer($0) } ?? .null),
        ])
    }

    fileprivate init(fields: ManifestFields) throws(DecodeFailure) {
        path = try fields.string("path")
        guard RelativePath.isSafe(path), path != BackupManifest.fileName else {
            throw .invalid(at: 0, what: "path that leaves the backup")
        }
        bytes = try fields.count("bytes")
        sha256 = try fields.string("sha256")
        guard sha256.utf8.count == 64 else { throw .invalid(at: 0, what: "digest of wrong length") }
        guard let origin = Origin(rawValue: try fields.string("origin")) else {
            throw .invalid(at: 0, what: "unknown origin")
        }
        self.origin = origin
        segment = fields.optionalString("segment")
        readAt = fields.optionalInteger("read_at")
    }
}

extension BackupManifest.Table {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("id", .integer(Int64(clamping: id))),
            JSONMember("kind", .string(kind.rawValue)),
            JSONMember("schema", .string(schema)),
            JSONMember("name", .string(name)),
            JSONMember("directory", .string(directory)),
            JSONMember("partitions", .integer(Int64(partitions))),
            JSONMember("rows", .integer(Int64(rows))),
            JSONMember("bytes", .integer(Int64(bytes))),
            JSONMember("min_timestamp", minTimestamp.map { .integer($0) } ?? .null),
            JSONMember("max_timestamp", maxTimestamp.map { .integer($0) } ?? .null),
        ])
    }

    fileprivate init(fields: ManifestFields) throws(DecodeFailure) {
        if let text = fields.optionalString("kind") {
            guard let kind = Kind(rawValue: text) else {
                throw .invalid(at: 0, what: "unknown kind of table")
            }
            self.kind = kind
        }
        id = UInt64(try fields.count("id"))
        schema = try fields.string("schema")
        name = try fields.string("name")
        directory = try fields.string("directory")
        guard RelativePath.isSafe(directory) else {
            throw .invalid(at: 0, what: "directory that leaves the backup")
        }
        partitions = try fields.count("partitions")
        rows = try fields.count("rows")
        bytes = try fields.count("bytes")
        minTimestamp = fields.optionalInteger("min_timestamp")
        maxTimestamp = fields.optionalInteger("max_timestamp")
    }
}

/// Typed access to a JSON object that nobody vouches for.
private struct ManifestFields {
    static let newerFormat = "newer format"
    private let object: JSONValue
    private let path: String

    init(_ object: JSONValue, path: String) throws(DecodeFailure) {
        guard object.members != nil else { throw .invalid(at: 0, what: "no object") }
        self.object = object
        self.path = path
    }

    func checkFormat() throws(DecodeFailure) {
        guard try string("basalt") == "backup" else {
            throw .invalid(at: 0, what: "not a backup manifest")
        }
        let found = try count("format")
        guard found <= BackupManifest.format else {
            throw .invalid(at: found, what: Self.newerFormat)
        }
    }

    func string(_ name: String) throws(DecodeFailure) -> String {
        guard let text = object[name]?.text else { throw missing(name) }
        return text
    }

    func optionalString(_ name: String) -> String? { object[name]?.text }

    func integer(_ name: String) throws(DecodeFailure) -> Int64 {
        guard let number = object[name]?.number else { throw missing(name) }
        return number
    }

    func optionalInteger(_ name: String) -> Int64? { object[name]?.number }

    /// A number that counts something: not below zero.
    func count(_ name: String) throws(DecodeFailure) -> Int {
        guard let number = object[name]?.number, number >= 0 else { throw missing(name) }
        return Int(number)
    }

    func choice(_ name: String, _ yes: String, or no: String) throws(DecodeFailure) -> Bool {
        let text = try string(name)
        guard text == yes || text == no else { throw missing(name) }
        return text == yes
    }

    func array(_ name: String) throws(DecodeFailure) -> [ManifestFields] {
        guard let elements = object[name]?.elements else { throw missing(name) }
        var fields: [ManifestFields] = []
        for element in elements { fields.append(try ManifestFields(element, path: path)) }
        return fields
    }

    private func missing(_ name: String) -> DecodeFailure {
        .invalid(at: 0, what: "member '\(name)' is missing or wrong")
    }
}

extension JSONValue {
    fileprivate static func optional(_ text: String?) -> JSONValue {
        text.map { .string($0) } ?? .null
    }
}

/// The form that digests and ids have everywhere in this room.
func hexadecimal(_ bytes: [UInt8]) -> String { Hexadecimal.text(bytes) }
