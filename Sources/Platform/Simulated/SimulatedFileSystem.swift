import Bytes
import Diagnostics
import Synchronization

/// The simulated disk as one boot of the machine sees it.
struct SimulatedFileSystem: FileSystem {
    let disk: SimulatedDisk
    let boot: Int

    func open(_ path: String, _ mode: OpenMode, permissions: UInt16) throws(DatabaseError)
        -> any OpenFile
    {
        let node = try disk.perform(boot, .open, path, " \(mode)") {
            tree throws(SimulatedFailure) in
            if mode == .create {
                return try tree.create(path, isDirectory: false, permissions: permissions)
            }
            let node = try tree.existing(path)
            if node.isDirectory, mode == .readWrite {
                throw SimulatedFailure(ErrorNumber.isDirectory)
            }
            return node
        }
        return SimulatedFile(disk: disk, boot: boot, path: path, node: node, mode: mode)
    }

    func info(_ path: String) throws(DatabaseError) -> FileInfo? {
        try disk.perform(boot, .stat, path) { tree throws(SimulatedFailure) in
            let found: SimulatedNode?
            do throws(SimulatedFailure) {
                found = try tree.find(path)
            } catch {
                let isNothing = [ErrorNumber.noEntry, ErrorNumber.notDirectory]
                    .contains(error.errorNumber)
                if !isNothing { throw error }
                found = nil
            }
            guard let node = found else { return nil }
            return FileInfo(
                kind: node.isDirectory ? .directory : .file, size: node.length,
                permissions: node.permissions, device: 1, inode: UInt64(node.number),
                linkCount: node.linkCount, birth: Int64(node.number))
        }
    }

    func list(_ directory: String) throws(DatabaseError) -> [String] {
        try disk.perform(boot, .list, directory) { tree throws(SimulatedFailure) in
            try tree.directory(directory).entries.keys.sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
        }
    }

    func makeDirectory(_ path: String, permissions: UInt16) throws(DatabaseError) {
        try disk.perform(boot, .makeDirectory, path) { tree throws(SimulatedFailure) in
            _ = try tree.create(path, isDirectory: true, permissions: permissions)
        }
    }

    func rename(_ from: String, to: String, replacing: Bool) throws(DatabaseError) {
        try disk.perform(boot, .rename, from, to: to) { tree throws(SimulatedFailure) in
            try tree.rename(from, to: to, replacing: replacing)
        }
    }

    func link(_ from: String, to: String) throws(DatabaseError) {
        try disk.perform(boot, .link, from, to: to) { tree throws(SimulatedFailure) in
            try tree.link(from, to: to)
        }
    }

    func remove(_ path: String) throws(DatabaseError) {
        try disk.perform(boot, .remove, path) { tree throws(SimulatedFailure) in
            try tree.remove(path)
        }
    }

    func removeDirectory(_ path: String) throws(DatabaseError) {
        try disk.perform(boot, .removeDirectory, path) { tree throws(SimulatedFailure) in
            try tree.removeDirectory(path)
        }
    }

    func setPermissions(_ path: String, _ permissions: UInt16) throws(DatabaseError) {
        try disk.perform(boot, .setPermissions, path) { tree throws(SimulatedFailure) in
            try tree.existing(path).permissions = permissions
        }
    }

    func syncDirectory(_ path: String) throws(DatabaseError) {
        try disk.perform(boot, .syncDirectory, path) { tree throws(SimulatedFailure) in
            tree.syncDirectory(try tree.directory(path))
        }
    }

    func syncFileSystem(of path: String) throws(DatabaseError) {
        try disk.perform(boot, .syncFileSystem, path) { tree throws(SimulatedFailure) in
            _ = try tree.existing(path)
            tree.syncEverything()
        }
    }

    func lock(_ path: String, _ mode: LockMode) throws(DatabaseError) -> any FileLock {
        let node = try disk.perform(boot, .lock, path, " \(mode)") {
            tree throws(SimulatedFailure) in
            if let node = try tree.find(path) { return node }
            return try tree.create(path, isDirectory: false, permissions: 0o600)
        }
        guard disk.takeLock(node.number, mode) else {
            throw .lockHeld(
                path: path, processID: SimulatedLimits.processID, errorNumber: ErrorNumber.again)
        }
        return SimulatedLock(disk: disk, boot: boot, node: node)
    }

    func freeBytes(of path: String) throws(DatabaseError) -> Int {
        try disk.perform(boot, .freeBytes, path) { tree throws(SimulatedFailure) in
            _ = try tree.existing(path)
            return max(0, tree.freeBytes)
        }
    }

    func kind(ofFileSystem path: String) throws(DatabaseError) -> FileSystemKind { .ext4 }
}

/// An open file of the simulated disk.
final class SimulatedFile: OpenFile {
    private let disk: SimulatedDisk
    private let boot: Int
    private let node: SimulatedNode
    private let mode: OpenMode
    let path: String

    init(disk: SimulatedDisk, boot: Int, path: String, node: SimulatedNode, mode: OpenMode) {
        self.disk = disk
        self.boot = boot
        self.path = path
        self.node = node
        self.mode = mode
    }

    func size() throws(DatabaseError) -> Int {
        try disk.perform(boot, .size, path) { _ in node.length }
    }

    func read(at offset: Int, count: Int) throws(DatabaseError) -> [UInt8] {
        precondition(offset >= 0, "offsets are not negative")
        precondition(count >= 0, "counts are not negative")
        return try disk.perform(boot, .read, path, " \(offset)+\(count)") {
            _ throws(SimulatedFailure) in
            if node.isDirectory { throw SimulatedFailure(ErrorNumber.isDirectory) }
            return node.read(at: offset, count: count)
        }
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(DatabaseError) {
        precondition(offset >= 0, "offsets are not negative")
        try disk.perform(boot, .write, path, " \(offset)+\(bytes.count)") {
            tree throws(SimulatedFailure) in
            try requireWriting()
            let growth = max(0, offset + bytes.count - node.length)
            let missing = tree.capacity == nil ? 0 : growth - tree.freeBytes
            if missing <= 0 { return node.write(bytes[...], at: offset) }
            // As on Linux, what fits is written before the error comes.
            node.write(bytes.dropLast(missing), at: offset)
            throw SimulatedFailure(ErrorNumber.noSpace)
        }
    }

    /// What is not synced may survive a crash or not, with this or without it.
    func beginWriteback(at offset: Int, count: Int) {}

    func finishWriteback(at offset: Int, count: Int) {}

    /// What is shared is no more durable than what is written. It takes no room until it is written
    /// to, also when the other file is gone.
    func shareBlocks(of other: any OpenFile) throws(DatabaseError) -> Bool {
        guard let other = other as? SimulatedFile else { return false }
        return try BlockSharing.attempt { () throws(DatabaseError) in
            try disk.perform(boot, .shareBlocks, path, " from \(other.path)") {
                tree throws(SimulatedFailure) in
                guard tree.sharesBlocks else { throw SimulatedFailure(ErrorNumber.notSupported) }
                try requireWriting()
                let bytes = other.node.read(at: 0, count: other.node.length)
                node.truncate(to: 0)
                node.write(bytes[...], at: 0)
                node.sharesBlocks = true
            }
        }
    }

    func truncate(to length: Int) throws(DatabaseError) {
        try disk.perform(boot, .truncate, path, " \(length)") { _ throws(SimulatedFailure) in
            try requireWriting()
            if length < 0 { throw SimulatedFailure(ErrorNumber.invalid) }
            node.truncate(to: length)
        }
    }

    func sync() throws(DatabaseError) {
        try disk.performSync(boot, path, node)
    }

    func map() throws(DatabaseError) -> MemoryRegion {
        let bytes = try disk.perform(boot, .map, path) { _ in
            node.read(at: 0, count: node.length)
        }
        return MemoryRegion(bytes)
    }

    private func requireWriting() throws(SimulatedFailure) {
        // Linux says EBADF for a descriptor opened for reading.
        if mode == .read || mode == .readLinked {
            throw SimulatedFailure(ErrorNumber.badDescriptor)
        }
    }
}

private final class SimulatedLock: FileLock {
    private let disk: SimulatedDisk
    private let boot: Int
    private let node: Mutex<SimulatedNode?>

    init(disk: SimulatedDisk, boot: Int, node: SimulatedNode) {
        self.disk = disk
        self.boot = boot
        self.node = Mutex(node)
    }

    deinit { release() }

    func release() {
        let held = node.withLock { node in
            defer { node = nil }
            return node
        }
        if let held { disk.releaseLock(held.number, boot) }
    }
}
