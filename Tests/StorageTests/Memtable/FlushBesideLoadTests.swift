import Catalog
import Diagnostics
import Machines
import Platform
import Synchronization
import Testing
import Values

@testable import Storage

@Suite("Two who write into one new partition")
struct FlushBesideLoadTests {
    @Test("neither relies on the other for its directory's name")
    func directoryIsDurable() throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            let world = SimulatedPlatform(seed: seed)
            defer { world.end() }
            let storage = try Storage.open(root: "/root", platform: world.platform)
            // So many that a flush makes all names durable at its end only.
            let ids = try (0..<PublishBatch.worthwhileFiles).map {
                try storage.makeTrades("t\($0)")
            }
            for id in ids { _ = try storage.commit(TradesTable.append(id, 0..<10)) }
            let table = try #require(storage.snapshot().table(id: ids[0])).definition
            let isAnswered = Mutex(false)

            // It makes the directory of the partition that a load writes into.
            world.platform.workers.start("flush") { _ = try? storage.flush() }
            world.runTask("load") {
                for _ in 0..<seed * 10 { _ = world.platform.clock.now() }
                let added = try? storage.writeSegments([TradesTable.batch([77])], of: table)
                let replacement = SegmentReplacement(
                    table: table.id, definitionVersion: table.version, removed: [],
                    added: added ?? [])
                let transaction = Transaction(edits: [.replaceSegments(replacement)])
                let commit = try? storage.commit(transaction)
                isAnswered.withLock { $0 = commit != nil }
            }
            world.crash()

            #expect(isAnswered.withLock { $0 })
            let opened = try Storage.open(root: "/root", platform: world.platform)
            let numbers = try? TradesTable.numbers(opened.snapshot().table(id: table.id))
            #expect(numbers == Array(0..<10) + [77], "seed \(seed)")
            if numbers?.last != 77 { return }
        }
    }
}
