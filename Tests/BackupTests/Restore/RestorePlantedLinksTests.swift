import Catalog
import Diagnostics
import Foundation
import Platform
import Storage
import Testing
import Values

@testable import Backup

@Suite("RESTORE from a backup with planted links")
struct RestorePlantedLinksTests {
    @Test(
        "a symbolic link in the place of a file or directory is refused", arguments: [0, 1, 2, 3])
    func planted(part: Int) throws {
        let platform = Platform.linux(log: SilentLog(), workerThreads: 1)
        let root = "/tmp/basalt-links-\(hexadecimal(platform.chance.bytes(8)))"
        try platform.files.makeDurableDirectory(root)
        // Left behind in /tmp when it cannot be removed: nothing else depends on it.
        defer { _ = try? platform.files.removeTree(root) }
        let storage = try Storage.open(root: root, platform: platform)
        let definition = RestoreRig.definition(storage.reserveTableID(), "t")
        _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
        let append = Append(
            table: definition.id, definitionVersion: 1, batch: RestoreRig.batch(definition, 0..<5))
        _ = try storage.commit(Transaction(appends: [append]))
        let service = BackupService(
            storage: storage, platform: platform, settings: BackupSettings(root: root))
        let path = try service.backup(.init(scope: .database, name: "one")).path
        let table = try service.manifest(of: "one").manifest.tables[0]
        let segment = try #require(
            try service.manifest(of: "one").manifest.files.first { $0.segment != nil })
        let victims = [
            segment.path, Path.directory(of: segment.path), "db/\(table.directory)", "db/_database",
        ]
        let victim = Path.join(path, victims[part])
        try platform.files.rename(victim, to: root + "/moved", replacing: false)
        try FileManager.default.createSymbolicLink(
            atPath: victim, withDestinationPath: root + "/moved")

        let error = failure { () throws(DatabaseError) in
            _ = try service.restore(
                .table("t", from: "one", target: .newTable(.init(name: "new"))), into: storage)
        }

        #expect(error?.state == .corrupted)
        #expect(error?.message.contains(victim) == true)
        try storage.close()
    }
}
