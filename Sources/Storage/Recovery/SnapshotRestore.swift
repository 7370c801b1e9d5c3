import Catalog
import Diagnostics
import Platform

/// `_restore` in a root or a copy of it: puts the prepared snapshot in the place of what is there.
///
/// Every file of the cut is checked before anything is changed, what it does not hold is set aside
/// (`AsideRoot`), the trigger goes last: whenever it is interrupted, the next start does it again and
/// ends the same.
struct SnapshotRestore {
    static let triggerName = "_restore"
    static let restoredName = "restored"
    /// Names the directory into which a restore that has begun sets things aside.
    static let planName = "_aside"

    let root: String
    let platform: Platform

    private var files: any FileSystem { platform.files }
    private var directory: String { Path.join(root, "db") }
    private var trigger: String { Path.join(root, Self.triggerName) }

    /// What opening finds of a snapshot in a root.
    enum Finding {
        case nothing
        /// Prepared in this very root: the pin comes back.
        case prepared(PreparedSnapshot)

        var isPrepared: Bool {
            switch self {
            case .nothing: false
            case .prepared: true
            }
        }
    }

    /// Looks at a root before it is opened; restores it when asked to.
    ///
    /// - Throws: 55000 for a copy that nobody decided about, 58P01 for a trigger without snapshot,
    ///   XX001 naming the file of the snapshot that is not right.
    func settle(isReadOnly: Bool) throws(DatabaseError) -> Finding {
        if !isReadOnly { try sweep() }
        let found = try find()
        let isAsked = try files.info(trigger) != nil
        if isAsked, isReadOnly { throw .restoreNeedsWriting(trigger) }
        guard let (snapshot, record) = found else {
            if isAsked { throw .nothingToRestore(trigger, root: root) }
            return .nothing
        }
        if isAsked {
            try restore(snapshot, record)
            return .nothing
        }
        if try snapshot.isHere(record) {
            if !isReadOnly { try forgetPlan(snapshot) }
            return .prepared(record.snapshot)
        }
        throw .copiedRoot(root, directory: snapshot.path)
    }

    private func find() throws(DatabaseError) -> (SnapshotDirectory, SnapshotRecord)? {
        var found: (SnapshotDirectory, SnapshotRecord)?
        for kind in PreparedKind.allCases {
            let snapshot = SnapshotDirectory(root: root, kind: kind, files: files)
            guard let record = try snapshot.record() else { continue }
            if let first = found { throw .twoSnapshots(first.0.path, snapshot.path) }
            found = (snapshot, record)
        }
        return found
    }

    /// Ends what a crash interrupted after the restore itself was done.
    private func sweep() throws(DatabaseError) {
        try SnapshotDirectory.sweep(root: root, files: files)
        try AsideRoot.sweep(root: root, files: files)
        for kind in PreparedKind.allCases {
            let snapshot = SnapshotDirectory(root: root, kind: kind, files: files)
            if try files.info(Path.join(snapshot.path, Self.restoredName)) != nil {
                try conclude(snapshot)
            }
        }
    }

    private func restore(_ snapshot: SnapshotDirectory, _ record: SnapshotRecord)
        throws(DatabaseError)
    {
        let cut = try RestoredCut.read(snapshot, record, platform)
        try cut.check(below: directory)
        let aside = try setAside(cut, snapshot)
        try putBack(cut, aside)
        let detached = try clearOthers(cut, aside)
        try files.publish([], as: Path.join(snapshot.path, Self.restoredName))
        try conclude(snapshot)
        platform.log.log(
            .advisory, "storage",
            "restored the snapshot of LSN \(record.snapshot.lsn): \(cut.tables.count) tables, "
                + "\(detached) detached partitions, a new timeline \(cut.database.timeline) begins")
        if let aside { try report(aside) }
    }

    /// Keeps what is committed and not of the cut; nil when there is no such thing.
    ///
    /// Its name is written down first: whatever is interrupted later finds it complete, or nothing
    /// changed.
    private func setAside(_ cut: RestoredCut, _ snapshot: SnapshotDirectory)
        throws(DatabaseError) -> AsideRoot?
    {
        let plan = Path.join(snapshot.path, Self.planName)
        let aside: AsideRoot
        if let planned = try readPlan(plan) {
            aside = try AsideRoot(root: root, name: planned, files: files)
        } else {
            if try cut.isAll(of: directory) { return nil }
            aside = try AsideRoot.next(root: root, files: files)
            try files.publish(Array(aside.name.utf8), as: plan, replacing: .atomically)
        }
        do throws(DatabaseError) {
            let making = try aside.make()
            platform.log.log(.advisory, "storage", making)
        } catch {
            throw .cannotSetAside(error, trigger: trigger)
        }
        return aside
    }

    private func readPlan(_ path: String) throws(DatabaseError) -> String? {
        guard try files.info(path)?.kind == .file else { return nil }
        let bytes = try files.readAll(path, upTo: Limits.asideNameBytes)
        let name = String(decoding: bytes, as: UTF8.self)
        return AsideRoot.number(of: name) == nil ? nil : name
    }

    /// Nobody wants the restore any more that was begun: what is committed from now on is to be kept
    /// by the next one.
    private func forgetPlan(_ snapshot: SnapshotDirectory) throws(DatabaseError) {
        let plan = Path.join(snapshot.path, Self.planName)
        guard try files.info(plan) != nil else { return }
        try files.remove(plan)
        try files.syncDirectory(snapshot.path)
    }

    private func report(_ aside: AsideRoot) throws(DatabaseError) {
        let (count, bytes) = try aside.held()
        platform.log.log(
            .advisory, "storage",
            "the state before the restore is in \(aside.path), with \(count) files of \(bytes) bytes "
                + "that are nowhere else: remove the directory when nobody wants it back")
    }

    /// Two syncs for all manifests, however many tables there are.
    private func putBack(_ cut: RestoredCut, _ aside: AsideRoot?) throws(DatabaseError) {
        let batch = PublishBatch(files, root: directory)
        for table in cut.tables {
            let place = Path.join(directory, table.directory)
            try batch.makeDirectory(place)
            let path = Path.join(place, table.manifest.name)
            if try files.info(path) != nil {
                if try files.readAll(path, upTo: Limits.manifestBytes) == table.bytes { continue }
                try clear(path, aside)
            }
            try batch.add(table.bytes, as: path)
        }
        try batch.finish()
        let path = Path.join(directory, DatabaseFile.name)
        try files.publish(cut.database.encode(), as: path, replacing: .atomically)
    }

    /// Clears what is not of the cut: later tables, segments and manifests, and the log. One sync
    /// for all files, before the directories that they were moved out of go.
    ///
    /// - Returns: how many detached partitions stay.
    private func clearOthers(_ cut: RestoredCut, _ aside: AsideRoot?) throws(DatabaseError) -> Int {
        var ours: [String: RestoredCut.Table] = [:]
        for table in cut.tables { ours[table.directory] = table }
        var emptied: [String] = []
        var detached = 0
        for name in try files.list(directory) where TableDirectory.id(of: name) != nil {
            let path = Path.join(directory, name)
            if let table = ours[name] {
                detached += try clearOthers(of: table, in: cut, path, aside)
            } else {
                try clearTree(path, aside)
                if try files.info(path) != nil { emptied.append(path) }
            }
        }
        let log = Path.join(directory, "_wal")
        if try files.info(log) != nil {
            for name in try files.list(log) { try clearTree(Path.join(log, name), aside) }
        }
        try files.syncFileSystem(of: directory)
        for path in emptied { try removeEmpty(path) }
        if !emptied.isEmpty { try files.syncFileSystem(of: directory) }
        return detached
    }

    /// - Returns: how many partitions stay that were detached.
    private func clearOthers(
        of table: RestoredCut.Table, in cut: RestoredCut, _ path: String, _ aside: AsideRoot?
    ) throws(DatabaseError) -> Int {
        let segments = table.segments
        var detached = 0
        for name in try files.list(path) {
            let place = Path.join(path, name)
            let isDirectory = try files.info(place)?.kind == .directory
            if isDirectory, name.hasSuffix(DetachedPartition.suffix) {
                detached += try settle(detached: place, of: table, in: cut, aside) ? 1 : 0
            } else if isDirectory {
                for file in try files.list(place) where !segments.contains("\(name)/\(file)") {
                    try clearTree(Path.join(place, file), aside)
                }
            } else if name != table.manifest.name {
                try clear(place, aside)
            }
        }
        return detached
    }

    /// Keeps what was detached at the cut, also when it was attached since. Of another one the
    /// description goes first, and durably before the mark: together they tell which it is.
    ///
    /// - Returns: whether it stays.
    private func settle(
        detached place: String, of table: RestoredCut.Table, in cut: RestoredCut,
        _ aside: AsideRoot?
    ) throws(DatabaseError) -> Bool {
        let mark = Path.join(place, DetachedPartition.markName)
        let isMarked = try files.info(mark) != nil
        if try cut.holdsDetached(place, of: table) {
            if isMarked { try clear(mark, aside) }
            return true
        }
        let manifest = Path.join(place, DetachedPartition.manifestName)
        if try files.info(manifest) != nil {
            try clear(manifest, aside)
            if isMarked { try files.syncDirectory(place) }
        }
        try clearTree(place, aside)
        return false
    }

    /// Clears the files; directories stay, empty.
    private func clearTree(_ path: String, _ aside: AsideRoot?) throws(DatabaseError) {
        guard try files.info(path)?.kind == .directory else { return try clear(path, aside) }
        for name in try files.list(path) { try clearTree(Path.join(path, name), aside) }
    }

    private func removeEmpty(_ path: String) throws(DatabaseError) {
        for name in try files.list(path) { try removeEmpty(Path.join(path, name)) }
        try files.removeDirectory(path)
    }

    private func clear(_ path: String, _ aside: AsideRoot?) throws(DatabaseError) {
        if let aside { try aside.take(path) } else { try files.remove(path) }
    }

    /// The restore is done and says so: now the trigger, then the snapshot.
    private func conclude(_ snapshot: SnapshotDirectory) throws(DatabaseError) {
        // A process that was killed may have said so and not told the disk.
        try files.syncDirectory(snapshot.path)
        if try files.info(trigger) != nil { try files.remove(trigger) }
        try files.syncDirectory(root)
        try snapshot.remove()
    }
}
