import Diagnostics
import Platform

/// `before-restore-<number>/`: the database as a `_restore` found it, a root of its own that shares
/// its files with the live one by hard links. See docs/formats/snapshot.md.
///
/// It is never read or removed here once it is there: it is its owner's.
///
/// INV-1 nothing in `db/` is changed before the directory has its name, durably.
/// INV-2 no file leaves `db/` that the directory does not have: one that it lacks is moved there.
package struct AsideRoot: Sendable {
    private static let prefix = "before-restore-"
    private static let stagingName = ".before-restore-staging"

    let root: String
    let name: String
    /// What it lies in: the root, or `db/` where that is a device of its own.
    private let place: String
    private let files: any FileSystem

    private var live: String { Path.join(root, "db") }

    init(root: String, name: String, files: any FileSystem) throws(DatabaseError) {
        let live = Path.join(root, "db")
        let isNear = try files.info(live)?.device == files.info(root)?.device
        place = isNear ? root : live
        self.root = root
        self.name = name
        self.files = files
    }

    /// The number in a name, nil when it is not one of these directories.
    package static func number(of name: String) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        let digits = name.utf8.dropFirst(prefix.utf8.count)
        let isNumber = digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isNumber ? Int(String(decoding: digits, as: UTF8.self)) : nil
    }

    /// The first one that is not there yet.
    static func next(root: String, files: any FileSystem) throws(DatabaseError) -> AsideRoot {
        let names = try files.list(root) + files.list(Path.join(root, "db"))
        let highest = names.compactMap { number(of: $0) }.max() ?? 0
        return try AsideRoot(root: root, name: "\(prefix)\(highest + 1)", files: files)
    }

    var path: String { Path.join(place, name) }
    private var staging: String { Path.join(place, Self.stagingName) }

    /// Makes the directory out of what lies in `db/` now; again is nothing.
    ///
    /// - Returns: what was done, as text for people.
    /// - Throws: 53100 when there is no room for the names; nothing is changed then.
    func make() throws(DatabaseError) -> String {
        if try files.info(path) != nil {
            // A process that was killed may have named it and not told the disk.
            try files.syncDirectory(place)
            return "the state before the restore was set aside before in \(path)"
        }
        do throws(DatabaseError) {
            try linkAll()
            try publish()
        } catch {
            if Self.isRefusalToLink(error) { return try beginMoving(after: error) }
            guard error.state == .diskFull else { throw error }
            try giveUpReserve(after: error)
            try linkAll()
            try publish()
        }
        return
            "the state before the restore is set aside in \(path), a root that starts by itself: "
            + "basalt serve -d \"\(path)\""
    }

    private func linkAll() throws(DatabaseError) {
        try Self.sweep(root: root, files: files)
        try files.makeDirectory(staging, permissions: 0o700)
        let target = Path.join(staging, "db")
        try files.makeDirectory(target, permissions: 0o700)
        for name in try files.list(live) where !Self.isLeftOut(name) {
            try linkTree(Path.join(live, name), to: Path.join(target, name))
        }
    }

    /// What is of a process and not of the database, and others of these directories.
    private static func isLeftOut(_ name: String) -> Bool {
        ["_lock", SpaceReserve.name, stagingName].contains(name) || number(of: name) != nil
    }

    private func linkTree(_ source: String, to target: String) throws(DatabaseError) {
        guard try files.info(source)?.kind == .directory else {
            return try files.link(source, to: target)
        }
        try files.makeDirectory(target, permissions: 0o700)
        for name in try files.list(source) {
            try linkTree(Path.join(source, name), to: Path.join(target, name))
        }
    }

    private func publish() throws(DatabaseError) {
        try files.syncFileSystem(of: staging)
        try files.rename(staging, to: path, replacing: false)
        try files.syncDirectory(place)
    }

    /// The server makes its reserve anew when there is room again.
    private func giveUpReserve(after error: DatabaseError) throws(DatabaseError) {
        let reserve = Path.join(live, SpaceReserve.name)
        guard try files.info(reserve) != nil else { throw error }
        try files.remove(reserve)
        try files.syncDirectory(live)
    }

    // MARK: Where there are no hard links

    /// Another device, a file system without links, too many of them.
    private static func isRefusalToLink(_ error: DatabaseError) -> Bool {
        guard let cause = error.cause, cause.call == FileCall.link.rawValue else { return false }
        let refusals = [
            ErrorNumber.notPermitted, ErrorNumber.crossDevice, ErrorNumber.tooManyLinks,
            ErrorNumber.notSupported,
        ]
        return refusals.contains(cause.errorNumber)
    }

    /// Only what the snapshot does not hold goes into the directory, and so it is no root.
    private func beginMoving(after error: DatabaseError) throws(DatabaseError) -> String {
        try Self.sweep(root: root, files: files)
        try files.makeDirectory(staging, permissions: 0o700)
        let target = Path.join(staging, "db")
        try files.makeDirectory(target, permissions: 0o700)
        let identity = Path.join(live, DatabaseFile.name)
        if try files.info(identity) != nil {
            try files.publish(
                files.readAll(identity, upTo: Limits.databaseFileBytes),
                as: Path.join(target, DatabaseFile.name))
        }
        try publish()
        return
            "what the snapshot does not hold is moved to \(path), without what both have: \(error)"
    }

    // MARK: Clearing

    /// Takes a file out of `db/`.
    func take(_ file: String) throws(DatabaseError) {
        let target = Path.join(path, "db", String(file.dropFirst(live.utf8.count + 1)))
        if try files.info(target) != nil { return try files.remove(file) }
        try files.makeDurableDirectory(Path.directory(of: target))
        try files.rename(file, to: target, replacing: false)
    }

    /// How much lies there that no other name keeps.
    func held() throws(DatabaseError) -> (files: Int, bytes: Int) {
        var sum = (files: 0, bytes: 0)
        try add(Path.join(path, "db"), to: &sum)
        return sum
    }

    private func add(_ directory: String, to sum: inout (files: Int, bytes: Int))
        throws(DatabaseError)
    {
        for name in try files.list(directory) {
            let place = Path.join(directory, name)
            guard let info = try files.info(place) else { continue }
            if info.kind == .directory {
                try add(place, to: &sum)
            } else if info.linkCount == 1 {
                sum.files += 1
                sum.bytes += info.size
            }
        }
    }

    /// Removes what a crash left of making one.
    static func sweep(root: String, files: any FileSystem) throws(DatabaseError) {
        for place in [root, Path.join(root, "db")] {
            let staging = Path.join(place, stagingName)
            if try files.info(staging) != nil { try files.removeTree(staging) }
        }
    }
}
