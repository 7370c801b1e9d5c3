import Diagnostics
import Machines
import Platform
import Storage
import Synchronization
import Testing

@testable import Engine

@Suite("SessionSequences")
struct SessionSequencesTests {
    /// Gives some numbers, stops cleanly and looks which one comes next.
    ///
    /// - Parameter call: the power goes at this call of the stop; nil for none.
    private static func next(after statements: [String], losingPowerAt call: Int?) throws
        -> (next: [String], isStopped: Bool)
    {
        let machine = SimulatedPlatform(seed: 12)
        defer { machine.end() }
        let first = machine.platform
        let found = Mutex<(next: [String], isStopped: Bool)>(([], false))
        let open: @Sendable (Platform) throws -> Engine = { platform in
            try platform.files.makeDurableDirectory("/root")
            return Engine(
                storage: try Storage.open(root: "/root", platform: platform), platform: platform)
        }
        machine.runTask("give") {
            do {
                let engine = try open(first)
                let client = Client(engine.makeSession(), first)
                for text in statements { try client.run(text) }
                if let call { machine.disk.crashAtCall(call) }
                engine.settle()
                try engine.storage.close()
                found.withLock { $0.isStopped = true }
            } catch {
                // The power is gone.
            }
        }
        machine.disk.crashAtCall(nil)
        machine.crash()
        let second = machine.platform
        machine.runTask("look") {
            do {
                let engine = try open(second)
                let next = try Client(engine.makeSession(), second).run("SELECT nextval('s')")
                found.withLock { $0.next = next }
                try engine.storage.close()
            } catch {
                found.withLock { $0.next = ["\(error)"] }
            }
        }
        return found.withLock { $0 }
    }

    @Test(
        "a clean stop leaves no number out",
        arguments: [
            ("CREATE SEQUENCE s", 3, "4"),
            ("CREATE SEQUENCE s START 10 INCREMENT -2 MINVALUE -100 MAXVALUE 10", 2, "6"),
            ("CREATE SEQUENCE s MINVALUE 1 MAXVALUE 5 CYCLE", 7, "3"),
            ("CREATE SEQUENCE s", 40, "41"),
        ])
    func cleanStop(definition: String, count: Int, expected: String) throws {
        let statements =
            [definition] + [String](repeating: "SELECT nextval('s')", count: count)

        let (next, isStopped) = try Self.next(after: statements, losingPowerAt: nil)

        #expect(isStopped)
        #expect(next == [expected])
    }

    @Test("setval and an untouched sequence are as they were")
    func setval() throws {
        let text = ["CREATE SEQUENCE s", "SELECT nextval('s')", "SELECT setval('s', 100)"]

        #expect(try Self.next(after: text, losingPowerAt: nil).next == ["101"])
        #expect(try Self.next(after: ["CREATE SEQUENCE s"], losingPowerAt: nil).next == ["1"])
    }

    @Test("power lost at any call of the stop gives no number twice")
    func powerLoss() throws {
        let statements =
            ["CREATE SEQUENCE s"] + [String](repeating: "SELECT nextval('s')", count: 3)
        for call in 1...200 {
            let (next, isStopped) = try Self.next(after: statements, losingPowerAt: call)
            // The reserve is 32 numbers at first.
            #expect(next == ["4"] || !isStopped && next == ["33"], "call \(call)")
            if isStopped { return }
        }
        Issue.record("more than 200 calls")
    }

    @Test("numbers that somebody takes meanwhile are not given again")
    func meanwhile() throws {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run("CREATE SEQUENCE s")
        #expect(try client.run("SELECT nextval('s')") == ["1"])

        rig.engine.settle()
        #expect(try client.run("SELECT nextval('s')") == ["2"])
        rig.engine.settle()
        rig.engine.settle()

        #expect(try client.run("SELECT nextval('s')") == ["3"])
    }

    @Test(
        "one whose manifest cannot be read is damaged, not missing: a new one would give numbers out twice"
    )
    func damaged() throws {
        let machine = SimulatedPlatform(seed: 11)
        defer { machine.end() }
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
