import Diagnostics
import Foundation
import Platform
import Testing

@testable import Backup

@Suite("BackupVerifier")
struct BackupVerifierTests {
    @Test("a flipped byte in any file is found and named")
    func flippedByte() throws {
        let rig = try BackupRig()
        let service = rig.service()
        let path = try service.backup(.init(scope: .database, name: "b")).path
        let manifest = try rig.manifest(path)
        for file in manifest.files {
            let target = path + "/" + file.path
            let before = try rig.platform.files.readAll(target, upTo: 10 << 20)
            try rig.overwrite(target, at: file.bytes / 2, with: [before[file.bytes / 2] ^ 1])

            let error = failure { () throws(DatabaseError) in _ = try service.verify("b") }

            #expect(error?.state == .corrupted)
            #expect(error?.message.contains(file.path) == true)
            try rig.overwrite(target, at: 0, with: before)
        }
        #expect(try service.verify("b").files == manifest.files.count)
    }

    @Test("QUICK finds a shortened and a missing file", arguments: [true, false])
    func quick(isMissing: Bool) throws {
        let rig = try BackupRig()
        let service = rig.service()
        let path = try service.backup(.init(scope: .database, name: "b")).path
        let victim = path + "/conf/server.conf"
        if isMissing {
            try rig.platform.files.remove(victim)
        } else {
            try rig.platform.files.open(victim, .readWrite, permissions: 0).truncate(to: 4)
        }

        let error = failure { () throws(DatabaseError) in
            _ = try service.verify("b", mode: .quick)
        }

        #expect(error?.state == .corrupted)
    }

    @Test("a link that is as long as the file it stands for is found, by QUICK too")
    func plantedLink() throws {
        let rig = try BackupRig()
        let service = rig.service()
        let path = try service.backup(.init(scope: .database, name: "b")).path
        let file = try #require(
            try rig.manifest(path).files.first { $0.path == "conf/server.conf" })
        let victim = path + "/" + file.path
        try rig.platform.files.remove(victim)
        try FileManager.default.createSymbolicLink(
            atPath: victim, withDestinationPath: String(repeating: "x", count: file.bytes))

        for mode in [VerifyMode.quick, .full] {
            let error = failure { () throws(DatabaseError) in
                _ = try service.verify("b", mode: mode)
            }

            #expect(error?.state == .corrupted)
            #expect(error?.message.contains("not a regular file") == true)
        }
    }

    @Test("a planted file in db is found")
    func planted() throws {
        let rig = try BackupRig()
        let service = rig.service()
        _ = try service.backup(.init(scope: .database, name: "b"))
        try rig.put("backup/b/db/trades~1/_manifest.9", [1, 2, 3])

        let error = failure { () throws(DatabaseError) in
            _ = try service.verify("b", mode: .quick)
        }

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains("unexpected file") == true)
    }
}

extension BackupRig {
    func manifest(_ path: String) throws -> BackupManifest {
        let file = path + "/" + BackupManifest.fileName
        return try BackupManifest.decode(
            platform.files.readAll(file, upTo: 1 << 20), path: file)
    }
}
