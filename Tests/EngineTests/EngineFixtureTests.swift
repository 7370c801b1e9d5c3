import Diagnostics
import Foundation
import Platform
import Storage
import Testing

@testable import Engine

/// Roots of earlier formats, opened read-only where they lie in the repository.
@Suite struct EngineFixtureTests {
    private static var fixtures: String {
        let parts = #filePath.split(separator: "/").dropLast(2)
        return "/" + parts.joined(separator: "/") + "/Fixtures"
    }

    private func openRoot(
        _ root: String, _ platform: Platform, isReadOnly: Bool
    ) throws -> (Storage, Client) {
        var settings = StorageSettings()
        settings.isReadOnly = isReadOnly
        let storage = try Storage.open(root: root, platform: platform, settings: settings)
        let engine = Engine(storage: storage, platform: platform)
        return (storage, Client(engine.makeSession(), platform))
    }

    @Test("the first format opens with every type, its log and its added column", arguments: ["v1"])
    func opens(version: String) throws {
        let platform = Platform.linux(log: SilentLog(), workerThreads: 1)
        let (storage, client) = try openRoot(
            "\(Self.fixtures)/\(version)/root", platform, isReadOnly: true)

        let full = try client.run("SELECT * FROM every_type WHERE e = 3")
        let added = try client.run("SELECT ts, u FROM every_type ORDER BY ts")
        let rows = try client.run("SELECT v FROM \"odd: name\" ORDER BY id")

        #expect(full.count == 1)
        let expected = [
            "x", "-2.25", "sym", "text ü", "11111111-2222-3333-4444-555555555555", "10.0.0.1",
            "0x0123", "12345.6789", "u33d8", "{1,2.5}", "{1,2}", "123456789",
        ]
        for part in expected { #expect(full[0].contains(part)) }
        #expect(added.count == 4)
        #expect(added[1].contains("7") && added[3].contains("9"))
        #expect(rows == ["one", "two", "three"])
        try storage.close()
    }

    /// What the log of version 2 has made of its tables.
    private func expectRows(_ client: Client, days: [String]) throws {
        #expect(try client.run("SELECT s, v FROM days") == days)
        #expect(
            try client.run("SELECT k, v::int FROM keyed ORDER BY k") == [
                "x|1", "y|20",
            ])
        #expect(
            try client.run("SELECT * FROM lab.made ORDER BY id") == [
                "1|one|(null)", "2|two|changed", "4|four|new",
            ])
        #expect(try client.run("SELECT * FROM emptied") == ["7"])
        #expect(client.failure("SELECT * FROM gone")?.state == .undefinedTable)
    }

    @Test("a log of version 2 opens where it lies, with all of its edits")
    func opensSecondLog() throws {
        let platform = Platform.linux(log: SilentLog(), workerThreads: 1)
        let (storage, client) = try openRoot(
            "\(Self.fixtures)/v2/root", platform, isReadOnly: true)

        try expectRows(client, days: ["c|3", "d|4", "e|5"])
        try storage.close()
    }

    @Test(
        "a log of version 2 is gone on with: what it forgot is gone, what is detached can come back"
    )
    func goesOnWithSecondLog() throws {
        let platform = Platform.linux(log: SilentLog(), workerThreads: 1)
        let root = "/tmp/basalt-fixture-\(platform.chance.next())"
        try FileManager.default.copyItem(atPath: "\(Self.fixtures)/v2/root", toPath: root)
        defer { _ = try? platform.files.removeTree(root) }
        let forgotten = "\(root)/db/days~7/2026-01-02.detached"
        let wasThere = try platform.files.info(forgotten) != nil
        let (storage, client) = try openRoot(root, platform, isReadOnly: false)

        let refusal = client.failure("ALTER TABLE days ATTACH PARTITION LIST '2026-01-02'")
        try client.run("ALTER TABLE days ATTACH PARTITION LIST '2026-01-01'")

        #expect(wasThere)
        #expect(try platform.files.info(forgotten) == nil)
        #expect(refusal?.state == .undefinedObject)
        try expectRows(client, days: ["a|1", "c|3", "d|4", "e|5"])
        // It gave out 10 and 15.
        let number = try client.run("SELECT nextval('lab.numbers')")
        #expect(try #require(Int(number[0])) > 15)
        try storage.close()
    }
}
