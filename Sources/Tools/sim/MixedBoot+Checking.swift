import Catalog
import Diagnostics
import Engine
import InProcess
import Platform
import Storage
import Values

// What is there after a start, against the model.
extension MixedBoot {
    func check(_ engine: Engine) throws(DatabaseError) {
        let client = InProcessClient(engine.makeSession(), platform)
        let found = try contents(client)
        for writer in 0..<model.writers {
            if let problem = model.settle(writer, found: found[writer]) { complaints.add(problem) }
        }
        if let problem = model.settleDefined(found: try definedTables(client)) {
            complaints.add(problem)
        }
        try checkRestored(client)
        try checkBackups(client)
    }

    /// Closes what nothing was done with, and looks at what lies on the disk then.
    func endQuietly(_ engine: Engine) throws(DatabaseError) {
        let storage = engine.storage
        let wasHeld = storage.snapshotStatus.prepared != nil
        if wasHeld {
            let client = InProcessClient(engine.makeSession(), platform)
            try client.run("SNAPSHOT COMPLETE")
        }
        try storage.close()
        tally.add("quiet lives")
        // What a snapshot kept from being swept goes at the next start.
        if wasHeld { return }
        let files = RootFiles(disk: machine.disk, root: Self.root)
        for complaint in try files.complaints(about: storage) { complaints.add(complaint) }
    }

    /// The tables of all writers in one snapshot, one content per writer.
    func contents(_ client: InProcessClient) throws(DatabaseError) -> [MixedModel.Content] {
        let plain = try rows(client, "a")
        let twin = try rows(client, "b")
        let upserted = try rows(client, "u")
        if plain != twin { complaints.add("tables a and b differ: half a transaction") }
        return (0..<model.writers).map { writer in
            MixedModel.Content(
                plain: plain[Int64(writer)] ?? [:], upserted: upserted[Int64(writer)] ?? [:])
        }
    }

    /// Writer to id to value; complains about a row that is there twice, is not its writer's or is
    /// out of the order of time.
    func rows(_ client: InProcessClient, _ table: String) throws(DatabaseError)
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
    static func time(_ id: Int64) -> Int64 {
        let base = id * 1_800_000_000
        return id % 4 == 0 ? max(0, base - id * 7_919 % (3 * day)) : base
    }

    func definedTables(_ client: InProcessClient) throws(DatabaseError) -> [String: SeenTable] {
        try SeenTable.all(client) { $0.hasPrefix("d") }
    }

    /// A restored table is as its backup, or not there.
    private func checkRestored(_ client: InProcessClient) throws(DatabaseError) {
        let snapshot = client.session.engine.storage.snapshot()
        defer { snapshot.release() }
        for table in snapshot.tables where table.name.hasPrefix("r") {
            if let expected = model.restoredRows(table.name),
                try rows(client, table.name) != expected
            {
                complaints.add("\(table.name) is not what its backup holds")
            }
            try client.run("DROP TABLE \(table.name)")
        }
    }

    /// Every backup that was answered is there and sound; the newest is read.
    private func checkBackups(_ client: InProcessClient) throws(DatabaseError) {
        let known = model.backups
        guard let newest = known.keys.max(by: { ($0.count, $0) < ($1.count, $1) }) else { return }
        for name in known.keys.sorted() {
            let path = "\(Self.root)/backup/\(name)/_backup.json"
            if try platform.files.info(path) == nil { complaints.add("backup \(name) is gone") }
        }
        if seed % 4 == 0 { try client.run("VERIFY BACKUP '\(newest)'") }
        let found = try withCopy("\(Self.root)/backup/\(newest)", isReadOnly: true) {
            (copy: InProcessClient) throws(DatabaseError) -> [Int64: [Int64: Int64]] in
            try rows(copy, "a")
        }
        if found != known[newest] { complaints.add("backup \(newest) has changed") }
    }

    /// Opens a root of its own and closes it again.
    func withCopy<R>(
        _ root: String, isReadOnly: Bool,
        _ body: (InProcessClient) throws(DatabaseError) -> R
    ) throws(DatabaseError) -> R {
        var settings = StorageSettings()
        settings.isReadOnly = isReadOnly
        settings.compaction.isEnabled = false
        let storage = try Storage.open(root: root, platform: platform, settings: settings)
        let result = try body(
            InProcessClient(makeEngine(storage, root: root).makeSession(), platform))
        try storage.close()
        return result
    }
}

extension SeenTable {
    /// Every table whose name passes, read through SQL.
    static func all(_ client: InProcessClient, _ isWanted: (String) -> Bool) throws(DatabaseError)
        -> [String: SeenTable]
    {
        let storage = client.session.engine.storage
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        var found: [String: SeenTable] = [:]
        for table in snapshot.tables where isWanted(table.name) {
            let columns = table.definition.columns
            var lines: [String] = []
            for row in try client.run("SELECT * FROM \(table.name)") {
                lines.append(
                    zip(row, columns).map { value, column in
                        if case .timestamp(let time) = value { return "\(time)" }
                        return value.text(as: column.type) ?? "(null)"
                    }.joined(separator: "|"))
            }
            let detached = try storage.detachedPartitions(
                of: table.definition, current: table.segments)
            found[table.name] = SeenTable(
                columns: columns.map { column in
                    let shown = DefinedTable.Column(id: 0, name: column.name, type: column.type)
                    return "\(column.name) \(shown.sqlType)"
                },
                lines: lines.sorted(), detached: detached.map(\.partition).sorted())
        }
        return found
    }
}
