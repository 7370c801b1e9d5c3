import Catalog
import Diagnostics
import Machines
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

/// Commits and power losses at calls that the seed chooses. After each the root must open and hold
/// every acknowledged commit, whole commits only, in order, and nothing that was never sent.
@Suite struct PowerLossTests {
    @Test(
        "nothing acknowledged is lost and nothing is half there",
        arguments: 0..<20 as Range<UInt64>)
    func synchronous(seed: UInt64) throws {
        try losePower(seed: seed, losses: 50, mode: .sync)
    }

    @Test(
        "in the other modes a prefix of the commits survives, with all that was flushed",
        arguments: 100..<110 as Range<UInt64>)
    func others(seed: UInt64) throws {
        try losePower(seed: seed, losses: 20, mode: seed % 2 == 0 ? .nosync : .async)
    }

    private func losePower(seed: UInt64, losses: Int, mode: CommitMode) throws {
        let world = SimulatedPlatform(seed: seed)
        var settings = StorageSettings()
        settings.walFileBytes = 2_048
        settings.flushRows = 60
        settings.walRetentionBytes = 16_384
        settings.commitMode = mode
        let ledger = Ledger(seed: seed, settings: settings)
        for loss in 0..<losses {
            world.disk.crashAtCall(1 + Int(ledger.draw(400)))
            let platform = world.platform
            world.runTask("life") { ledger.live(platform) }
            world.disk.crashAtCall(nil)
            world.crash()
            let after = world.platform
            ledger.problem.withLock { $0 = "the check did not end" }
            world.runTask("check") { ledger.check(after) }
            let problem = ledger.problem.withLock { $0 }
            #expect(problem == nil, "seed \(seed), loss \(loss)")
            if problem != nil { break }
        }
        world.end()
        // Else nothing was tried.
        #expect(ledger.survived > losses)
    }
}

/// What was sent and answered, in memory that no power cut touches.
private final class Ledger: Sendable {
    private enum Act: Sendable {
        case append([Int64])
        case truncate
        case recreate
        /// Rows whose number is a multiple of this were taken out by rewritten segments.
        case remove(Int64)
        case alter
    }

    private struct State: Sendable {
        var random: UInt64
        var nextNumber: Int64 = 0
        /// What the last check found.
        var numbers: [Int64] = []
        /// What was sent since.
        var sent: [Act] = []
        var acknowledged = 0
        /// Commits that were found again after a power loss, over all losses.
        var survived = 0
    }

    let problem = Mutex<String?>(nil)
    private let state: Mutex<State>
    private let settings: StorageSettings

    init(seed: UInt64, settings: StorageSettings) {
        state = Mutex(State(random: seed &* 0x9e37_79b9_7f4a_7c15 | 1))
        self.settings = settings
    }

    var survived: Int { state.withLock { $0.survived } }

    func draw(_ limit: UInt64) -> UInt64 {
        state.withLock {
            $0.random = $0.random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return ($0.random >> 33) % limit
        }
    }

    /// Commits, flushes and pins until the power goes.
    func live(_ platform: Platform) {
        do {
            let storage = try Storage.open(root: "/root", platform: platform, settings: settings)
            if storage.snapshot().tables.isEmpty { try create(storage) }
            for _ in 0..<draw(40) { try step(storage) }
            if draw(2) == 0 { try storage.close() }
        } catch {
            // The power goes while a call is under way: the machine is down, nobody listens.
        }
    }

    private func create(_ storage: Storage) throws {
        var edits: [Edit] = []
        for name in ["left", "right"] {
            let id = storage.reserveTableID()
            edits.append(.createTable(TradesTable.definition(id: id, name: name)))
        }
        send(.recreate, Transaction(edits: edits), storage)
    }

    private func step(_ storage: Storage) throws {
        let snapshot = storage.snapshot()
        guard let left = snapshot.table(schema: "public", name: "left"),
            let right = snapshot.table(schema: "public", name: "right")
        else { return try storage.flush() }
        switch draw(24) {
        case 0: try flush(storage)
        case 1: try storage.pinOnDisk(owner: "test").release()
        case 2 where draw(3) == 0:
            let edits = [left, right].map { Edit.truncateTable(id: $0.definition.id) }
            send(.truncate, Transaction(edits: edits), storage)
        case 3 where draw(3) == 0:
            var edits = [left, right].map { Edit.dropTable(id: $0.definition.id) }
            for name in ["left", "right"] {
                let id = storage.reserveTableID()
                edits.append(.createTable(TradesTable.definition(id: id, name: name)))
            }
            send(.recreate, Transaction(edits: edits), storage)
            // Later rows need the new ids.
            try storage.flush()
        case 4, 5: try remove(2 + Int64(draw(5)), storage)
        case 6: try alter(storage)
        default:
            let numbers = takeNumbers()
            let batch = TradesTable.batch(numbers) { ($0 * 7_919 % 101) * 3_600_000_000 }
            let appends = [left, right].map {
                Append(
                    table: $0.definition.id, definitionVersion: $0.definition.version,
                    batch: batch)
            }
            send(.append(numbers), Transaction(appends: appends), storage)
        }
    }

    /// Rewrites the segments of both tables without some rows, as DELETE does.
    private func remove(_ divisor: Int64, _ storage: Storage) throws {
        try storage.flush()
        let snapshot = storage.snapshot()
        var edits: [Edit] = []
        for view in snapshot.tables {
            var added: [SegmentEntry] = []
            for run in view.runs {
                guard let segment = run.segment else { continue }
                let kept = try TradesTable.rows(run, view.definition).compactMap { row -> Int64? in
                    if case .integer(let number) = row[1], number % divisor != 0 {
                        number
                    } else {
                        nil
                    }
                }
                let batch = TradesTable.batch(kept) { ($0 * 7_919 % 101) * 3_600_000_000 }
                added += try storage.writeSegments(
                    [batch], of: view.definition, firstLSN: segment.firstLSN,
                    lastLSN: segment.lastLSN)
            }
            edits.append(
                .replaceSegments(
                    SegmentReplacement(
                        table: view.definition.id, definitionVersion: view.definition.version,
                        removed: view.segments.map(\.id), added: added)))
        }
        send(.remove(divisor), Transaction(edits: edits), storage)
    }

    /// Gives both tables a new definition; the rows stay what they are.
    private func alter(_ storage: Storage) throws {
        let edits = storage.snapshot().tables.map { view in
            Edit.alterTable(
                TradesTable.definition(
                    id: view.definition.id, name: view.name,
                    version: view.definition.version + 1))
        }
        send(.alter, Transaction(edits: edits), storage)
        // Later rows need the new version.
        try storage.flush()
    }

    private func takeNumbers() -> [Int64] {
        let count = Int64(1 + draw(8))
        return state.withLock { state in
            defer { state.nextNumber += count }
            return Array(state.nextNumber..<state.nextNumber + count)
        }
    }

    /// After a flush everything answered before is durable in every mode.
    private func flush(_ storage: Storage) throws {
        let sent = state.withLock { $0.sent.count }
        try storage.flush()
        state.withLock { $0.acknowledged = max($0.acknowledged, sent) }
    }

    private func send(_ act: Act, _ transaction: Transaction, _ storage: Storage) {
        let place = state.withLock { state in
            state.sent.append(act)
            return state.sent.count
        }
        let isSynchronous = settings.commitMode == .sync
        storage.commit(transaction) { result in
            guard case .success = result, isSynchronous else { return }
            self.state.withLock { $0.acknowledged = max($0.acknowledged, place) }
        }
    }

    /// Opens the root and compares it with the ledger.
    func check(_ platform: Platform) {
        var found: String?
        do {
            let storage = try Storage.open(root: "/root", platform: platform, settings: settings)
            let snapshot = storage.snapshot()
            // One table may be flushed, and so sorted, where the other is not.
            let left = Self.ordered(
                try TradesTable.rows(snapshot.table(schema: "public", name: "left")))
            let right = Self.ordered(
                try TradesTable.rows(snapshot.table(schema: "public", name: "right")))
            let numbers = left.compactMap { row -> Int64? in
                if case .integer(let number) = row[1] { number } else { nil }
            }.sorted()
            if left != right { found = "the tables differ, a transaction is half there" }
            for row in left {
                guard case .integer(let number) = row[1], case .timestamp(let time) = row[0],
                    row == TradesTable.row(number, time: time)
                else {
                    found = "a row has other values than were sent: \(row)"
                    continue
                }
            }
            found = found ?? settle(numbers)
        } catch {
            found = "cannot open: \(error)"
        }
        problem.withLock { $0 = found }
    }

    private static func ordered(_ rows: [[Value]]) -> [[Value]] {
        rows.sorted { left, right in
            guard case .integer(let first) = left[1], case .integer(let second) = right[1] else {
                return false
            }
            return first < second
        }
    }

    /// Finds the prefix of what was sent that gives these rows.
    private func settle(_ found: [Int64]) -> String? {
        state.withLock { state in
            var numbers = state.numbers
            var count = 0
            while true {
                if count >= state.acknowledged, numbers == found {
                    state.survived += count
                    state.numbers = found
                    state.sent = []
                    state.acknowledged = 0
                    return nil
                }
                guard count < state.sent.count else { break }
                switch state.sent[count] {
                case .append(let more): numbers += more
                case .truncate, .recreate: numbers = []
                case .remove(let divisor): numbers.removeAll { $0 % divisor == 0 }
                case .alter: break
                }
                count += 1
            }
            return "no prefix of at least \(state.acknowledged) of \(state.sent) gives \(found)"
                + " on top of \(state.numbers)"
        }
    }
}
