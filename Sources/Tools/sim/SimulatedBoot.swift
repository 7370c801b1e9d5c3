import Backup
import Catalog
import Diagnostics
import Platform
import Storage
import Synchronization
import Values

/// One life of the machine, from power on to power loss: recover, compare with the model, then
/// writers and a backup at once.
struct SimulatedBoot: Sendable {
    static let root = "/root"
    static let tableNames = ["trades", "orders"]

    let platform: Platform
    let model: SimulationModel
    let complaints: Complaints
    let commits: Int

    private var storageSettings: StorageSettings {
        var settings = StorageSettings()
        settings.flushRows = 20
        settings.walFileBytes = 4_096
        settings.walRetentionBytes = 16_384
        return settings
    }

    /// Runs until everything is done; a power loss ends it anywhere.
    func run() {
        do throws(DatabaseError) {
            let storage = try Storage.open(
                root: Self.root, platform: platform, settings: storageSettings)
            try createTables(storage)
            let found = try transactions(in: storage, of: "the database")
            let lost = model.durable.subtracting(found)
            if !lost.isEmpty { complaints.add("lost after recovery: \(lost.sorted())") }
            model.recovered(found)
            let service = BackupService(
                storage: storage, platform: platform, settings: BackupSettings(root: Self.root))
            try checkBackups(service)
            try checkCopies(storage)
            try work(storage, service)
            try storage.close()
        } catch {
            complaints.add("unexpected error: \(error)")
        }
    }

    private func createTables(_ storage: Storage) throws(DatabaseError) {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        if snapshot.table(schema: "public", name: Self.tableNames[0]) != nil { return }
        var edits: [Edit] = []
        for name in Self.tableNames {
            edits.append(
                .createTable(
                    TableDefinition(
                        id: storage.reserveTableID(), name: name,
                        columns: [
                            ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                            ColumnDefinition(id: 2, name: "number", type: .long),
                        ], timestampIndex: 0, partitionUnit: .day)))
        }
        _ = try storage.commit(Transaction(edits: edits))
    }

    /// Two writers, a backup and a restore side by side.
    private func work(_ storage: Storage, _ service: BackupService) throws(DatabaseError) {
        let gate = platform.workers.makeGate()
        for number in 0..<2 {
            platform.workers.start("writer \(number)") {
                write(storage)
                gate.open()
            }
        }
        platform.workers.start("backup") {
            backup(service)
            gate.open()
        }
        platform.workers.start("restore") {
            restore(storage, service)
            gate.open()
        }
        for _ in 0..<4 { gate.wait() }
    }

    private func write(_ storage: Storage) {
        for _ in 0..<commits {
            let number = model.issue()
            do throws(DatabaseError) {
                let snapshot = storage.snapshot()
                let tables = snapshot.tables.map(\.definition)
                snapshot.release()
                let appends = tables.map {
                    Append(table: $0.id, definitionVersion: $0.version, batch: rows(of: number))
                }
                _ = try storage.commit(Transaction(appends: appends))
                model.acknowledge(number)
            } catch {
                complaints.add("commit failed: \(error)")
            }
        }
    }

    private func rows(of number: Int64) -> Batch {
        var timestamps = ColumnBuilder(type: .timestamp)
        var numbers = ColumnBuilder(type: .long)
        for row in 0..<SimulationModel.rows(of: number) {
            // Late and early by turns, over several days.
            timestamps.append(.timestamp((number * 7 % 5) * 86_400_000_000 + Int64(row)))
            numbers.append(.integer(number))
        }
        return Batch(
            rowCount: timestamps.count, columns: [timestamps.makeVector(), numbers.makeVector()])
    }

    private func backup(_ service: BackupService) {
        let name = model.beginBackup()
        let isIncremental = !name.hasSuffix("0")
        do throws(DatabaseError) {
            _ = try service.backup(
                BackupRequest(
                    scope: .database, kind: isIncremental ? .incremental(from: nil) : .full,
                    name: name))
            model.endBackup(name)
            if let victim = model.completeBackups.first, model.completeBackups.count > 3 {
                model.forgetBackup(victim)
                try service.drop(victim)
            }
        } catch {
            complaints.add("backup failed: \(error)")
        }
    }

    /// Every backup that is there is whole; every one that was acknowledged is there.
    private func checkBackups(_ service: BackupService) throws(DatabaseError) {
        let present = try service.list().filter { $0.status == .complete }.map(\.name)
        for name in model.completeBackups where !present.contains(name) {
            complaints.add("backup \(name) is gone")
        }
        // Newest first; the older ones were checked at earlier starts.
        for name in present.prefix(3) {
            do throws(DatabaseError) {
                _ = try service.verify(name)
                try checkBackup(name)
            } catch {
                complaints.add("backup \(name): \(error)")
            }
        }
    }

    private func checkBackup(_ name: String) throws(DatabaseError) {
        guard let expected = model.backup(name) else { return }
        var settings = StorageSettings()
        settings.isReadOnly = true
        let copy = try Storage.open(
            root: Self.root + "/backup/" + name, platform: platform, settings: settings)
        let found = try transactions(in: copy, of: "backup \(name)")
        try copy.close()
        let missing = expected.atLeast.subtracting(found)
        if !missing.isEmpty { complaints.add("backup \(name) lacks \(missing.sorted())") }
    }

    /// The transactions a database holds; complains about every one that is there in part.
    private func transactions(in storage: Storage, of whose: String) throws(DatabaseError)
        -> Set<Int64>
    {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        var perTable: [[Int64: Int]] = []
        for name in Self.tableNames {
            guard let table = snapshot.table(schema: "public", name: name) else {
                complaints.add("\(whose) has no table \(name)")
                return []
            }
            perTable.append(try counts(table))
        }
        for (number, count) in perTable[0] where count != SimulationModel.rows(of: number) {
            complaints.add("\(whose) has \(count) rows of transaction \(number)")
        }
        if perTable[0] != perTable[1] { complaints.add("\(whose) has half a transaction") }
        if let last = perTable[0].keys.max(), last > model.issued {
            complaints.add("\(whose) has transaction \(last) that nobody issued")
        }
        return Set(perTable[0].keys)
    }

    func counts(_ table: TableView) throws(DatabaseError) -> [Int64: Int] {
        var counts: [Int64: Int] = [:]
        for run in table.runs {
            let batch = try run.batch(columns: [1], rows: 0..<run.rowCount)
            for row in 0..<batch.rowCount {
                if case .integer(let number) = batch.columns[0].value(at: row) {
                    counts[number, default: 0] += 1
                }
            }
        }
        return counts
    }
}
