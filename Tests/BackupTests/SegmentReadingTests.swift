import Diagnostics
import Platform
import Storage
import Synchronization
import Testing

@testable import Backup

/// A copy that is not on the disk as it was written.
@Suite("Copies are read back")
struct SegmentReadingTests {
    /// Flips a bit of the first copy of a segment as soon as all of it is written.
    private final class Spoiler: Sendable {
        private let disk: SimulatedDisk
        private let place: String
        private let sizes: Set<Int>
        let spoiled = Mutex<String?>(nil)

        /// - Parameter sizes: the lengths of whole segments.
        init(_ disk: SimulatedDisk, sizes: [Int], below place: String) {
            self.disk = disk
            self.place = place
            self.sizes = Set(sizes)
        }

        /// Asked after every chunk whether somebody cancels.
        func look() -> Bool {
            spoiled.withLock { spoiled in
                if spoiled != nil { return }
                spoiled = disk.paths().first { path in
                    path.hasPrefix(place) && path.contains(".seg")
                        && disk.contents(of: path).map { sizes.contains($0.count) } == true
                }
                if let spoiled { disk.flipBit(spoiled, offset: 50) }
            }
            return false
        }
    }

    @Test("BACKUP finds a copy that the disk changed, unless it was told not to look")
    func backup() throws {
        let rig = try RestoreRig.withBackup(0..<48)
        let sizes = try rig.segments("trades").map(\.bytes)
        for isVerified in [true, false] {
            let spoiler = Spoiler(
                rig.machine.disk, sizes: sizes, below: "/root/backup/.staging-")
            var request = BackupRequest(scope: .database, name: "checked \(isVerified)")
            request.isVerified = isVerified

            let error = failure { () throws(DatabaseError) in
                _ = try rig.service.backup(request, isCancelled: spoiler.look)
            }

            let spoiled = try #require(spoiler.spoiled.withLock { $0 })
            #expect((error == nil) == !isVerified)
            if let error {
                #expect(error.state == .corrupted)
                #expect(error.message.contains(spoiled))
            }
        }
        #expect(try rig.service.list().filter { $0.status == .complete }.count == 2)
        let found = failure { () throws(DatabaseError) in
            _ = try rig.service.verify("checked false")
        }
        #expect(found?.state == .corrupted)
    }

    @Test("RESTORE finds a copy that the disk changed, and takes everything away again")
    func restore() throws {
        let rig = try RestoreRig.withBackup(0..<48)
        let sizes = try rig.segments("trades").map(\.bytes)
        try rig.drop("trades")
        let before = try rig.contents()
        let spoiler = Spoiler(rig.machine.disk, sizes: sizes, below: "/root/tmp/")

        let error = failure { () throws(DatabaseError) in
            _ = try rig.service.restore(
                .table("trades", from: "one", .refuse), into: rig.storage,
                isCancelled: spoiler.look)
        }

        #expect(spoiler.spoiled.withLock { $0 } != nil)
        #expect(error?.state == .inputOutput)
        #expect(error?.message.contains("copy is not what was written") == true)
        #expect(try rig.contents() == before)
    }

    @Test("where blocks can be shared RESTORE writes none, reads what it got, and BACKUP copies")
    func sharedBlocks() throws {
        let rig = try RestoreRig.withBackup(0..<48)
        rig.machine.disk.shareBlocks()
        let rows = try rig.rows("trades")
        try rig.backup("two")
        let begun = rig.machine.traceLength
        func calls(_ words: String...) -> Int {
            rig.machine.trace.dropFirst(begun).count { call in words.allSatisfy(call.contains) }
        }

        #expect(!rig.machine.trace.contains { $0.hasPrefix("clone ") })
        let summary = try rig.restore(
            .table("trades", from: "two", target: .newTable(.init(name: "copy"))))

        #expect(calls("clone /root/tmp/") == summary.files)
        #expect(calls("write /root/tmp/", ".seg") == 0)
        #expect(calls("read /root/tmp/", ".seg") >= summary.files)
        #expect(calls("read /root/backup/two/", ".seg") == 0)
        try rig.losePower()
        #expect(try rig.rows("copy") == rows)
        // Each is a file of its own.
        try rig.drop("copy")
        try rig.storage.flush()
        _ = try rig.service.verify("two", mode: .deep)
    }

    @Test("a segment of the backup that grew is XX001, shared or copied", arguments: [false, true])
    func grownSegment(sharesBlocks: Bool) throws {
        let rig = try RestoreRig.withBackup(0..<4)
        if sharesBlocks { rig.machine.disk.shareBlocks() }
        let segment = try #require(try rig.segments("trades").first)
        let place = try #require(
            rig.machine.disk.paths().first { $0.hasSuffix("backup/one/db/_lock") })
        let path = try #require(
            rig.machine.disk.paths().first {
                $0.hasPrefix(Path.directory(of: place)) && $0.contains(segment.id)
            })
        let reading = SegmentReading(files: rig.platform.files) { _ in }
        try rig.platform.files.open(path, .readWrite, permissions: 0)
            .write([1], at: segment.bytes)

        let copy = try reading.copy(
            path, to: "/root/copy", bytes: segment.bytes,
            Writeback(clock: rig.platform.clock, diskNanoseconds: { 0 }, copies: 1), mayShare: true)

        let told = copy.difference(
            from: .init(bytes: segment.bytes, sha256: hexadecimal(segment.sha256)))
        #expect(
            told == "expected \(segment.bytes) bytes and found \(segment.bytes + 1)")
        #expect(copy.sharesBlocks == sharesBlocks)
    }
}
