import Diagnostics
import Testing

@testable import Platform

@Suite("SimulatedDisk")
struct SimulatedDiskTests {
    private func prepared(_ seed: UInt64, capacity: Int? = nil) throws -> SimulatedPlatform {
        let machine = SimulatedPlatform(seed: seed, capacity: capacity)
        try machine.platform.files.makeDurableDirectory("/db")
        return machine
    }

    @Test("a published file survives every crash", arguments: 0..<50 as Range<UInt64>)
    func keepsPublished(_ seed: UInt64) throws {
        let machine = try prepared(seed)
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }

        try machine.platform.files.publish(bytes, as: "/db/a")
        machine.crash()

        #expect(machine.disk.contents(of: "/db/a") == bytes)
        #expect(machine.disk.paths() == ["/db/", "/db/a"])
    }

    @Test("publish is all or nothing when the power goes at any of its calls")
    func publishIsAtomic() throws {
        var outcomes: Set<Int> = []
        for seed in 0..<20 as Range<UInt64> {
            for call in 1...9 {
                let machine = try prepared(seed)
                try machine.platform.files.publish([1], as: "/db/a")
                machine.disk.crashAtCall(call)
                try? machine.platform.files.publish(
                    [2, 2], as: "/db/a", replacing: .atomically)
                machine.crash()

                let found = try #require(machine.disk.contents(of: "/db/a"))
                #expect(found == [1] || found == [2, 2])
                outcomes.insert(found.count)
            }
        }
        #expect(outcomes == [1, 2])
    }

    @Test("without syncs, names and bytes are lost in some crashes and kept in others")
    func losesUnsynced() throws {
        var seen: Set<String> = []
        for seed in 0..<200 as Range<UInt64> {
            let machine = try prepared(seed)
            let files = machine.platform.files
            let file = try files.open("/db/a.tmp", .create, permissions: 0o600)
            try file.write([UInt8](repeating: 7, count: 1024), at: 0)
            try files.rename("/db/a.tmp", to: "/db/a", replacing: false)
            machine.crash()

            switch (machine.disk.contents(of: "/db/a"), machine.disk.contents(of: "/db/a.tmp")) {
            case (nil, nil): seen.insert("nothing")
            case (nil, .some): seen.insert("old name")
            case (let bytes?, nil):
                seen.insert("new name")
                if bytes == [UInt8](repeating: 7, count: 1024) { seen.insert("whole") }
                if bytes.isEmpty { seen.insert("empty") }
                if bytes.contains(0) { seen.insert("holes") }
            case (.some, .some): Issue.record("a rename is atomic")
            }
        }
        #expect(seen == ["nothing", "old name", "new name", "whole", "empty", "holes"])
    }

    @Test("a synced prefix stays while the unsynced tail may be torn")
    func tearsTail() throws {
        var isTorn = false
        for seed in 0..<200 as Range<UInt64> {
            let machine = try prepared(seed)
            let files = machine.platform.files
            let file = try files.open("/db/wal", .create, permissions: 0o600)
            try file.write([UInt8](repeating: 1, count: 700), at: 0)
            try file.sync()
            try files.syncDirectory("/db")
            try file.write([UInt8](repeating: 2, count: 700), at: 700)
            machine.crash()

            let found = try #require(machine.disk.contents(of: "/db/wal"))
            #expect(found.count >= 700)
            #expect(found.prefix(700).allSatisfy { $0 == 1 })
            let new = found.dropFirst(700)
            #expect(new.allSatisfy { $0 == 0 || $0 == 2 })
            if new.contains(0), new.contains(2) { isTorn = true }
        }
        #expect(isTorn)
    }

    @Test("after a failed sync the bytes are readable, and gone with the next crash for most seeds")
    func failedSyncLosesPages() throws {
        var lost = 0
        for seed in 0..<40 as Range<UInt64> {
            let machine = try prepared(seed)
            let files = machine.platform.files
            try files.publish([UInt8](repeating: 1, count: 100), as: "/db/a")
            let file = try files.open("/db/a", .readWrite, permissions: 0)
            try file.write([UInt8](repeating: 2, count: 100), at: 0)
            machine.disk.fail(.fsync, with: ErrorNumber.inputOutput)
            #expect(throws: DatabaseError.self) { try file.sync() }
            try file.sync()
            #expect(try file.read(at: 0, count: 1) == [2])
            machine.crash()

            if machine.disk.contents(of: "/db/a")?.first == 1 { lost += 1 }
        }
        #expect(lost > 20)
    }

    @Test("a full disk takes what fits and then says so")
    func fillsUp() throws {
        let machine = try prepared(1, capacity: 1000)
        let files = machine.platform.files
        let file = try files.open("/db/a", .create, permissions: 0o600)

        #expect { try file.write([UInt8](repeating: 1, count: 1500), at: 0) } throws: {
            ($0 as? DatabaseError)?.state == .diskFull
        }
        #expect(try file.size() == 1000)
        #expect(try files.freeBytes(of: "/db") == 0)
        machine.disk.setCapacity(nil)
        try file.write([2], at: 1000)
    }

    @Test("the planned call fails, by kind, path and number")
    func failsPlanned() throws {
        let machine = try prepared(1)
        let files = machine.platform.files
        machine.disk.fail(.rename, pathContaining: "/b", with: ErrorNumber.inputOutput)

        try files.publish([1], as: "/db/a")
        #expect(throws: DatabaseError.self) { try files.publish([1], as: "/db/b") }
        #expect(machine.disk.paths() == ["/db/", "/db/a"])

        machine.disk.failCall(number: 2, with: ErrorNumber.tooManyOpen)
        _ = try files.list("/db")
        #expect(throws: DatabaseError.self) { try files.list("/db") }
        _ = try files.list("/db")
    }

    @Test("a flipped bit is seen before and after a crash")
    func flips() throws {
        let machine = try prepared(1)
        try machine.platform.files.publish([0, 0], as: "/db/a")

        machine.disk.flipBit("/db/a", offset: 1, bit: 3)

        #expect(machine.disk.contents(of: "/db/a") == [0, 8])
        machine.crash()
        #expect(machine.disk.contents(of: "/db/a") == [0, 8])
    }

    @Test("a flipped bit is flipped back under whatever name the file has by then")
    func flipsBack() throws {
        let machine = try prepared(1)
        let files = machine.platform.files
        try files.publish([0, 0], as: "/db/a")
        try files.link("/db/a", to: "/db/b")

        let restore = machine.disk.flipBit("/db/a", offset: 1, bit: 3)
        try files.remove("/db/a")
        try files.rename("/db/b", to: "/db/c", replacing: false)
        try files.publish([0, 0], as: "/db/a")
        restore()

        #expect(machine.disk.contents(of: "/db/c") == [0, 0])
        #expect(machine.disk.contents(of: "/db/a") == [0, 0])
    }

    @Test("handles, locks and the platform of before a crash are dead")
    func invalidates() throws {
        let machine = try prepared(1)
        let old = machine.platform
        let file = try old.files.open("/db/a", .create, permissions: 0o600)
        let lock = try old.files.lock("/db/_lock", .exclusive)
        machine.crash()

        #expect(throws: DatabaseError.self) { try file.size() }
        #expect(throws: DatabaseError.self) { try old.files.list("/db") }
        let held = try machine.platform.files.lock("/db/_lock", .exclusive)
        lock.release()
        #expect(throws: DatabaseError.self) {
            try machine.platform.files.lock("/db/_lock", .shared)
        }
        held.release()
    }
}
