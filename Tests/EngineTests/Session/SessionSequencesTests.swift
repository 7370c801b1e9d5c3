import Diagnostics
import Platform
import Storage
import Testing

@testable import Engine

@Suite("SessionSequences")
struct SessionSequencesTests {
    @Test(
        "one whose manifest cannot be read is damaged, not missing: a new one would give numbers out twice"
    )
    func damaged() throws {
        let machine = SimulatedPlatform(seed: 11)
        defer { machine.stop() }
        let platform = machine.platform
        try platform.files.makeDurableDirectory("/root")
        let storage = try Storage.open(root: "/root", platform: platform)
        let client = Client(Engine(storage: storage, platform: platform).makeSession(), platform)
        try client.run("CREATE TABLE s (id SERIAL, v INT)")
        try client.run("INSERT INTO s (v) VALUES (1), (2)")
        try storage.close()
        let manifest = try #require(
            machine.disk.paths().first { $0.contains("s_id_seq") && $0.contains("_manifest.") })
        machine.disk.flipBit(manifest, offset: 40)

        let again = try Storage.open(root: "/root", platform: platform)
        let next = Client(Engine(storage: again, platform: platform).makeSession(), platform)
        for text in ["INSERT INTO s (v) VALUES (3)", "SELECT nextval('s_id_seq')"] {
            let error = next.failure(text)
            #expect(error?.state == .corrupted, "\(text)")
            #expect(error?.message.contains(manifest) == true, "\(error?.message ?? "")")
        }
        #expect(try next.run("SELECT count(*) FROM s") == ["2"])
        try again.close()
    }
}
