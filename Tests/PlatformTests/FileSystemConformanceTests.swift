import Bytes
import Diagnostics
import Testing

@testable import Platform

/// The two disks; each test gets a fresh directory on one of them.
enum Disk: CaseIterable, Sendable {
    case linux, simulated

    func with(_ body: (any FileSystem, String) throws -> Void) throws {
        switch self {
        case .linux:
            let files = LinuxFileSystem()
            let root = "/tmp/basalt-test-\(Machine.processID)-\(LinuxChance().next())"
            try files.makeDirectory(root, permissions: 0o700)
            defer { try? files.removeTree(root) }
            try body(files, root)
        case .simulated:
            let files = SimulatedPlatform(seed: 1).platform.files
            try files.makeDirectory("/root", permissions: 0o700)
            try body(files, "/root")
        }
    }
}

/// The error a call ends with, nil when it succeeds.
func failure(_ body: () throws -> Void) -> DatabaseError? {
    do {
        try body()
        return nil
    } catch {
        return error as? DatabaseError
    }
}

@Suite("Both file systems")
struct FileSystemConformanceTests {
    @Test("what was written is read back, with holes as zeros", arguments: Disk.allCases)
    func writesAndReads(_ disk: Disk) throws {
        try disk.with { files, root in
            let file = try files.open(Path.join(root, "a"), .create, permissions: 0o600)
            let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

            try file.write([1, 2, 3], at: 0)
            try file.write(bytes, at: 5000)
            try file.sync()

            #expect(try file.size() == 15_000)
            #expect(try file.read(at: 0, count: 5) == [1, 2, 3, 0, 0])
            #expect(try file.read(at: 5000, count: 100_000) == bytes)
            #expect(try file.read(at: 20_000, count: 10) == [])
            #expect(try file.read(at: 0, count: 1 << 50).count == 15_000)
        }
    }

    @Test("blocks are shared or they are not: nothing is half done", arguments: Disk.allCases)
    func sharesBlocks(_ disk: Disk) throws {
        try disk.with { files, root in
            let source = try files.open(Path.join(root, "a"), .create, permissions: 0o600)
            let bytes = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            try source.write(bytes, at: 0)
            let copy = try files.open(Path.join(root, "b"), .create, permissions: 0o400)

            let isShared = try copy.shareBlocks(of: source)

            #expect(try copy.read(at: 0, count: 100_000) == (isShared ? bytes : []))
            try copy.write([1], at: 0)
            #expect(try source.read(at: 0, count: 100_000) == bytes)
        }
    }

    @Test("a file is cut and extended with zeros", arguments: Disk.allCases)
    func truncates(_ disk: Disk) throws {
        try disk.with { files, root in
            let file = try files.open(Path.join(root, "a"), .create, permissions: 0o600)
            try file.write([UInt8](repeating: 9, count: 6000), at: 0)

            try file.truncate(to: 5)
            try file.truncate(to: 7)

            #expect(try file.read(at: 0, count: 100) == [9, 9, 9, 9, 9, 0, 0])
        }
    }

    @Test("a mapping outlives its file and its name", arguments: Disk.allCases)
    func maps(_ disk: Disk) throws {
        try disk.with { files, root in
            let path = Path.join(root, "a")
            try files.publish([5, 6, 7], as: path)
            let region = try files.open(path, .read, permissions: 0).map()

            try files.remove(path)

            #expect(region.count == 3)
            #expect(unsafe region.bytes.unsafeLoad(fromByteOffset: 2, as: UInt8.self) == 7)
            try files.publish([], as: path)
            #expect(try files.open(path, .read, permissions: 0).map().count == 0)
        }
    }

    @Test("publish leaves one final name and never replaces by itself", arguments: Disk.allCases)
    func publishes(_ disk: Disk) throws {
        try disk.with { files, root in
            let path = Path.join(root, "deep/er/file")
            try files.makeDurableDirectory(Path.directory(of: path))
            try files.publish([1], as: path)

            let again = failure { try files.publish([2], as: path) }
            #expect(again?.state == .existingFile)
            #expect(try files.readAll(path, upTo: 10) == [1])

            try files.publish([3, 4], as: path, replacing: .atomically)
            #expect(try files.readAll(path, upTo: 10) == [3, 4])
            #expect(try files.list(Path.directory(of: path)) == ["file"])
            #expect(failure { _ = try files.readAll(path, upTo: 1) }?.state == .corrupted)
        }
    }

    @Test("names are listed bytewise and told apart", arguments: Disk.allCases)
    func listsAndExamines(_ disk: Disk) throws {
        try disk.with { files, root in
            for name in ["b", "a~1", "é", "B"] {
                try files.publish([1, 2], as: Path.join(root, name))
            }
            try files.makeDirectory(Path.join(root, "d"), permissions: 0o700)
            try files.link(Path.join(root, "b"), to: Path.join(root, "d/b"))
            try files.setPermissions(Path.join(root, "b"), 0o640)

            #expect(try files.list(root) == ["B", "a~1", "b", "d", "é"])
            let info = try #require(try files.info(Path.join(root, "b")))
            #expect(info.kind == .file)
            #expect(info.size == 2)
            #expect(info.linkCount == 2)
            #expect(info.permissions == 0o640)
            #expect(try files.info(Path.join(root, "d/b"))?.inode == info.inode)
            #expect(try files.info(Path.join(root, "d"))?.kind == .directory)
            #expect(try files.info(Path.join(root, "nothing/at/all")) == nil)
            #expect(try files.freeBytes(of: root) > 0)
        }
    }

    @Test("what cannot be done says why", arguments: Disk.allCases)
    func fails(_ disk: Disk) throws {
        try disk.with { files, root in
            let file = Path.join(root, "file")
            let directory = Path.join(root, "directory")
            let missing = Path.join(root, "missing")
            try files.publish([1], as: file)
            try files.makeDirectory(directory, permissions: 0o700)
            try files.publish([1], as: Path.join(directory, "inner"))

            func errno(_ body: () throws -> Void) -> Int32? { failure(body)?.cause?.errorNumber }
            #expect(errno { _ = try files.open(missing, .read, permissions: 0) } == 2)
            #expect(errno { _ = try files.open(file, .create, permissions: 0o600) } == 17)
            #expect(errno { _ = try files.open(file + "/x", .create, permissions: 0o600) } == 20)
            #expect(errno { try files.makeDirectory(file, permissions: 0o700) } == 17)
            #expect(errno { try files.remove(missing) } == 2)
            #expect(errno { try files.remove(directory) } == 21)
            #expect(errno { try files.removeDirectory(directory) } == 39)
            #expect(errno { try files.removeDirectory(file) } == 20)
            #expect(errno { try files.link(file, to: directory) } == 17)
            #expect(errno { try files.rename(missing, to: file, replacing: true) } == 2)
            #expect(errno { try files.rename(file, to: directory, replacing: false) } == 17)
            #expect(errno { try files.rename(file, to: directory, replacing: true) } == 21)
            #expect(errno { try files.rename(directory, to: file, replacing: true) } == 20)
            #expect(
                errno { try files.rename(directory, to: directory + "/x", replacing: true) } == 22)
            #expect(errno { _ = try files.list(missing) } == 2)
            #expect(errno { _ = try files.list(file) } == 20)
            #expect(errno { try files.syncDirectory(missing) } == 2)
            let long = Path.join(root, String(repeating: "x", count: 300))
            #expect(errno { _ = try files.open(long, .create, permissions: 0o600) } == 36)
            let reader = try files.open(file, .read, permissions: 0)
            #expect(errno { try reader.write([1], at: 0) } == 9)

            let error = try #require(failure { try files.remove(missing) })
            #expect(error.state == .missingFile)
            #expect(
                error.message == "cannot remove file, no such file or directory \"\(missing)\"")
            #expect(error.cause?.call == "unlink")
            #expect(error.cause?.path == missing)
        }
    }

    @Test("below a file lies nothing", arguments: Disk.allCases)
    func belowFile(disk: Disk) throws {
        try disk.with { files, root in
            try files.publish([1], as: Path.join(root, "file"))
            #expect(try files.info(Path.join(root, "file", "name")) == nil)
        }
    }

    @Test("one exclusive holder or many shared ones", arguments: Disk.allCases)
    func locks(_ disk: Disk) throws {
        try disk.with { files, root in
            let path = Path.join(root, "_lock")
            let exclusive = try files.lock(path, .exclusive)

            let error = try #require(failure { _ = try files.lock(path, .exclusive) })
            #expect(error.state == .inUse)
            #expect(error.message.hasPrefix("root is in use by process "))
            #expect(error.message.hasSuffix("\"\(path)\""))
            #expect(failure { _ = try files.lock(path, .shared) }?.state == .inUse)

            exclusive.release()
            exclusive.release()
            let first = try files.lock(path, .shared)
            let second = try files.lock(path, .shared)
            #expect(failure { _ = try files.lock(path, .exclusive) }?.state == .inUse)
            first.release()
            #expect(failure { _ = try files.lock(path, .exclusive) }?.state == .inUse)
            second.release()
            try files.lock(path, .exclusive).release()
        }
    }

    @Test("a tree goes away with everything in it", arguments: Disk.allCases)
    func removesTrees(_ disk: Disk) throws {
        try disk.with { files, root in
            try files.makeDurableDirectory(Path.join(root, "a/b/c"))
            try files.publish([1], as: Path.join(root, "a/b/file"))
            try files.syncFileSystem(of: root)

            try files.removeTree(Path.join(root, "a"))

            #expect(try files.list(root) == [])
        }
    }
}
