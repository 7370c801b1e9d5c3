import Diagnostics
import Testing

@testable import Engine

@Suite("lock_timeout")
struct LockTimeoutTests {
    private let rig: EngineRig
    private let holder: Client
    private let waiter: Client

    init() throws {
        rig = try EngineRig()
        holder = rig.connect()
        waiter = rig.connect()
        try holder.run("CREATE TABLE t (a INT)")
        try holder.run("INSERT INTO t VALUES (1)")
        try holder.run("BEGIN")
        try holder.run("UPDATE t SET a = 2")
    }

    @Test("zero waits for ever", arguments: ["0", "'0ms'"])
    func forEver(setting: String) throws {
        try waiter.run("SET lock_timeout = '20ms'")
        #expect(waiter.failure("UPDATE t SET a = 3")?.state == .lockNotAvailable)
        try waiter.run("SET lock_timeout = \(setting)")

        let pending = waiter.begin("UPDATE t SET a = 3")
        // Longer than the time that is not in force any more.
        #expect(rig.connect().failure("SET lock_timeout = '60ms'; UPDATE t SET a = 9") != nil)
        try holder.run("COMMIT")

        #expect(try pending.end() == ["UPDATE 1"])
        #expect(try holder.run("SELECT a FROM t") == ["3"])
    }

    @Test(
        "a change counts from the next statement on, also inside a block, and RESET takes it back")
    func changes() throws {
        try waiter.run("BEGIN")
        try waiter.run("SET lock_timeout = '15ms'")
        #expect(waiter.failure("DELETE FROM t")?.state == .lockNotAvailable)
        try waiter.run("ROLLBACK")
        #expect(waiter.failure("DELETE FROM t")?.state == .lockNotAvailable)
        try waiter.run("RESET lock_timeout")
        #expect(try waiter.run("SHOW lock_timeout") == ["10s"])

        let pending = waiter.begin("DELETE FROM t")
        try holder.run("ROLLBACK")

        #expect(try pending.end() == ["DELETE 1"])
    }
}
