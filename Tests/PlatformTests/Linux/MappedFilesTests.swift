import Bytes
import Diagnostics
import Testing

@testable import Platform

@Suite struct MappedFilesTests {
    @Test("a page that is gone reads as zeros and is told of once, naming the file")
    func cutFile() throws {
        try Disk.linux.with { files, root in
            let path = Path.join(root, "data")
            try files.publish([UInt8](repeating: 7, count: 20_000), as: path)
            let file = try files.open(path, .readWrite, permissions: 0o600)
            let region = try file.map()
            let before = Self.byte(of: region, at: 17_000)
            try MappedFiles.checkFault()

            try file.truncate(to: 0)
            let after = Self.byte(of: region, at: 17_000)

            var told: DatabaseError?
            do throws(DatabaseError) { try MappedFiles.checkFault() } catch { told = error }
            #expect(before == 7)
            #expect(after == 0)
            #expect(told?.state == .inputOutput)
            #expect(told?.message.contains(path) == true)
            try MappedFiles.checkFault()
        }
    }

    @Test("other threads learn of a fault by its file, and nobody learns of one that was forgotten")
    func otherThreads() async throws {
        try Disk.linux.with { files, root in
            let path = Path.join(root, "data")
            try files.publish([UInt8](repeating: 7, count: 20_000), as: path)
            let file = try files.open(path, .readWrite, permissions: 0o600)
            let region = try file.map()
            let mark = MappedFiles.mark
            #expect(region.isIntact)
            try MappedFiles.checkFaults(since: mark) { $0 == path }
            try file.truncate(to: 0)

            let workers = LinuxWorkers(threads: 1)
            let gate = workers.makeGate()
            workers.start("reader") {
                _ = Self.byte(of: region, at: 17_000)
                MappedFiles.forgetFault()
                #expect(throws: Never.self) { try MappedFiles.checkFault() }
                gate.open()
            }
            gate.wait()

            #expect(!region.isIntact)
            #expect(throws: Never.self) { try MappedFiles.checkFault() }
            #expect(throws: Never.self) {
                try MappedFiles.checkFaults(since: mark) { $0 == "another" }
            }
            var told: DatabaseError?
            do throws(DatabaseError) {
                try MappedFiles.checkFaults(since: mark) { $0 == path }
            } catch {
                told = error
            }
            #expect(told?.state == .inputOutput)
            #expect(told?.message.contains(path) == true)
            #expect(throws: Never.self) {
                try MappedFiles.checkFaults(since: MappedFiles.mark) { $0 == path }
            }
            let again = try files.open(path, .readWrite, permissions: 0o600)
            try again.write([UInt8](repeating: 7, count: 20_000), at: 0)
            #expect(try again.map().isIntact)
        }
    }

    @Test("a fault is known by its file after the mapping is gone")
    func mappingGone() throws {
        try Disk.linux.with { files, root in
            let path = Path.join(root, "data")
            let mark = MappedFiles.mark
            try files.publish([UInt8](repeating: 7, count: 20_000), as: path)
            let file = try files.open(path, .readWrite, permissions: 0o600)
            do {
                let region = try file.map()
                try file.truncate(to: 0)
                _ = Self.byte(of: region, at: 17_000)
                MappedFiles.forgetFault()
            }
            // Takes the slot over.
            try file.write([UInt8](repeating: 7, count: 20_000), at: 0)
            let next = try file.map()

            #expect(next.isIntact)
            #expect(throws: Never.self) {
                try MappedFiles.checkFaults(since: mark) { isOther($0, than: path) }
            }
            #expect(throws: DatabaseError.self) {
                try MappedFiles.checkFaults(since: mark) { $0 == path }
            }
        }
    }

    @Test("however many pages of a file are gone, nobody else is concerned")
    func manyFaults() throws {
        try Disk.linux.with { files, root in
            let path = Path.join(root, "data")
            try files.publish([UInt8](repeating: 7, count: 500 * 4096), as: path)
            let mark = MappedFiles.mark
            for _ in 0..<2 {
                let file = try files.open(path, .readWrite, permissions: 0o600)
                let region = try file.map()
                try file.truncate(to: 0)
                for page in 0..<500 { _ = Self.byte(of: region, at: page * 4096) }
                MappedFiles.forgetFault()
                #expect(throws: Never.self) {
                    try MappedFiles.checkFaults(since: mark) { isOther($0, than: path) }
                }
                try file.write([UInt8](repeating: 7, count: 500 * 4096), at: 0)
            }

            #expect(throws: DatabaseError.self) {
                try MappedFiles.checkFaults(since: mark) { $0 == path }
            }
        }
    }

    /// Whether a file beside `path` is meant: the faults of other tests, which run at the same time,
    /// are in directories of their own.
    private func isOther(_ file: String, than path: String) -> Bool {
        file != path && file.hasPrefix(Path.directory(of: path) + "/")
    }

    private static func byte(of region: MemoryRegion, at offset: Int) -> UInt8 {
        region.bytes.byteOffsets.contains(offset)
            ? unsafe region.bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) : 0
    }
}
