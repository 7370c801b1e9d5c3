import Catalog
import Diagnostics
import Engine
import Platform
import Storage
import Synchronization
import Values

/// One life of a machine under a mixed load: recover, compare with the model, then writers, DDL,
/// readers with pins and compaction at once, until everything is done or something breaks.
struct MixedBoot: Sendable {
    static let root = "/root"
    static let day: Int64 = 86_400_000_000

    let machine: SimulatedPlatform
    let platform: Platform
    let model: MixedModel
    let complaints: Complaints
    let seed: UInt64
    let steps: Int

    private var storageSettings: StorageSettings {
        var settings = StorageSettings()
        settings.flushRows = 24
        settings.segmentRows = 64
        settings.walFileBytes = 8_192
        settings.walRetentionBytes = 32_768
        settings.compaction.isEnabled = true
        settings.compaction.retrySeconds = 0
        settings.compaction.idleSeconds = seed % 2 == 0 ? 0 : 86_400
        return settings
    }

    /// States after which nothing was changed for certain.
    private static let refusals: Set<String> = [
        "40001", "40P01", "53100", "53200", "55P03", "57014", "25P02", "42P01", "42703",
    ]
    /// States that faults of the disk bring about, and that leave open what happened.
    private static let breakages: Set<String> = ["58030", "57P01", "58P01"]

    func run() {
        if model.isTraced { print("boot", seed) }
        do throws(DatabaseError) {
            let storage = try Storage.open(
                root: Self.root, platform: platform, settings: storageSettings)
            checkOrphans(storage)
            let engine = Engine(storage: storage, platform: platform)
            try createTables(storage)
            // What is compared must be read without a fault.
            machine.disk.clearFaults()
            machine.disk.setCapacity(nil)
            try check(engine)
            plan()
            work(engine, storage)
            machine.disk.clearFaults()
            machine.disk.setCapacity(nil)
            do throws(DatabaseError) { try storage.close() } catch { expectFault(error, "close") }
        } catch {
            expectFault(error, "open")
        }
    }

    /// An error that a planned fault explains; every other one is a complaint.
    private func expectFault(_ error: DatabaseError, _ doing: String) {
        let code = error.state.code
        if Self.refusals.contains(code) || Self.breakages.contains(code) { return }
        complaints.add("\(doing): \(error)")
    }

    /// Faults of this life, beside the power loss that the test plans.
    private func plan() {
        var random = SplitMix(state: seed &* 31 &+ 7)
        let call = 1 + Int(random.next() % 4_000)
        switch random.next() % 6 {
        case 0: machine.disk.failCall(number: call, with: 5)
        case 1: machine.disk.failCall(number: call, with: 28)
        case 2:
            let kinds: [FileCall] = [.write, .fsync, .rename, .open]
            machine.disk.fail(
                kinds[Int(random.next() % 4)], pathContaining: ".seg",
                skip: Int(random.next() % 40), times: 1 + Int(random.next() % 3), with: 5)
        case 3:
            let used = machine.disk.paths().reduce(0) {
                $0 + (machine.disk.contents(of: $1)?.count ?? 0)
            }
            machine.disk.setCapacity(used + Int(random.next() % 60_000))
        default: break
        }
    }

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

    // MARK: - Checking

    /// After recovery every segment file is one that a table names.
    private func checkOrphans(_ storage: Storage) {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        let named = snapshot.tables.reduce(0) { $0 + $1.segments.count }
        let found = machine.disk.paths().count { $0.hasSuffix(".seg") }
        // Nothing was compacted yet unless the background task was quick.
        if found < named { complaints.add("\(named) segments but \(found) files") }
    }

    private func check(_ engine: Engine) throws(DatabaseError) {
        let client = SimulatedClient(engine, platform)
        let plain = try contents(client, "a")
        let twin = try contents(client, "b")
        let upserted = try contents(client, "u")
        if plain != twin { complaints.add("tables a and b differ: half a transaction") }
        for writer in 0..<model.writers {
            let found = MixedModel.Content(
                plain: plain[Int64(writer)] ?? [:], upserted: upserted[Int64(writer)] ?? [:])
            if let problem = model.settle(writer, found: found) { complaints.add(problem) }
        }
        var owned = MixedModel.Owned(rows: nil)
        if let table = engine.storage.snapshot().table(schema: "public", name: "d") {
            owned.rows = try client.run("SELECT count(*) FROM d").first.map(Self.number) ?? 0
            owned.columns = table.definition.columns.count
        }
        if let problem = model.settleOwned(found: owned) { complaints.add(problem) }
    }

    private static func number(_ row: [Value]) -> Int {
        if case .integer(let number)? = row.first { Int(number) } else { -1 }
    }

    /// Writer to id to value; complains about a row that is there twice, is not its writer's or is
    /// out of the order of time.
    private func contents(_ client: SimulatedClient, _ table: String) throws(DatabaseError)
        -> [Int64: [Int64: Int64]]
    {
        var found: [Int64: [Int64: Int64]] = [:]
        var last = Int64.min
        for row in try client.run("SELECT ts, w, id, v, s FROM \(table) ORDER BY ts") {
            guard case .timestamp(let time) = row[0], case .integer(let writer) = row[1],
                case .integer(let id) = row[2], case .integer(let value) = row[3],
                row[4] == .string("s\(id % 5)"), time == Self.time(id)
            else {
                complaints.add("a row of \(table) is not what was sent: \(row)")
                continue
            }
            if time < last { complaints.add("\(table) is not in the order of time") }
            last = time
            if found[writer, default: [:]].updateValue(value, forKey: id) != nil {
                complaints.add("\(table) has row \(id) twice")
            }
        }
        return found
    }

    /// Mostly ascending; every fourth row is up to three days late.
    private static func time(_ id: Int64) -> Int64 {
        let base = id * 1_800_000_000
        return id % 4 == 0 ? max(0, base - id * 7_919 % (3 * day)) : base
    }

    // MARK: - Working

    private func work(_ engine: Engine, _ storage: Storage) {
        let gate = platform.workers.makeGate()
        var tasks: [(String, @Sendable (inout SplitMix) -> Void)] = []
        for writer in 0..<model.writers {
            tasks.append(("writer \(writer)", { self.write(engine, writer, &$0) }))
        }
        tasks.append(("reader", { self.read(engine, &$0) }))
        tasks.append(("definitions", { self.define(engine, &$0) }))
        tasks.append(("maintenance", { self.maintain(storage, &$0) }))
        for (number, task) in tasks.enumerated() {
            let start = seed &* 1_000_003 &+ UInt64(number)
            platform.workers.start(task.0) {
                var random = SplitMix(state: start)
                task.1(&random)
                gate.open()
            }
        }
        for _ in tasks { gate.wait() }
    }

    private func write(_ engine: Engine, _ writer: Int, _ random: inout SplitMix) {
        let client = SimulatedClient(engine, platform)
        for _ in 0..<steps {
            let transaction = MixedTransaction(
                writer: writer, model: model, time: Self.time, random: &random)
            model.begin(writer, transaction.result)
            do throws(DatabaseError) {
                if model.isTraced { print("writer", writer, transaction.statements) }
                for statement in transaction.statements {
                    try client.run(statement)
                    model.statements.add(1, ordering: .relaxed)
                }
                model.end(writer, isCommitted: true)
            } catch {
                if model.isTraced { print("writer", writer, "failed", error) }
                if Self.breakages.contains(error.state.code) { return }
                if !Self.refusals.contains(error.state.code) {
                    complaints.add("writer \(writer), \(transaction.statements): \(error)")
                }
                model.conflicts.add(1, ordering: .relaxed)
                model.end(writer, isCommitted: false)
                do throws(DatabaseError) { try client.run("ROLLBACK") } catch _ { return }
            }
        }
    }

    /// In one snapshot both tables have the same rows, as often as they are read.
    private func read(_ engine: Engine, _ random: inout SplitMix) {
        let client = SimulatedClient(engine, platform)
        for _ in 0..<steps / 2 {
            do throws(DatabaseError) {
                try client.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
                let first = try contents(client, "a")
                let upserted = try contents(client, "u")
                for _ in 0..<random.next() % 4 { _ = platform.clock.now() }
                if try contents(client, "b") != first {
                    complaints.add("a snapshot shows half a transaction")
                }
                let again = try contents(client, "a")
                let upsertedAgain = try contents(client, "u")
                if again != first || upsertedAgain != upserted {
                    complaints.add("a snapshot changed while it was read")
                }
                try client.run("COMMIT")
            } catch {
                expectFault(error, "reader")
                if Self.breakages.contains(error.state.code) { return }
                do throws(DatabaseError) { try client.run("ROLLBACK") } catch _ { return }
            }
        }
    }

    private func define(_ engine: Engine, _ random: inout SplitMix) {
        let client = SimulatedClient(engine, platform)
        for _ in 0..<steps {
            var next = model.owned
            let statement: String
            switch (next.rows, random.next() % 8) {
            case (nil, _):
                next = MixedModel.Owned(rows: 0)
                statement = "CREATE TABLE d (ts TIMESTAMP, n LONG) TIMESTAMP(ts) PARTITION BY DAY"
            case (_, 0):
                next = MixedModel.Owned(rows: nil)
                statement = "DROP TABLE d"
            case (_, 1):
                next.rows = 0
                statement = "TRUNCATE TABLE d"
            case (let rows?, let choice):
                let count = Int(choice) * 3
                next.rows = rows + count
                let values = (0..<count).map { "(\($0 * 1_000_000_000)::timestamp, \($0))" }
                statement = "INSERT INTO d (ts, n) VALUES \(values.joined(separator: ", "))"
            }
            model.beginOwned(next)
            do throws(DatabaseError) {
                try client.run(statement)
                model.endOwned(isCommitted: true)
            } catch {
                expectFault(error, statement)
                if Self.breakages.contains(error.state.code) { return }
                model.endOwned(isCommitted: false)
            }
        }
    }

    private func maintain(_ storage: Storage, _ random: inout SplitMix) {
        for _ in 0..<steps / 2 {
            do throws(DatabaseError) {
                switch random.next() % 4 {
                case 0: try storage.compact(isThorough: random.next() % 2 == 0)
                case 1: try storage.flush()
                case 2: try storage.pinOnDisk(owner: "simulation").release()
                default: machine.clock.advance(microseconds: Self.day)
                }
            } catch {
                expectFault(error, "maintenance")
                if Self.breakages.contains(error.state.code) { return }
            }
        }
    }
}
