import Bytes
import Catalog
import Diagnostics
import Machines
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

/// A log of an earlier format is read, and the present one goes on behind it.
@Suite("Formats of the log")
struct WALFormatTests {
    private static let forgotten = ForgottenPartition(
        table: 1, partition: "1970-01-01")

    /// Gives the newest log file a header of the first format.
    private static func age(_ platform: Platform) throws -> String {
        let directory = "/root/db/_wal"
        let first = try #require(try WALName.list(platform.files, directory).last)
        let path = Path.join(directory, WALName.name(first))
        var header = try WALFileHeader.decode(
            Array(try platform.files.readAll(path, upTo: 1 << 20).prefix(64)), path: path)
        header.version = 1
        let file = try platform.files.open(path, .readWrite, permissions: 0o600)
        try file.write(header.encode(), at: 0)
        try file.sync()
        return path
    }

    private static func versions(_ platform: Platform) throws -> [UInt32] {
        let directory = "/root/db/_wal"
        return try WALName.list(platform.files, directory).map { first in
            let path = Path.join(directory, WALName.name(first))
            let bytes = try platform.files.readAll(path, upTo: 1 << 20)
            return try WALFileHeader.decode(Array(bytes.prefix(64)), path: path).version
        }
    }

    /// Five rows, in a log of the first format or behind an empty one.
    private static func prepare(_ platform: Platform, isEmpty: Bool) throws {
        let storage = try Storage.open(root: "/root", platform: platform)
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<5))
        if isEmpty { try storage.close() }
    }

    @Test(
        "power lost at any call of the first start over an old log loses nothing",
        arguments: [true, false])
    func renewed(isEmpty: Bool) throws {
        for call in 1...300 {
            let world = SimulatedPlatform(seed: 7)
            defer { world.end() }
            let notes = Mutex<(isDone: Bool, rows: [Int64], problem: String?)>((false, [], nil))
            let first = world.platform
            world.runTask("prepare") {
                do { try Self.prepare(first, isEmpty: isEmpty) } catch {
                    notes.withLock { $0.problem = "\(error)" }
                }
            }
            world.crash()
            _ = try Self.age(world.platform)
            let second = world.platform
            world.runTask("renew") {
                do {
                    world.disk.crashAtCall(call)
                    let storage = try Storage.open(root: "/root", platform: second)
                    _ = try storage.commit(Transaction(edits: [.forgetDetached(Self.forgotten)]))
                    try storage.close()
                    notes.withLock { $0.isDone = true }
                } catch {
                    // The power is gone.
                }
            }
            world.disk.crashAtCall(nil)
            world.crash()
            let third = world.platform
            world.runTask("look") {
                do {
                    let storage = try Storage.open(root: "/root", platform: third)
                    let rows = try TradesTable.numbers(
                        storage.snapshot().table(schema: "public", name: "trades"))
                    let newest = try Self.versions(third).last
                    notes.withLock { $0.rows = rows }
                    if newest != WALFileHeader.version {
                        notes.withLock { $0.problem = "format \(newest ?? 0)" }
                    }
                    try storage.close()
                } catch {
                    notes.withLock { $0.problem = "\(error)" }
                }
            }
            let found = notes.withLock { $0 }
            #expect(found.problem == nil, "call \(call)")
            #expect(found.rows == Array(0..<5), "call \(call)")
            if found.isDone { return }
        }
        Issue.record("more than 300 calls")
    }

    @Test("a format from later on is refused by its number")
    func newer() throws {
        let world = SimulatedPlatform(seed: 8)
        try Self.prepare(world.platform, isEmpty: true)
        world.crash()
        let path = try Self.age(world.platform)
        let file = try world.platform.files.open(path, .readWrite, permissions: 0o600)
        var header = try WALFileHeader.decode(try file.read(at: 0, count: 64), path: path)
        header.version = 3
        try file.write(header.encode(), at: 0)
        try file.sync()

        let error = failure { _ = try Storage.open(root: "/root", platform: world.platform) }

        #expect(error?.message.contains("3") == true)
    }

    @Test("an edit that forgets a partition is read back, and cut anywhere it is an error")
    func coding() throws {
        var entry = LogEntry()
        entry.edits = [.forget(Self.forgotten)]
        var writer = ByteWriter()
        entry.encode(into: &writer)
        var reader = ByteReader(writer.bytes)

        guard case .forget(let found)? = try LogEntry.decode(&reader).edits.first else {
            throw DatabaseError(.internalError, "another edit")
        }

        #expect(found == Self.forgotten)
        for length in 0..<writer.count {
            var short = ByteReader(Array(writer.bytes.prefix(length)))
            #expect(throws: DecodeFailure.self) { try LogEntry.decode(&short) }
        }
    }
}
