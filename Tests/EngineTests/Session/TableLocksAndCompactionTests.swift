import Diagnostics
import Storage
import Synchronization
import Testing

@testable import Engine

/// Compaction looks at a table, works, and asks for its commit; a block may take the table's lock at
/// any moment of that.
@Suite("Compaction and blocks")
struct TableLocksAndCompactionTests {
    @Test(
        "a block that takes its table's lock once a compaction is under way does not fail for it",
        arguments: ["UPDATE t SET n = n + 1", "DELETE FROM t WHERE n = 0"])
    func blockWins(change: String) throws {
        let rig = try EngineRig()
        let client = rig.connect()
        let storage = rig.engine.storage
        try client.run("CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        for number in 0..<4 {
            // Late ones: a flush would put others behind the last segment.
            try client.run("INSERT INTO t VALUES (\(100 - number), \(number))")
            try storage.flush()
        }
        #expect(try #require(storage.snapshot().tables.first).segments.count > 1)
        let hasBegun = Mutex(false)
        let locks = rig.engine.locks
        // Nobody has the table when the segments are chosen; then the block comes, and the compaction
        // of the segments that it replaces is committed while it is open.
        storage.deferCompaction { table in
            if hasBegun.withLock({ $0 }) { return locks.isHeld(table) }
            hasBegun.withLock { $0 = true }
            #expect(throws: Never.self) {
                try client.run("BEGIN")
                try client.run(change)
            }
            return false
        }

        try storage.compact(isThorough: true)
        try client.run("COMMIT")

        #expect(hasBegun.withLock { $0 })
        let isUpdate = change.hasPrefix("UPDATE")
        #expect(
            try client.run("SELECT n FROM t ORDER BY n")
                == (isUpdate
                    ? ["1", "2", "3", "4"]
                    : ["1", "2", "3"]))
        try storage.compact(isThorough: true)
        #expect(storage.snapshot().tables.first?.segments.count == 1)
    }
}
