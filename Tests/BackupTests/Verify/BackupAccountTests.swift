import Bytes
import Diagnostics
import Platform
import Testing

@testable import Backup
@testable import Storage

/// Files of a backup that somebody changed, with every checksum made right again.
@Suite struct BackupAccountTests {
    private static let backup = "/root/backup/one"

    /// A change of the text of `_backup.json`, and one of the manifest of the table.
    private struct Forgery {
        var text: [(String, String)] = []
        var entry: (SegmentEntry) -> SegmentEntry? = { $0 }
    }

    private static func verify(_ rig: RestoreRig, _ mode: VerifyMode) -> DatabaseError? {
        failure { () throws(DatabaseError) in _ = try rig.service.verify("one", mode: mode) }
    }

    private static func sign(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        let digest = Hexadecimal.text(SHA256.digest(bytes))
        bytes += Array("\"checksum\":\"\(digest)\"}\n".utf8)
        return bytes
    }

    private static func forge(_ rig: RestoreRig, _ forgery: Forgery) throws {
        let files = rig.platform.files
        let account = Path.join(backup, BackupManifest.fileName)
        let bytes = try files.readAll(account, upTo: 1 << 20)
        var text = String(decoding: bytes, as: UTF8.self)
        text = String(text[..<(try #require(text.ranges(of: "\"checksum\"").last).lowerBound)])
        let told = try BackupManifest.decode(bytes, path: account).files.first {
            $0.path.contains("/_manifest.")
        }
        let file = try #require(told)
        let path = Path.join(backup, file.path)
        let manifest = try Manifest.decode(files.readAll(path, upTo: 1 << 20), path: path)
        let forged = Manifest(
            definition: manifest.definition, lsn: manifest.lsn, completeTo: manifest.completeTo,
            isDropped: false, segments: manifest.segments.compactMap(forgery.entry)
        ).encode()
        try files.remove(path)
        try files.publish(forged, as: path)
        text = text.replacing(file.sha256, with: Hexadecimal.text(SHA256.digest(forged)))
        text = text.replacing(
            "\"path\":\"\(file.path)\",\"bytes\":\(file.bytes)",
            with: "\"path\":\"\(file.path)\",\"bytes\":\(forged.count)")
        for (old, new) in forgery.text {
            let changed = text.replacing(old, with: new)
            #expect(changed != text, "nothing says \(old)")
            text = changed
        }
        try files.publish(sign(text), as: account, replacing: .atomically)
    }

    private static func changed(
        _ entry: SegmentEntry, rows: Int = 0, highest: Int64 = 0
    ) -> SegmentEntry {
        SegmentEntry(
            id: entry.id, partition: entry.partition, rows: entry.rows + rows,
            minTimestamp: entry.minTimestamp, maxTimestamp: entry.maxTimestamp.map { $0 + highest },
            firstLSN: entry.firstLSN, lastLSN: entry.lastLSN, bytes: entry.bytes,
            sha256: entry.sha256)
    }

    @Test(
        "what only _backup.json says otherwise is found, by QUICK too",
        arguments: [
            ("\"rows\":20", "\"rows\":21"), ("\"name\":\"trades\"", "\"name\":\"traces\""),
            ("\"partitions\":1", "\"partitions\":2"), ("\"max_timestamp\":", "\"max_timestamp\":1"),
            ("\"timeline\":\"", "\"timeline\":\"0"), ("\"lsn\":", "\"lsn\":1"),
            ("\"database\":\"", "\"database\":\"0"),
            ("\"kind\":\"table\"", "\"kind\":\"sequence\""),
        ])
    func findsForgedAccount(_ old: String, _ new: String) throws {
        for mode in [VerifyMode.quick, .full, .deep] {
            let rig = try RestoreRig.withBackup(0..<20)
            try Self.forge(rig, Forgery(text: [(old, new)]))

            #expect(Self.verify(rig, mode)?.state == .corrupted)
        }
    }

    @Test(
        "RESTORE compares both accounts too: of which database and instant, and which segments",
        arguments: ["\"lsn\":", "\"database\":\"", "\"segment\":\""])
    func isComparedBeforeRestoring(_ key: String) throws {
        let rig = try RestoreRig.withBackup(0..<20)
        try Self.forge(rig, Forgery(text: [(key, key + "1")]))
        let before = try rig.contents()

        for target in [RestoreRequest.Target.original, .newTable(.init(name: "copy"))] {
            let mode: RestoreRequest.Mode = target == .original ? .replace : .refuse
            let error = rig.refusal(of: .table("trades", from: "one", mode, target: target))

            #expect(error?.state == .corrupted)
            #expect(error?.hint?.contains("VERIFY BACKUP") == true)
        }
        #expect(try rig.contents() == before)
    }

    @Test("a table's manifest that lacks a segment is found")
    func findsLackingSegment() throws {
        let rig = try RestoreRig.withBackup(0..<20)
        try Self.forge(rig, Forgery(entry: { _ in nil }))

        let error = Self.verify(rig, .quick)

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains("belongs to no table") == true)
    }

    @Test("RESTORE refuses it in the same words, of a table, as a new one, and of a database")
    func refusesLackingSegment() throws {
        let rig = try RestoreRig.withBackup(0..<20)
        try Self.forge(rig, Forgery(entry: { _ in nil }))
        let words = Self.verify(rig, .full)?.message
        let before = try rig.contents()

        for request in [
            RestoreRequest.table("trades", from: "one", .replace),
            .table("trades", from: "one", .differing),
            .table("trades", from: "one", target: .newTable(.init(name: "copy"))),
            RestoreRequest(scope: .database, source: "one", mode: .replace),
        ] {
            let error = rig.refusal(of: request)

            #expect(error?.state == .corrupted)
            #expect(error?.message == words)
        }
        #expect(words?.contains("belongs to no table") == true)
        #expect(try rig.contents() == before)
    }

    @Test("a segment that another table lacks does not keep this one from being restored")
    func restoresBesideLackingSegment() throws {
        let rig = try RestoreRig()
        try rig.create("a")
        try rig.append("a", 0..<20)
        try rig.create("b")
        try rig.append("b", 0..<20)
        let rows = try rig.rows("b")
        try rig.backup("one")
        try Self.forge(rig, Forgery(entry: { _ in nil }))

        #expect(rig.refusal(of: .table("a", from: "one", .replace))?.state == .corrupted)
        try rig.restore(.table("b", from: "one", .replace))
        #expect(try rig.rows("b") == rows)
    }

    @Test("rows and bounds that both accounts agree about and the segment does not are found")
    func findsForgedEntries() throws {
        for (forgery, word) in [
            (
                Forgery(
                    text: [("\"rows\":20", "\"rows\":21")], entry: { Self.changed($0, rows: 1) }),
                "rows"
            ),
            (
                Forgery(
                    text: [("\"max_timestamp\":68400000000", "\"max_timestamp\":68400000001")],
                    entry: { Self.changed($0, highest: 1) }), "bounds"
            ),
        ] {
            let rig = try RestoreRig.withBackup(0..<20)
            try Self.forge(rig, forgery)

            #expect(Self.verify(rig, .quick) == nil)
            let error = Self.verify(rig, .full)

            #expect(error?.state == .corrupted)
            #expect(error?.message.contains(word) == true)
        }
    }

    @Test("a forgery that changes nothing is none: the forger works")
    func believesWhatIsRight() throws {
        let rig = try RestoreRig.withBackup(0..<20)
        try Self.forge(rig, Forgery())

        for mode in [VerifyMode.quick, .full, .deep] { #expect(Self.verify(rig, mode) == nil) }
        try rig.restore(.table("trades", from: "one", target: .newTable(.init(name: "copy"))))
        #expect(try rig.rows("copy") == rig.rows("trades"))
    }
}
