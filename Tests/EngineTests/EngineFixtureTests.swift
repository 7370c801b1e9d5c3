import Diagnostics
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

    @Test("the first format opens with every type, its log and its added column", arguments: ["v1"])
    func opens(version: String) throws {
        var settings = StorageSettings()
        settings.isReadOnly = true
        let platform = Platform.linux(log: SilentLog(), workerThreads: 1)
        let storage = try Storage.open(
            root: "\(Self.fixtures)/\(version)/root", platform: platform, settings: settings)
        let engine = Engine(storage: storage, platform: platform)
        let client = Client(engine.makeSession(), platform)

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
}
