import Diagnostics
import Machines
import Platform
import Storage
import Synchronization
import Testing

@testable import Engine

/// Which files UPDATE and DELETE leave, on a simulated machine that is watched until nothing moves.
@Suite("Files of UPDATE and DELETE")
struct ModificationFilesTests {
    /// Runs a body on a table of three segments; how many lie on the disk in the end.
    private func segments(_ body: @escaping @Sendable (Engine, Client) throws -> Void) -> Int {
        let machine = SimulatedPlatform(seed: 7)
        let platform = machine.platform
        let kept = Mutex<Client?>(nil)
        let problem = Mutex<String?>(nil)
        machine.runTask("statements") {
            do {
                let storage = try Storage.open(
                    root: "/root", platform: platform, settings: StorageSettings())
                let engine = Engine(storage: storage, platform: platform)
                let client = Client(engine.makeSession(), platform)
                kept.withLock { $0 = client }
                try client.run(
                    """
                    CREATE TABLE t (ts TIMESTAMP, s SYMBOL, n INT) TIMESTAMP(ts) PARTITION BY DAY;
                    INSERT INTO t VALUES ('2026-01-01', 'a', 1), ('2026-01-02', 'b', 2),
                        ('2026-01-03', 'c', 3)
                    """)
                try storage.flush()
                try body(engine, client)
            } catch {
                problem.withLock { $0 = "\(error)" }
            }
        }
        machine.runUntilIdle()
        let count = machine.disk.paths().count { $0.hasSuffix(".seg") }
        machine.end()

        #expect(problem.withLock { $0 } == nil)
        return count
    }

    @Test(
        "what is undone leaves no file behind",
        arguments: [
            "UPDATE t SET n = 9; ROLLBACK", "UPDATE t SET n = 9; UPDATE t SET n = 10; ROLLBACK",
            "SAVEPOINT s; UPDATE t SET n = 9; ROLLBACK TO s; COMMIT",
            "UPDATE t SET n = 9; TRUNCATE TABLE t; ROLLBACK",
        ])
    func undone(text: String) {
        let count = segments { _, client in
            try client.run("BEGIN; " + text)
            #expect(try client.run("SELECT n FROM t ORDER BY n") == ["1", "2", "3"])
        }

        #expect(count == 3)
    }

    @Test("a statement that fails halfway leaves no file behind")
    func failed() {
        let count = segments { _, client in
            // The first segments are written by the time the last one fails.
            let error = client.failure("UPDATE t SET n = 6 / (n - 3)")
            #expect(error?.state == .divisionByZero)
        }

        #expect(count == 3)
    }

    @Test("a session that goes away takes its files and locks with it")
    func abandoned() {
        let count = segments { engine, client in
            do {
                let other = Client(engine.makeSession(), engine.platform)
                try other.run("BEGIN; UPDATE t SET n = 9")
            }
            #expect(try client.run("SET lock_timeout = '5s'; UPDATE t SET n = 4") == ["UPDATE 3"])
        }

        #expect(count == 3)
    }

    @Test("what a commit replaced is removed, what it did not need too")
    func committed() {
        let count = segments { _, client in
            try client.run("BEGIN; UPDATE t SET n = 9; UPDATE t SET n = 10 WHERE s = 'a'; COMMIT")
            #expect(try client.run("SELECT n FROM t ORDER BY n") == ["9", "9", "10"])
        }

        #expect(count == 3)
    }
}
