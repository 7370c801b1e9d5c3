import Backup
import Catalog
import Diagnostics
import Engine
import Platform
import Storage
import Synchronization
import Values

/// One life of a machine under a mixed load: recover, compare with the model, then writers, DDL,
/// readers with pins, backups and compaction at once, until everything is done or something breaks.
struct MixedBoot: Sendable {
    static let root = "/root"
    static let copiedRoot = "/copy"
    static let day: Int64 = 86_400_000_000

    let machine: SimulatedPlatform
    let platform: Platform
    let model: MixedModel
    let complaints: Complaints
    let seed: UInt64
    let steps: Int
    let faults: FaultPlan
    /// A life in which nothing runs beside the checks: what is left behind shows then.
    let isQuiet: Bool

    var tally: Tally { model.tally }

    private var storageSettings: StorageSettings {
        var settings = StorageSettings()
        settings.flushRows = 24
        settings.segmentRows = 64
        settings.walFileBytes = 8_192
        settings.walRetentionBytes = 32_768
        settings.compaction.isEnabled = !isQuiet
        settings.compaction.retrySeconds = 0
        settings.compaction.crowdedSegments = seed % 3 == 0 ? 32 : 2
        settings.compaction.idleSeconds = seed % 2 == 0 ? 0 : 86_400
        return settings
    }

    /// States after which nothing was changed for certain, and that a load of this kind meets.
    private static let refusals: Set<String> = [
        "40001", "40P01", "53100", "53200", "55P03", "57014", "25P02", "58030", "58P01", "55000",
    ]

    func run() {
        model.trace("boot \(seed) \(faults) \(isQuiet ? "quiet" : "")")
        do throws(DatabaseError) {
            if try platform.files.info(Self.copiedRoot) != nil {
                try platform.files.removeTree(Self.copiedRoot)
            }
            let storage = try Storage.open(
                root: Self.root, platform: platform, settings: storageSettings)
            let engine = makeEngine(storage, root: Self.root)
            try createTables(storage)
            // What is compared must be read without a fault.
            machine.disk.clearFaults()
            machine.disk.setCapacity(nil)
            try check(engine)
            if isQuiet { return try endQuietly(engine) }
            work(engine)
            machine.disk.clearFaults()
            machine.disk.setCapacity(nil)
            do throws(DatabaseError) {
                try storage.close()
            } catch {
                if !isExpected(error, storage) { complaints.add("close: \(error)") }
            }
        } catch {
            complaints.add("open: \(error)")
        }
    }

    func makeEngine(_ storage: Storage, root: String) -> Engine {
        let backup = BackupService(
            storage: storage, platform: platform, settings: BackupSettings(root: root))
        return Engine(storage: storage, platform: platform, backup: backup)
    }

    // MARK: - Errors

    /// Whether nothing is accepted any more; what was under way may have happened or not.
    func isOver(_ storage: Storage) -> Bool { storage.failure != nil || machine.isDown }

    /// Whether what was planned for this life explains an error.
    func isExpected(_ error: DatabaseError, _ storage: Storage) -> Bool {
        if isOver(storage) { return true }
        tally.add("refused with \(error.state.code)")
        if case .flippedBit = faults, error.state == .corrupted {
            return error.message.contains(Self.root) || error.message.contains(Self.copiedRoot)
        }
        return Self.refusals.contains(error.state.code)
    }

    // MARK: - The life

    private func createTables(_ storage: Storage) throws(DatabaseError) {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        if snapshot.table(schema: "public", name: "a") != nil { return }
        let units: [PartitionUnit] = [.day, .hour, .week, .month, .none]
        var edits: [Edit] = []
        for (place, name) in ["a", "b", "u"].enumerated() {
            edits.append(
                .createTable(
                    TableDefinition(
                        id: storage.reserveTableID(), name: name,
                        columns: [
                            ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                            ColumnDefinition(id: 2, name: "w", type: .long),
                            ColumnDefinition(id: 3, name: "id", type: .long),
                            ColumnDefinition(id: 4, name: "v", type: .long),
                            ColumnDefinition(id: 5, name: "s", type: .symbol),
                        ], timestampIndex: 0,
                        partitionUnit: units[(Int(seed % 5) + place) % units.count],
                        dedupKeys: name == "u" ? [1, 2, 3] : [])))
        }
        _ = try storage.commit(Transaction(edits: edits))
    }

    private func work(_ engine: Engine) {
        var random = SplitMix(state: seed &* 31 &+ 7)
        var flipped: FlippedBit?
        if case .flippedBit = faults {
            flipped = FlippedBit(of: machine.disk, random: &random) {
                $0.hasPrefix(Self.root + "/db/") && $0.hasSuffix(".seg")
            }
            if let flipped {
                tally.add("bits flipped")
                model.trace("a bit of \(flipped.path) is flipped")
            }
        }
        model.flipped.withLock { $0 = flipped }
        faults.begin(on: machine.disk)
        let gate = platform.workers.makeGate()
        let ended = Counter()
        var tasks: [(String, @Sendable (inout SplitMix) -> Void)] = []
        for writer in 0..<model.writers {
            tasks.append(("writer \(writer)", { self.write(engine, writer, &$0) }))
        }
        tasks.append(("reader", { self.read(engine, &$0) }))
        tasks.append(("definitions", { self.define(engine, &$0) }))
        tasks.append(("maintenance", { self.maintain(engine.storage, &$0) }))
        if seed % 3 == 0 { tasks.append(("backups", { self.backUp(engine, &$0) })) }
        if seed % 5 == 0 { tasks.append(("snapshots", { self.copy(engine, &$0) })) }
        for (number, task) in tasks.enumerated() {
            let start = seed &* 1_000_003 &+ UInt64(number)
            platform.workers.start(task.0) {
                var random = SplitMix(state: start)
                task.1(&random)
                ended.count.add(1, ordering: .relaxed)
                gate.open()
            }
        }
        // A gate that nobody waits at is open once, however often it is opened.
        while ended.count.load(ordering: .relaxed) < tasks.count { gate.wait() }
        heal()
    }

    /// Flips the bit of this life back.
    private func heal() {
        model.flipped.withLock { flipped in
            flipped?.restore()
            flipped = nil
        }
    }
}

private final class Counter: Sendable {
    let count = Atomic(0)
}
