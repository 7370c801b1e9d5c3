import Bytes
import Platform

/// A backup, restore or verification as `db/_jobs` keeps it: while it runs, and with its end.
package struct JobRecord: Sendable, Equatable {
    package enum Act: String, Sendable { case backup, restore, verify }

    package let id: String
    package let act: Act
    package var status: BackupInfo.Status
    /// The backup that is made or read.
    package let name: String
    /// Empty for a backup that was refused before it had a place.
    package let path: String
    /// Of a backup: `full` or `incremental`.
    package let kind: String
    /// Microseconds since 1970.
    package let startedAt: Int64
    package let finishedAt: Int64?
    package let requestedBy: String
    package var error: String?
    package let comment: String?
    /// Stage and percent; never on disk.
    package var progress: String?

    /// A job that a crash or a stop of the server ended.
    func interrupted() -> JobRecord {
        var record = self
        record.status = .failed
        record.error = "the server ended while it ran"
        return record
    }

    /// The row of `backups()` of a job that is no backup in a destination.
    var info: BackupInfo {
        var info = BackupInfo(id: id, name: name, path: path, status: status)
        info.kind = kind
        info.startedAt = startedAt
        info.finishedAt = finishedAt
        info.error = error
        info.comment = comment
        return info
    }
}

/// `_jobs`: a line with the checksum of the rest, then JSON. Layout: docs/formats/backup.md.
enum JobFile {
    static let name = "_jobs"
    private static let format: Int64 = 1

    static func encode(_ jobs: [JobRecord]) -> [UInt8] {
        let body = JSONValue.object([
            JSONMember("basalt", .string("jobs")), JSONMember("format", .integer(format)),
            JSONMember("jobs", .array(jobs.map(\.json))),
        ]).encoded
        return Array("\(hexadecimal(SHA256.digest(body)))\n".utf8) + body
    }

    /// Reads bytes that anyone may have written.
    static func decode(_ bytes: [UInt8]) throws(DecodeFailure) -> [JobRecord] {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            String(decoding: bytes[..<end], as: UTF8.self)
                == hexadecimal(SHA256.digest(Array(bytes[(end + 1)...])))
        else { throw .invalid(at: 0, what: "jobs with a wrong checksum") }
        let object = try JSONReader.read(Array(bytes[(end + 1)...]))
        guard object["basalt"]?.text == "jobs", object["format"]?.number == format,
            let elements = object["jobs"]?.elements
        else { throw .invalid(at: end + 1, what: "no list of jobs") }
        return elements.prefix(Limits.rememberedJobs).compactMap { JobRecord($0) }
    }
}

extension JobRecord {
    fileprivate var json: JSONValue {
        func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
        return .object([
            JSONMember("id", .string(id)), JSONMember("act", .string(act.rawValue)),
            JSONMember("status", .string(status.rawValue)), JSONMember("name", .string(name)),
            JSONMember("path", .string(path)), JSONMember("kind", .string(kind)),
            JSONMember("started_at", .integer(startedAt)),
            JSONMember("finished_at", finishedAt.map { .integer($0) } ?? .null),
            JSONMember("requested_by", .string(requestedBy)), JSONMember("error", text(error)),
            JSONMember("comment", text(comment)),
        ])
    }

    /// Nil for what is no job: one of a later version, say.
    fileprivate init?(_ json: JSONValue) {
        guard let id = json["id"]?.text, let act = json["act"]?.text.flatMap(Act.init(rawValue:)),
            let status = json["status"]?.text.flatMap(BackupInfo.Status.init(rawValue:)),
            let name = json["name"]?.text, let path = json["path"]?.text,
            let startedAt = json["started_at"]?.number
        else { return nil }
        self.init(
            id: id, act: act, status: status, name: name, path: path,
            kind: json["kind"]?.text ?? "", startedAt: startedAt,
            finishedAt: json["finished_at"]?.number,
            requestedBy: json["requested_by"]?.text ?? "", error: json["error"]?.text,
            comment: json["comment"]?.text)
    }
}
