import Diagnostics
import Platform
import Storage
import Testing

@testable import Backup

/// Restores on a disk that has no room for a second copy.
@Suite("RestoreRoom")
struct RestoreRoomTests {
    private static let request = RestoreRequest.table(
        "trades", from: "one", target: .newTable(.init(name: "copy")))

    /// - Parameter files: for so many of the backup's segments there is room.
    private static func rig(sharesBlocks: Bool, files: Int = 0) throws -> RestoreRig {
        let rig = try RestoreRig.withBackup(0..<96)
        if sharesBlocks { rig.machine.disk.shareBlocks() }
        let sizes = try rig.segments("trades").map(\.bytes).sorted(by: >)
        #expect(sizes.count == 4)
        // And for what the restore writes down of itself, which is less than the smallest of them.
        let room = sizes.prefix(files).reduce(8_192, +)
        #expect(room < sizes.reduce(0, +))
        rig.machine.disk.setCapacity(rig.machine.disk.usedBytes + Limits.spareBytes + room)
        return rig
    }

    private static func temporaries(_ rig: RestoreRig) -> [String] {
        rig.files().filter { $0.contains("_trial") || $0.hasSuffix(Path.temporarySuffix) }
    }

    @Test("shared blocks need no room, copies do", arguments: [true, false])
    func sharing(sharesBlocks: Bool) throws {
        let rig = try Self.rig(sharesBlocks: sharesBlocks)
        let before = try rig.contents()

        let error = rig.refusal(of: Self.request)

        #expect(error?.state == (sharesBlocks ? nil : .diskFull))
        if sharesBlocks {
            try rig.losePower()
            #expect(try rig.rows("copy") == before["trades"])
        } else {
            #expect(error?.message.contains("restore does not fit") == true)
            #expect(try rig.contents() == before)
        }
        #expect(Self.temporaries(rig) == [])
    }

    @Test("a file that cannot be shared after all is copied where there is room for it")
    func fallback() throws {
        let rig = try Self.rig(sharesBlocks: true, files: 2)
        let rows = try rig.rows("trades")
        // The first one is the trial.
        rig.machine.disk.fail(.shareBlocks, skip: 1, with: ErrorNumber.crossDevice)

        try rig.restore(Self.request)

        #expect(try rig.rows("copy") == rows)
        #expect(rig.machine.disk.failures[ErrorNumber.crossDevice] == 1)
    }

    @Test("and is 53100 where there is none: nothing is changed, and the disk is not filled")
    func noFallback() throws {
        let rig = try Self.rig(sharesBlocks: true)
        let before = try rig.contents()
        rig.machine.disk.fail(.shareBlocks, skip: 2, with: ErrorNumber.crossDevice)

        let error = rig.refusal(of: Self.request)

        #expect(error?.state == .diskFull)
        #expect(error?.message.contains("restore does not fit") == true)
        #expect(rig.machine.disk.failures[ErrorNumber.noSpace] == nil)
        #expect(try rig.contents() == before)
        #expect(Self.temporaries(rig) == [])
        #expect(rig.refusal(of: Self.request) == nil)
    }

    @Test("a trial that fails in any way asks for the room of copies")
    func failingTrial() throws {
        for errorNumber in [ErrorNumber.inputOutput, ErrorNumber.noSpace, ErrorNumber.invalid] {
            let rig = try Self.rig(sharesBlocks: true)
            rig.machine.disk.fail(.shareBlocks, with: errorNumber)

            let error = rig.refusal(of: Self.request)

            #expect(error?.state == .diskFull)
            #expect(error?.message.contains("restore does not fit") == true)
            #expect(rig.refusal(of: Self.request) == nil)
        }
    }
}
