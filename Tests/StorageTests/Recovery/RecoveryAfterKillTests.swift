import Catalog
import Diagnostics
import Machines
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

/// A process that dies leaves names in the page cache that the disk does not have. The next one takes
/// them for what they say and builds on them; then the power goes.
///
/// Each scenario is killed at every call of its work, and the process after it loses the power at
/// several of its own calls and at its end.
@Suite("What a killed process left, and a power loss later")
struct RecoveryAfterKillTests {
    fileprivate static let root = "/data/root"

    fileprivate static func open(_ platform: Platform) throws(DatabaseError) -> Storage {
        var settings = StorageSettings()
        settings.walFileBytes = 1_024
        settings.segmentRows = 5
        settings.compaction.isEnabled = false
        return try Storage.open(root: root, platform: platform, settings: settings)
    }

    @Test("is durable before anything is built on it", arguments: KilledLife.all)
    private func afterAKill(_ life: KilledLife) throws {
        var call = life.firstCall - 1
        var isHit = true
        while isHit {
            call += 1
            for cut in life.cuts {
                let outcome = try life.run(call: call, cut: cut)
                isHit = outcome.isHit
                #expect(outcome.complaint == nil, "killed at call \(call), cut \(cut)")
                if outcome.complaint != nil { return }
            }
        }
        // Else nothing was tried.
        #expect(call - life.firstCall > life.leastCalls)
    }

    @Test(
        "is durable before anything is built on it, whenever the power goes",
        arguments: KilledLife.ended)
    private func afterAnEnd(_ life: KilledLife) throws {
        for cut in life.cuts {
            let outcome = try life.run(call: 1, cut: cut)
            #expect(outcome.isHit)
            #expect(outcome.complaint == nil, "power lost at call \(cut)")
            if outcome.complaint != nil { return }
        }
    }
}

/// What was answered and what was seen, in memory that neither death nor power loss touches.
private final class Notes: Sendable {
    private let texts = Mutex<Set<String>>([])
    private let rows = Mutex<Int64?>(nil)

    func note(_ text: String) { texts.withLock { _ = $0.insert(text) } }
    func has(_ text: String) -> Bool { texts.withLock { $0.contains(text) } }

    /// The most rows that somebody was shown.
    func saw(_ count: Int64) { rows.withLock { $0 = max($0 ?? 0, count) } }
    var seen: Int64 { rows.withLock { $0 ?? 0 } }
}

/// Three processes: one that is killed, one that goes on and whose machine loses its power, and one
/// that looks.
private struct KilledLife: Sendable, CustomTestStringConvertible {
    typealias Step = @Sendable (Platform, Notes) throws -> Void

    let name: String
    /// The first call at which the process is killed.
    var firstCall = 1
    /// The work makes so many calls more.
    var leastCalls = 5
    /// Calls of the second process at which the power goes; zero is its end.
    var cuts = [0]
    /// Done in peace, and durable.
    var prepare: Step = { _, _ in }
    /// Is killed. `arm` is called where that begins.
    let work: @Sendable (Platform, Notes, () -> Void) throws -> Void
    /// Whose directory does not get durable: the process ends there. Nil for one that is killed at
    /// every call.
    var unsynced: String?
    let next: Step
    let complaint: @Sendable (Platform, Notes) throws -> String?

    var testDescription: String { name }

    func run(call: Int, cut: Int) throws -> (isHit: Bool, complaint: String?) {
        let world = SimulatedPlatform(seed: UInt64(call * 31 + cut))
        defer { world.end() }
        let notes = Notes()
        let first = world.platform
        world.runTask("prepare") { perform(notes, "prepare") { try prepare(first, notes) } }
        try world.platform.files.syncFileSystem(of: "/")
        let killed = world.platform
        world.runTask("work") {
            perform(notes, "work") {
                try work(killed, notes) {
                    guard let unsynced else { return world.disk.killAtCall(call) }
                    world.disk.fail(
                        .syncDirectory, pathContaining: unsynced, times: .max,
                        with: ErrorNumber.inputOutput)
                }
            }
            if unsynced != nil {
                world.disk.clearFaults()
                world.disk.killAtCall(1)
                _ = try? killed.files.info("/")
            }
        }
        let isHit = world.isDown
        world.disk.crashAtCall(nil)
        if isHit { world.restart() } else { world.crash() }
        if cut > 0 { world.disk.crashAtCall(cut) }
        let second = world.platform
        world.runTask("next") { perform(notes, "next") { try next(second, notes) } }
        world.crash()
        let problem = Mutex<String?>("nothing was looked at")
        let last = world.platform
        world.runTask("look") {
            do {
                let found = try complaint(last, notes)
                problem.withLock { $0 = found }
            } catch {
                problem.withLock { $0 = "\(error)" }
            }
        }
        return (isHit, problem.withLock { $0 })
    }

    /// What fails because the machine is down is nobody's concern.
    private func perform(_ notes: Notes, _ what: String, _ body: () throws -> Void) {
        do { try body() } catch { notes.note("\(what) failed: \(error)") }
    }
}

extension KilledLife {
    static let all = [
        firstStart, firstManifest, nextManifest, log, snapshot,
    ]
    static let ended = [twoDrops, detached]

    /// Sees the rows of table `t`, which must be the first numbers without a hole.
    private static func count(_ storage: Storage, _ name: String = "t") throws -> Int64? {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        guard let table = snapshot.table(schema: "public", name: name) else { return nil }
        let numbers = try TradesTable.numbers(table)
        return numbers == Array(0..<Int64(numbers.count)) ? Int64(numbers.count) : -1
    }

    private static func id(_ storage: Storage, _ name: String) throws -> UInt64 {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        return try #require(snapshot.table(schema: "public", name: name)).definition.id
    }

    private static func makeTables(_ names: [String]) -> Step {
        { platform, _ in
            let storage = try RecoveryAfterKillTests.open(platform)
            for name in names {
                let id = try storage.makeTrades(name)
                _ = try storage.commit(TradesTable.append(id, 0..<10))
            }
            try storage.close()
        }
    }

    /// Directories and `_database` of a root that is made.
    private static var firstStart: KilledLife {
        KilledLife(
            name: "a root's first start", leastCalls: 20,
            prepare: { platform, _ in try platform.files.makeDurableDirectory("/data") },
            work: { platform, _, arm in
                arm()
                try RecoveryAfterKillTests.open(platform).close()
            },
            next: { platform, notes in
                let storage = try RecoveryAfterKillTests.open(platform)
                let id = try storage.makeTrades("t")
                _ = try storage.commit(TradesTable.append(id, 0..<10))
                notes.note("rows")
            },
            complaint: { platform, notes in
                let found = try count(try RecoveryAfterKillTests.open(platform))
                return notes.has("rows") && found != 10 ? "rows \(found ?? -1)" : nil
            })
    }

    /// The manifest of a new table, and `_database` that lets the log go.
    private static var firstManifest: KilledLife {
        KilledLife(
            name: "the first manifest of a table", leastCalls: 30, cuts: [0, 55],
            prepare: makeTables([]),
            work: { platform, notes, arm in
                let storage = try RecoveryAfterKillTests.open(platform)
                arm()
                let id = try storage.makeTrades("t")
                notes.note("table")
                _ = try storage.commit(TradesTable.append(id, 0..<10))
                notes.saw(10)
                try storage.close()
            },
            next: { platform, _ in try RecoveryAfterKillTests.open(platform).close() },
            complaint: { platform, notes in
                let found = try count(try RecoveryAfterKillTests.open(platform))
                if let found, found == 10 || found == 0, found >= notes.seen { return nil }
                return found == nil && !notes.has("table") ? nil : "rows \(found ?? -1)"
            })
    }

    /// A manifest that follows another, which goes.
    private static var nextManifest: KilledLife {
        KilledLife(
            name: "a manifest that follows another", firstCall: 15, leastCalls: 20, cuts: [0, 60],
            prepare: makeTables(["t"]),
            work: { platform, notes, arm in
                let storage = try RecoveryAfterKillTests.open(platform)
                arm()
                let id = try id(storage, "t")
                _ = try storage.commit(TradesTable.append(id, 10..<20))
                notes.saw(20)
                try storage.close()
            },
            next: { platform, _ in
                let storage = try RecoveryAfterKillTests.open(platform)
                let found = try count(storage) ?? 0
                _ = try storage.commit(TradesTable.append(try id(storage, "t"), [found]))
                try storage.close()
            },
            complaint: { platform, notes in
                let found = try count(try RecoveryAfterKillTests.open(platform)) ?? -1
                return found < max(10, notes.seen) ? "rows \(found)" : nil
            })
    }

    /// Frames that were not synced and files of the log whose names were not: the next process shows
    /// what they hold, and goes on in them.
    private static var log: KilledLife {
        KilledLife(
            name: "the end of the log", leastCalls: 20, prepare: makeTables(["t"]),
            work: { platform, notes, arm in
                let storage = try RecoveryAfterKillTests.open(platform)
                arm()
                let id = try id(storage, "t")
                for number in Int64(10)..<18 {
                    _ = try storage.commit(TradesTable.append(id, [number]))
                    notes.saw(number + 1)
                }
            },
            next: { platform, notes in
                let storage = try RecoveryAfterKillTests.open(platform)
                let found = try count(storage) ?? 0
                notes.saw(found)
                for number in found..<found + 3 {
                    _ = try storage.commit(TradesTable.append(try id(storage, "t"), [number]))
                    notes.saw(number + 1)
                }
            },
            complaint: { platform, notes in
                let found = try count(try RecoveryAfterKillTests.open(platform)) ?? -1
                return found < notes.seen ? "rows \(found), seen \(notes.seen)" : nil
            })
    }

    /// Whoever was told that a snapshot is prepared, or is not, is told the same later.
    private static var snapshot: KilledLife {
        KilledLife(
            name: "a prepared snapshot", leastCalls: 30, prepare: makeTables(["t"]),
            work: { platform, _, arm in
                let storage = try RecoveryAfterKillTests.open(platform)
                let id = try id(storage, "t")
                arm()
                _ = try storage.prepareSnapshot(.snapshot, preparedAt: 1)
                _ = try storage.commit(TradesTable.append(id, 10..<20))
                _ = try storage.completeSnapshot(.snapshot)
            },
            next: { platform, notes in
                let storage = try RecoveryAfterKillTests.open(platform)
                notes.note("\(storage.snapshotStatus.prepared != nil)")
            },
            complaint: { platform, notes in
                let storage = try RecoveryAfterKillTests.open(platform)
                let isPrepared = storage.snapshotStatus.prepared != nil
                if notes.has("\(!isPrepared)") { return "prepared: \(isPrepared)" }
                let found = try count(storage) ?? -1
                return found < 10 ? "rows \(found)" : nil
            })
    }

    /// The marks of dropped tables: the log that has the drops goes before their files.
    private static var twoDrops: KilledLife {
        KilledLife(
            name: "the marks of dropped tables", cuts: [0] + Array(30...110),
            prepare: makeTables(["t", "u", "v"]),
            work: { platform, notes, arm in
                let storage = try RecoveryAfterKillTests.open(platform)
                // Each drop is marked at once.
                arm()
                for name in ["t", "u"] {
                    _ = try storage.commit(
                        Transaction(edits: [.dropTable(id: try id(storage, name))]))
                    notes.note(name)
                }
                try storage.close()
            }, unsynced: "/t~",
            next: { platform, _ in try RecoveryAfterKillTests.open(platform).close() },
            complaint: { platform, notes in
                let storage = try RecoveryAfterKillTests.open(platform)
                for name in ["t", "u", "v"] {
                    let found = try count(storage, name)
                    if found != nil, notes.has(name) { return "\(name) is back" }
                    if let found, found != 10 { return "\(name) has \(found) rows" }
                    if found == nil, name == "v" { return "v is gone" }
                }
                return nil
            })
    }

    /// A detached partition that is given up: it is there with all its files, or it is not.
    private static var detached: KilledLife {
        KilledLife(
            name: "a detached partition that goes", cuts: [0] + Array(20...80),
            prepare: { platform, notes in
                try makeTables(["t"])(platform, notes)
                let storage = try RecoveryAfterKillTests.open(platform)
                let view = try #require(
                    storage.snapshot().table(schema: "public", name: "t"))
                let table = view.definition
                try storage.keep(
                    DetachedPartition(
                        partition: "1970-01-01", definition: table, segments: view.segments),
                    of: table)
                _ = try storage.commit(
                    Transaction(edits: [
                        .replaceSegments(
                            SegmentReplacement(
                                table: table.id, definitionVersion: table.version,
                                removed: view.segments.map(\.id), added: []))
                    ]))
                try storage.close()
            },
            work: { platform, _, arm in
                let storage = try RecoveryAfterKillTests.open(platform)
                let table = try #require(storage.snapshot().tables.first).definition
                arm()
                try storage.forget("1970-01-01", of: table)
            }, unsynced: ".detached",
            next: { platform, _ in _ = try RecoveryAfterKillTests.open(platform) },
            complaint: { platform, _ in
                let storage = try RecoveryAfterKillTests.open(platform)
                let table = try #require(storage.snapshot().tables.first).definition
                let place = Path.join(storage.tableDirectory(table), "1970-01-01.detached")
                for kept in try storage.detachedPartitions(of: table, current: []) {
                    for segment in kept.segments {
                        let path = Path.join(place, "\(segment.id).seg")
                        if try platform.files.info(path) == nil { return "\(path) is missing" }
                    }
                }
                return nil
            })
    }
}
