import Diagnostics
import Platform
import Testing

@testable import Backup

@Suite("BackupManifest")
struct BackupManifestTests {
    static func manifest(
        path: String = "db/_database", directory: String = "trades~7", comment: String? = nil,
        adding other: BackupManifest.Table? = nil, _ file: BackupManifest.File? = nil
    ) -> BackupManifest {
        BackupManifest(
            id: "i", name: "n \"quoted\" é", isIncremental: true, isWholeDatabase: false,
            parent: "p", parentID: "q", database: "d", timeline: "t", lsn: 1 << 53 + 1,
            startedAt: -5, finishedAt: 10, durationMicroseconds: 15, software: "basalt",
            requestedBy: "admin", comment: comment,
            tables: [
                .init(
                    id: 7, schema: "public", name: "trades", directory: directory,
                    partitions: 2, rows: 3, bytes: 4, minTimestamp: nil, maxTimestamp: 9)
            ] + (other.map { [$0] } ?? []),
            files: [
                .init(
                    path: path, bytes: 12, sha256: String(repeating: "a", count: 64),
                    origin: .written, segment: nil)
            ] + (file.map { [$0] } ?? []))
    }

    @Test("what is encoded decodes to the same value")
    func roundTrip() throws {
        let manifest = Self.manifest()

        #expect(try BackupManifest.decode(manifest.encoded, path: "x") == manifest)
    }

    @Test("its front tells what a parent is chosen by, whatever the comment says")
    func head() {
        let comments = [nil, ",\"tables\":[", "\\\",\"tables\":[{\"", "é, and more"]
        for comment in comments {
            let manifest = Self.manifest(comment: comment)
            let head = BackupManifest.head(of: manifest.encoded)
            #expect(head == BackupManifest.Head(manifest))
        }
    }

    @Test("a front that is cut or no manifest at all tells nothing")
    func noHead() {
        let bytes = Self.manifest().encoded
        let mark = Array(",\"tables\":[".utf8)
        let end = bytes.indices.first { bytes[$0...].starts(with: mark) } ?? 0
        #expect(end > 100)
        for length in 0..<end + mark.count {
            #expect(BackupManifest.head(of: Array(bytes[..<length])) == nil)
        }
        #expect(BackupManifest.head(of: Array("{\"x\":1,\"tables\":[]}".utf8)) == nil)
        #expect(BackupManifest.head(of: mark) == nil)
    }

    @Test("every cut and every flipped bit is an error, never a trap")
    func damaged() throws {
        let bytes = Self.manifest().encoded
        for length in 0..<bytes.count {
            let error = failure { () throws(DatabaseError) in
                _ = try BackupManifest.decode(Array(bytes[..<length]), path: "x")
            }
            #expect(error?.state == .corrupted)
        }
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 4
            let error = failure { () throws(DatabaseError) in
                _ = try BackupManifest.decode(flipped, path: "x")
            }
            #expect(error?.state == .corrupted)
        }
    }

    @Test(
        "a path that leaves the backup is refused though the checksum is right",
        arguments: ["../x", "/etc/passwd", "db/../../x", "", "db//x", "./x", "_backup.json"])
    func hostilePaths(path: String) {
        let error = failure { () throws(DatabaseError) in
            _ = try BackupManifest.decode(Self.manifest(path: path).encoded, path: "x")
        }

        #expect(error?.state == .corrupted)
    }

    @Test(
        "a table's directory that leaves the backup is refused as well",
        arguments: ["../x", "/etc", "a/../../x", "", "a//x", "."])
    func hostileDirectories(directory: String) {
        let error = failure { () throws(DatabaseError) in
            _ = try BackupManifest.decode(
                Self.manifest(directory: directory).encoded, path: "x")
        }

        #expect(error?.state == .corrupted)
    }

    private static let sums: [(rows: Int, partitions: Int, bytes: Int)] = [
        (.max, 2, 12), (3, .max, 12), (3, 2, .max),
    ]

    @Test("numbers that have no sum are refused though the checksum is right", arguments: sums)
    func hostileSums(rows: Int, partitions: Int, bytes: Int) {
        let table = BackupManifest.Table(
            id: 8, schema: "public", name: "u", directory: "u~8", partitions: partitions,
            rows: rows, bytes: .max, minTimestamp: .min, maxTimestamp: .max)
        let file = BackupManifest.File(
            path: "db/u~8/x", bytes: bytes, sha256: String(repeating: "a", count: 64),
            origin: .linked, segment: nil)
        let manifest = Self.manifest(adding: table, file)

        let error = failure { () throws(DatabaseError) in
            _ = try BackupManifest.decode(manifest.encoded, path: "x")
        }

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains("above 64 bits") == true)
    }

    @Test("a newer format is 0A000 and both versions are named")
    func newerFormat() {
        let text = String(decoding: Self.manifest().encoded, as: UTF8.self)
        let head = text.replacing("\"format\":1", with: "\"format\":2").utf8.dropLast(64 + 15)
        let digest = hexadecimal(SHA256.digest(Array(head)))
        let bytes = Array(head) + Array("\"checksum\":\"\(digest)\"}\n".utf8)

        let error = failure { () throws(DatabaseError) in
            _ = try BackupManifest.decode(bytes, path: "x")
        }

        #expect(error?.state == .featureNotSupported)
        #expect(error?.message.contains("format 2") == true)
    }
}
