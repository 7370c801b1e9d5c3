import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Testing
import Values

@testable import Backup

/// A database of two small tables, a backup of it, and changes since; then a restore of everything
/// that replaces one table, creates the other and finds something at every step.
private struct FaultWorld {
    let rig: RestoreRig
    let before: [String: [String]]
    let after: [String: [String]]
    let timeline: String
    static let request = RestoreRequest(scope: .database, source: "one", mode: .replace)

    /// - Parameter sharesBlocks: whether files may share blocks there, as on btrfs and XFS.
    init(seed: UInt64 = 7, sharesBlocks: Bool = false) throws {
        rig = try RestoreRig(seed: seed)
        if sharesBlocks { rig.machine.disk.shareBlocks() }
        let columns = [
            ColumnDefinition(id: 1, name: "ts", type: .timestamp, isNullable: false),
            ColumnDefinition(id: 2, name: "s", type: .symbol),
        ]
        for name in ["a", "b"] {
            try rig.create(name, columns: columns)
            try rig.append(name, 0..<30)
        }
        try rig.storage.flush()
        after = try rig.contents()
        try rig.backup("one")
        try rig.append("a", 20..<50)
        try rig.drop("b")
        try rig.storage.flush()
        before = try rig.contents()
        timeline = rig.storage.identity.timeline
    }

    /// A new timeline came with the restored rows, and never without them.
    var isTimelineRight: Bool {
        get throws {
            let identity = rig.storage.identity
            return try rig.contents() == after
                ? identity.timeline != timeline && identity.ancestors.contains(timeline)
                : identity.timeline == timeline
        }
    }

    /// Restores as a task of its own, so that a power loss may hit it anywhere.
    func restore(isCancelled: @escaping @Sendable () -> Bool = { false }) -> DatabaseError? {
        let outcome = Outcome()
        let (service, storage) = (rig.service, rig.storage)
        rig.machine.runTask("restore") {
            do throws(DatabaseError) {
                _ = try service.restore(
                    Self.request, into: storage, isCancelled: isCancelled)
                outcome.state.withLock { $0 = .done }
            } catch {
                outcome.state.withLock { $0 = .failed(error) }
            }
        }
        switch outcome.state.withLock({ $0 }) {
        case .unknown: return DatabaseError(.inputOutput, "power loss")
        case .failed(let error): return error
        case .done: return nil
        }
    }

    /// Segments that lie below `db/` and are named by no table.
    func orphans() throws -> [String] {
        let snapshot = rig.storage.snapshot()
        defer { snapshot.release() }
        let named = snapshot.tables.flatMap { table in
            table.segments.map { rig.storage.segmentPath($0, of: table.definition) }
        }
        return rig.files().filter {
            ($0.hasSuffix(".seg") || $0.hasSuffix(".tmp")) && !named.contains($0)
        }
    }

    private final class Outcome: Sendable {
        enum State: Sendable { case unknown, done, failed(DatabaseError) }
        let state = Mutex(State.unknown)
    }
}

@Suite("RESTORE under faults")
struct RestoreFaultTests {
    /// How many calls of Platform the restore makes.
    private static func calls(sharesBlocks: Bool) throws -> Int {
        let world = try FaultWorld(sharesBlocks: sharesBlocks)
        let begin = world.rig.machine.disk.callCount
        let traced = world.rig.machine.traceLength
        #expect(world.restore() == nil)
        #expect(try world.rig.contents() == world.after)
        let writes = world.rig.machine.trace.dropFirst(traced).contains {
            $0.contains("write /root/tmp/") && $0.contains(".seg")
        }
        #expect(writes == !sharesBlocks)
        return world.rig.machine.disk.callCount - begin
    }

    @Test(
        "a power loss at any call leaves everything as it was or all of it restored",
        arguments: [false, true])
    func powerLoss(sharesBlocks: Bool) throws {
        let calls = try Self.calls(sharesBlocks: sharesBlocks)
        #expect(calls > 100)
        for number in 1...calls {
            let world = try FaultWorld(seed: UInt64(number), sharesBlocks: sharesBlocks)
            world.rig.machine.disk.crashAtCall(number)

            let error = world.restore()
            if world.rig.machine.isDown {
                world.rig.machine.restart()
            } else {
                world.rig.machine.crash()
            }
            world.rig.machine.disk.crashAtCall(nil)
            try world.rig.reopen()

            let found = try world.rig.contents()
            #expect(found == world.after || (error != nil && found == world.before), "\(number)")
            #expect(try world.orphans() == [], "call \(number)")
            #expect(try world.isTimelineRight, "call \(number)")
            if found == world.before { #expect(world.restore() == nil, "again after \(number)") }
            #expect(try world.rig.contents() == world.after, "call \(number)")
        }
    }

    @Test(
        "an I/O error at any call leaves everything as it was, and the next try succeeds",
        arguments: [false, true])
    func inputOutputError(sharesBlocks: Bool) throws {
        for number in 1...(try Self.calls(sharesBlocks: sharesBlocks)) {
            let world = try FaultWorld(sharesBlocks: sharesBlocks)
            world.rig.machine.disk.failCall(number: number, with: ErrorNumber.inputOutput)

            let error = world.restore()
            world.rig.machine.disk.clearFaults()

            if world.rig.storage.failure != nil || error == nil {
                // The log failed, or the call was one whose failure only costs tidiness.
                world.rig.machine.crash()
                try world.rig.reopen()
                let found = try world.rig.contents()
                #expect(found == world.after || (error != nil && found == world.before))
                continue
            }
            #expect(try world.rig.contents() == world.before, "call \(number)")
            #expect(try world.orphans() == [], "call \(number)")
            #expect(world.restore() == nil, "again after \(number)")
            #expect(try world.rig.contents() == world.after, "call \(number)")
        }
    }

    @Test("a disk that is too full is 53100 before anything is copied")
    func diskFullBefore() throws {
        let world = try FaultWorld()
        world.rig.machine.disk.setCapacity(1)

        let error = world.restore()

        #expect(error?.state == .diskFull)
        #expect(error?.message.contains("bytes needed") == true)
        world.rig.machine.disk.setCapacity(nil)
        #expect(try world.rig.contents() == world.before)
        #expect(try world.orphans() == [])
    }

    @Test("a disk that fills up while copying is 53100 and its room is given back")
    func diskFullDuring() throws {
        for skip in 0..<2 {
            let world = try FaultWorld()
            world.rig.machine.disk.fail(
                .write, pathContaining: ".seg", skip: skip, with: ErrorNumber.noSpace)

            let error = world.restore()

            #expect(error?.state == .diskFull)
            #expect(try world.rig.contents() == world.before)
            #expect(try world.orphans() == [])
            world.rig.machine.disk.clearFaults()
            #expect(world.restore() == nil)
        }
    }

    @Test("cancelling at any moment is 57014 and changes nothing")
    func cancel() throws {
        for number in 1..<40 {
            let world = try FaultWorld()
            let calls = Mutex(0)

            let error = world.restore {
                calls.withLock {
                    $0 += 1
                    return $0 == number
                }
            }

            guard let error else { break }
            #expect(error.state == .cancelled)
            #expect(error.detail?.contains("nothing was changed") == true)
            #expect(try world.rig.contents() == world.before)
            #expect(try world.orphans() == [])
            #expect(world.rig.service.listJobs().first?.status == .cancelled)
            #expect(try world.rig.service.list().allSatisfy { $0.status == .complete })
        }
    }

    @Test("a disk too full for the names of shared blocks is 53100 as well")
    func diskFullSharing() throws {
        for skip in 0..<2 {
            let world = try FaultWorld(sharesBlocks: true)
            world.rig.machine.disk.fail(.shareBlocks, skip: skip, with: ErrorNumber.noSpace)

            let error = world.restore()

            #expect(error?.state == .diskFull)
            #expect(try world.rig.contents() == world.before)
            #expect(try world.orphans() == [])
            #expect(world.restore() == nil)
        }
    }

    @Test(
        "a bit that flips in any file of the backup is XX001 naming it, and nothing is restored",
        arguments: [false, true])
    func bitFlips(sharesBlocks: Bool) throws {
        let root = "/root/backup/one/"
        let files = try FaultWorld().rig.filesWithBytes(below: root)
        #expect(Set(files.map { $0.split(separator: ".").last ?? "" }).count > 2)
        for (index, _) in files.enumerated() {
            for part in 0..<4 {
                let world = try FaultWorld(sharesBlocks: sharesBlocks)
                // Segments of a table that is gone are copied and so read; others are used again.
                try world.rig.drop("a")
                try world.rig.storage.flush()
                let before = try world.rig.contents()
                let path = world.rig.filesWithBytes(below: root)[index]
                let size = world.rig.machine.disk.contents(of: path)?.count ?? 0
                world.rig.machine.disk.flipBit(
                    path, offset: min(size - 1, part * size / 4 + part), bit: part)

                let error = world.restore()

                #expect(error?.state == .corrupted, "\(path) \(part)")
                #expect(error?.message.contains(path) == true, "\(path): \(error?.message ?? "")")
                #expect(error?.hint?.contains("Use another backup") == true, "\(path)")
                #expect(try world.rig.contents() == before)
                #expect(try world.orphans() == [])
            }
        }
    }

    @Test("a missing, a shortened and an extra file are XX001 and nothing is restored")
    func missingFiles() throws {
        let count = try FaultWorld().rig.filesWithBytes(below: "/root/backup/one/db/").count
        for index in 0..<count {
            for act in ["remove", "cut", "add"] {
                let world = try FaultWorld()
                let files = world.rig.platform.files
                let path = world.rig.filesWithBytes(below: "/root/backup/one/db/")[index]
                switch act {
                case "remove": try files.remove(path)
                case "cut":
                    let file = try files.open(path, .readWrite, permissions: 0)
                    try file.truncate(to: try file.size() - 1)
                default:
                    try files.publish([1], as: Path.join(Path.directory(of: path), "extra"))
                }

                let error = world.restore()

                #expect(error?.state == .corrupted, "\(act) \(path)")
                let wanted = act == "add" ? Path.directory(of: path) + "/extra" : path
                #expect(error?.message.contains(wanted) == true, "\(act) \(path)")
                #expect(error?.hint?.contains("Use another backup") == true, "\(act) \(path)")
                #expect(try world.rig.contents() == world.before)
            }
        }
    }

    @Test("a table that others change meanwhile is planned again")
    func changedMeanwhile() throws {
        let rig = try RestoreRig.withBackup(0..<30)
        let definition = try rig.definition(of: "trades")
        try rig.append("trades", 5..<10)
        try rig.storage.flush()
        let storage = rig.storage
        let first = try #require(try rig.segments("trades").last)
        let calls = Mutex(0)

        // The commit comes between planning and the restore's own, which then finds it gone.
        let summary = try rig.service.restore(
            .table("trades", from: "one", .differing), into: storage,
            isCancelled: {
                guard
                    calls.withLock({
                        $0 += 1; return $0 == 12
                    })
                else { return false }
                let edit = SegmentReplacement(
                    table: definition.id, definitionVersion: 1, removed: [first.id], added: [])
                _ = try? storage.commit(Transaction(edits: [.replaceSegments(edit)]))
                return false
            })

        #expect(calls.withLock { $0 } > 12)
        #expect(summary.tables == 1)
        #expect(try rig.rows("trades")?.count == 30)
    }

    @Test("two restores at once: the second is told so")
    func twoAtOnce() throws {
        let world = try FaultWorld()
        let (service, storage) = (world.rig.service, world.rig.storage)
        let inner = Mutex<DatabaseError?>(nil)
        let isFirst = Mutex(true)

        let error = world.restore {
            guard
                isFirst.withLock({
                    let was = $0; $0 = false; return was
                })
            else { return false }
            do throws(DatabaseError) {
                _ = try service.restore(FaultWorld.request, into: storage)
            } catch {
                inner.withLock { $0 = error }
            }
            return false
        }

        #expect(error == nil)
        #expect(inner.withLock { $0 }?.state == .inUse)
        #expect(try world.rig.contents() == world.after)
    }
}
