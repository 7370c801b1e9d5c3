import Diagnostics
import Testing

@testable import Platform

@Suite struct BlockSharingTests {
    /// A file with bytes and an empty one, on a disk whose files may share blocks.
    private static func files() throws -> (SimulatedDisk, source: any OpenFile, new: any OpenFile) {
        let machine = SimulatedPlatform(seed: 1)
        machine.disk.shareBlocks()
        let files = machine.platform.files
        let source = try files.open("/a", .create, permissions: 0o600)
        try source.write([UInt8](repeating: 7, count: 9_000), at: 0)
        return (machine.disk, source, try files.open("/b", .create, permissions: 0o600))
    }

    @Test(
        "what says that files cannot share blocks here means a copy",
        arguments: [
            ErrorNumber.notSupported, ErrorNumber.notATerminal, ErrorNumber.crossDevice,
            ErrorNumber.invalid, ErrorNumber.notPermitted,
        ])
    func refusals(errorNumber: Int32) throws {
        let (disk, source, new) = try Self.files()
        disk.fail(.shareBlocks, with: errorNumber)

        #expect(try new.shareBlocks(of: source) == false)
        #expect(try new.size() == 0)
        #expect(try new.shareBlocks(of: source))
        #expect(try new.size() == 9_000)
    }

    @Test(
        "any other failure is told: a copy would not make it good",
        arguments: [
            ErrorNumber.inputOutput, ErrorNumber.noSpace, ErrorNumber.quotaExceeded,
            ErrorNumber.readOnly,
        ])
    func failures(errorNumber: Int32) throws {
        let (disk, source, new) = try Self.files()
        disk.fail(.shareBlocks, with: errorNumber)

        let error = failure { _ = try new.shareBlocks(of: source) }

        #expect(error?.cause?.errorNumber == errorNumber)
        #expect(error?.message.contains("share the blocks of file") == true)
    }

    @Test("a shared file is its own: a change of one is not one of the other")
    func isItsOwn() throws {
        let (_, source, new) = try Self.files()
        #expect(try new.shareBlocks(of: source))

        try source.truncate(to: 0)

        #expect(try new.read(at: 0, count: 10_000) == [UInt8](repeating: 7, count: 9_000))
    }
}
