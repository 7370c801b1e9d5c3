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

    private static func byte(of region: MemoryRegion, at offset: Int) -> UInt8 {
        region.bytes.byteOffsets.contains(offset)
            ? unsafe region.bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) : 0
    }
}
