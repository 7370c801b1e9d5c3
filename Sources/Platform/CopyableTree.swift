package import Diagnostics
import Synchronization

/// A file system on which one directory can be copied while files are published in it: whoever
/// lists it sees final names alone, and while removals are held every name that was listed is found.
///
/// Temporary names lie in another directory; both must be on one file system.
package struct CopyableTree: FileSystem {
    private let files: any FileSystem
    private let tree: String
    private let temporaries: String?
    private let exception: String
    private let hold: RemovalHold
    private let young = YoungDirectories()

    /// - Parameter tree: the directory whose files are published.
    /// - Parameter temporaries: where they are written, nil for beside them; it exists.
    /// - Parameter exception: a directory whose owner minds the hold by himself.
    package init(
        _ files: any FileSystem, below tree: String, temporaries: String?,
        except exception: String, hold: RemovalHold
    ) {
        self.files = files
        self.tree = tree
        self.temporaries = temporaries
        self.exception = exception
        self.hold = hold
    }

    /// The path below the tree with commas for its slashes.
    package func temporaryName(for path: String) -> String {
        guard let temporaries, path.hasPrefix(tree + "/") else {
            return files.temporaryName(for: path)
        }
        let parts = path.dropFirst(tree.utf8.count + 1).split(separator: "/")
        let name = ([Substring(Path.name(of: tree))] + parts).joined(separator: ",")
        return Path.join(temporaries, name + Path.temporarySuffix)
    }

    /// Removes what a crash left among the temporaries.
    package func sweepTemporaries() throws(DatabaseError) {
        guard let temporaries else { return }
        let prefix = Path.name(of: tree) + ","
        for name in try files.list(temporaries)
        where name.hasPrefix(prefix) && name.hasSuffix(Path.temporarySuffix) {
            try files.remove(Path.join(temporaries, name))
        }
    }

    package func open(_ path: String, _ mode: OpenMode, permissions: UInt16)
        throws(DatabaseError) -> any OpenFile
    {
        try files.open(path, mode, permissions: permissions)
    }

    package func info(_ path: String) throws(DatabaseError) -> FileInfo? { try files.info(path) }

    package func list(_ directory: String) throws(DatabaseError) -> [String] {
        try files.list(directory)
    }

    package func makeDirectory(_ path: String, permissions: UInt16) throws(DatabaseError) {
        young.add(path)
        do throws(DatabaseError) {
            try files.makeDirectory(path, permissions: permissions)
        } catch {
            young.remove([path])
            throw error
        }
    }

    package func isDurable(directory path: String) -> Bool { !young.contains(path) }

    package func rename(_ from: String, to: String, replacing: Bool) throws(DatabaseError) {
        try files.rename(from, to: to, replacing: replacing)
    }

    package func link(_ from: String, to: String) throws(DatabaseError) {
        try files.link(from, to: to)
    }

    package func remove(_ path: String) throws(DatabaseError) {
        let isHeld = path.hasPrefix(tree + "/") && !path.hasPrefix(exception + "/")
        if isHeld, hold.takes(path) { return }
        try files.remove(path)
    }

    package func removeDirectory(_ path: String) throws(DatabaseError) {
        try files.removeDirectory(path)
        young.remove([path])
    }

    package func setPermissions(_ path: String, _ permissions: UInt16) throws(DatabaseError) {
        try files.setPermissions(path, permissions)
    }

    package func syncDirectory(_ path: String) throws(DatabaseError) {
        let made = young.below(path)
        try files.syncDirectory(path)
        young.remove(made)
    }

    package func syncFileSystem(of path: String) throws(DatabaseError) {
        let made = young.all
        try files.syncFileSystem(of: path)
        young.remove(made)
    }

    package func lock(_ path: String, _ mode: LockMode) throws(DatabaseError) -> any FileLock {
        try files.lock(path, mode)
    }

    package func freeBytes(of path: String) throws(DatabaseError) -> Int {
        try files.freeBytes(of: path)
    }

    package func kind(ofFileSystem path: String) throws(DatabaseError) -> FileSystemKind {
        try files.kind(ofFileSystem: path)
    }
}

/// Directories that were made and whose names are not durable yet: whoever puts something durable
/// into one must not rely on him who made it.
private final class YoungDirectories: Sendable {
    private let paths = Mutex<Set<String>>([])

    var all: Set<String> { paths.withLock { $0 } }

    func add(_ path: String) { paths.withLock { _ = $0.insert(path) } }

    func remove(_ gone: Set<String>) { paths.withLock { $0.subtract(gone) } }

    func contains(_ path: String) -> Bool { paths.withLock { $0.contains(path) } }

    /// Those that a directory names.
    func below(_ parent: String) -> Set<String> {
        paths.withLock { $0.filter { Path.directory(of: $0) == parent } }
    }
}

/// Whether removals are held, and what was to be removed meanwhile.
package final class RemovalHold: Sendable {
    private struct State {
        var isHeld = false
        var paths: [String] = []
    }

    private let state = Mutex(State())

    package init() {}

    package var isHeld: Bool { state.withLock { $0.isHeld } }

    package func begin() { state.withLock { $0.isHeld = true } }

    /// Lets removals through again.
    package func end() { state.withLock { $0.isHeld = false } }

    /// The files that were to be removed while it was held: they are the caller's to remove.
    package func takePaths() -> [String] {
        state.withLock { state in
            defer { state.paths = [] }
            return state.paths
        }
    }

    fileprivate func takes(_ path: String) -> Bool {
        state.withLock { state in
            if state.isHeld { state.paths.append(path) }
            return state.isHeld
        }
    }
}
