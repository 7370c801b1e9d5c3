import Diagnostics
import Engine
import InProcess
import Platform
import Storage
import Values

// Backups, restores and snapshots beside everything else. What a copy holds is compared with the
// states that the writers went through while it was pinned.
extension MixedBoot {
    func backUp(_ engine: Engine, _ random: inout SplitMix) {
        let client = InProcessClient(engine.makeSession(), platform)
        for _ in 0..<3 {
            do throws(DatabaseError) {
                switch random.next() % 4 {
                case 0: try restore(client, &random)
                case 1: try drop(client)
                default: try backUp(client, &random)
                }
            } catch {
                model.trace("backups failed \(error)")
                if isOver(engine.storage) { return }
                if !isExpected(error, engine.storage) { complaints.add("backups: \(error)") }
            }
        }
    }

    private func backUp(_ client: InProcessClient, _ random: inout SplitMix) throws(DatabaseError) {
        let name = model.nextName("b")
        let mark = model.mark
        let kind = random.next() % 3 == 0 ? "FULL" : "INCREMENTAL"
        model.trace("BACKUP \(name)")
        try client.run("BACKUP DATABASE \(kind) AS '\(name)'")
        tally.add("backups")
        let possible = model.possible(since: mark)
        let path = "\(Self.root)/backup/\(name)"
        let found = try withCopy(path, isReadOnly: true) {
            (copy: InProcessClient) throws(DatabaseError) -> [Int64: [Int64: Int64]] in
            compare(try contents(copy), possible, "backup \(name)")
            return try rows(copy, "a")
        }
        model.keep(backup: name, rows: found)
    }

    private func compare(
        _ found: [MixedModel.Content], _ possible: MixedModel.Possible, _ what: String
    ) {
        for (writer, content) in found.enumerated() where !possible[writer].contains(content) {
            let last = possible[writer].last ?? MixedModel.Content()
            complaints.add(
                "\(what) holds of writer \(writer) what never was: plain "
                    + MixedModel.difference(last.plain, content.plain) + ", upserted "
                    + MixedModel.difference(last.upserted, content.upserted))
        }
    }

    private func drop(_ client: InProcessClient) throws(DatabaseError) {
        guard let oldest = model.backups.keys.min(by: { ($0.count, $0) < ($1.count, $1) }),
            model.backups.count > 2
        else { return }
        model.forget(backup: oldest)
        try client.run("DROP BACKUP '\(oldest)'")
        tally.add("backups dropped")
    }

    private func restore(_ client: InProcessClient, _ random: inout SplitMix) throws(DatabaseError)
    {
        let names = model.backups.keys.sorted()
        if names.isEmpty { return }
        let backup = names[Int(random.next() % UInt64(names.count))]
        let table = model.nextName("r")
        model.beginRestoring(table, from: backup)
        model.trace("RESTORE \(table) from \(backup)")
        try client.run("RESTORE TABLE a FROM '\(backup)' AS \(table)")
        if let expected = model.restoredRows(table), try rows(client, table) != expected {
            complaints.add("\(table) is not what backup \(backup) holds")
        }
        tally.add("restores")
        try client.run("DROP TABLE \(table)")
    }

    // MARK: - SNAPSHOT

    /// Prepares, copies the root like any copier would, completes, and opens the copy.
    func copy(_ engine: Engine, _ random: inout SplitMix) {
        let client = InProcessClient(engine.makeSession(), platform)
        do throws(DatabaseError) {
            if engine.storage.snapshotStatus.prepared != nil { try client.run("SNAPSHOT COMPLETE") }
            for _ in 0..<random.next() % 400 { _ = platform.clock.now() }
            let mark = model.mark
            try client.run("SNAPSHOT PREPARE")
            let possible = model.possible(since: mark)
            tally.add("snapshots prepared")
            // One left behind is there again at the next start.
            if random.next() % 4 == 0 { return }
            try platform.files.makeDurableDirectory(Self.copiedRoot)
            for name in ["snapshot", "db"] {
                try copyTree("\(Self.root)/\(name)", "\(Self.copiedRoot)/\(name)")
            }
            try client.run("SNAPSHOT COMPLETE")
            try platform.files.publish([], as: "\(Self.copiedRoot)/_restore")
            try withCopy(Self.copiedRoot, isReadOnly: false) {
                (copy: InProcessClient) throws(DatabaseError) -> Void in
                compare(try contents(copy), possible, "snapshot")
            }
            tally.add("snapshots copied and restored")
            try platform.files.removeTree(Self.copiedRoot)
        } catch {
            model.trace("snapshots failed \(error)")
            if isOver(engine.storage) { return }
            if !isExpected(error, engine.storage) { complaints.add("snapshot: \(error)") }
        }
    }

    private func copyTree(_ from: String, _ to: String) throws(DatabaseError) {
        let files = platform.files
        guard try files.info(from)?.kind == .directory else {
            let output = try files.open(to, .create, permissions: 0o600)
            return try output.write(try files.readAll(from, upTo: 1 << 30), at: 0)
        }
        try files.makeDirectory(to, permissions: 0o700)
        for name in try files.list(from) where !name.hasSuffix("_lock") {
            try copyTree("\(from)/\(name)", "\(to)/\(name)")
        }
    }
}
