import Diagnostics
import Machines
import Platform
import Synchronization
import Testing

@testable import Storage

@Suite struct WALTimelineTests {
    private let machine = SimulatedPlatform(seed: 11)

    /// What a life that a power loss may end anywhere has been told.
    private final class Record: Sendable {
        struct State: Sendable {
            var table: UInt64 = 0
            var acknowledged: Int64 = 0
            var timelines: [String] = []
            var begun: [String] = []
            var isDone = false
        }
        let state = Mutex(State())
    }

    private static func live(_ platform: Platform, _ record: Record) throws {
        var settings = StorageSettings()
        settings.walFileBytes = 2_048
        let storage = try Storage.open(root: "/root", platform: platform, settings: settings)
        let id = try storage.makeTrades()
        record.state.withLock {
            $0.table = id
            $0.timelines = [storage.identity.timeline]
        }
        for round in 0..<3 as Range<Int64> {
            for step in 0..<4 as Range<Int64> {
                let first = round * 40 + step * 10
                _ = try storage.commit(TradesTable.append(id, first..<first + 10))
                record.state.withLock { $0.acknowledged = first + 10 }
            }
            let timeline = storage.makeTimeline()
            record.state.withLock { $0.begun.append(timeline) }
            _ = try storage.commit(Transaction(edits: [.beginTimeline(timeline)]))
            record.state.withLock { $0.timelines.append(timeline) }
        }
        try storage.close()
        record.state.withLock { $0.isDone = true }
    }

    @Test("a timeline that began is the newest after a power loss at any call, and rows stay")
    func powerLoss() throws {
        var call = 0
        var isDone = false
        while !isDone {
            call += 1
            let machine = SimulatedPlatform(seed: UInt64(call))
            let record = Record()
            let platform = machine.platform
            machine.disk.crashAtCall(call)
            machine.runTask("life") { _ = try? Self.live(platform, record) }
            machine.disk.crashAtCall(nil)
            if machine.isDown { machine.restart() } else { machine.crash() }

            let told = record.state.withLock { $0 }
            isDone = told.isDone
            let storage = try Storage.open(root: "/root", platform: machine.platform)
            if let newest = told.timelines.last {
                // The one that was asked for and not answered may have begun.
                let possible = [newest] + told.begun.dropFirst(told.timelines.count - 1)
                #expect(possible.contains(storage.identity.timeline), "call \(call)")
                let earlier = [storage.identity.timeline] + storage.identity.ancestors
                #expect(Set(told.timelines).isSubset(of: earlier), "call \(call)")
                #expect(earlier.count == Set(earlier).count)
                let numbers = try TradesTable.numbers(storage.snapshot().table(id: told.table))
                #expect(numbers.count >= Int(told.acknowledged), "call \(call)")
                _ = try storage.commit(TradesTable.append(told.table, 900..<901))
            }
            let identity = storage.identity
            try storage.close()
            let again = try Storage.open(root: "/root", platform: machine.platform)
            #expect(again.identity == identity, "call \(call)")
            try again.close()
            machine.end()
        }
        #expect(call > 100)
    }

    @Test("a backup that is adopted has a new timeline, whatever call the power fails at")
    func adoption() throws {
        var call = 0
        var isDone = false
        while !isDone {
            call += 1
            let machine = SimulatedPlatform(seed: UInt64(call))
            let (source, id) = try Self.makeCopy(machine)
            let platform = machine.platform
            let done = Mutex(false)
            machine.disk.crashAtCall(call)
            machine.runTask("adopt") {
                guard (try? Storage.adopt(root: "/copy", platform: platform)) != nil,
                    let storage = try? Storage.open(root: "/copy", platform: platform),
                    (try? storage.close()) != nil
                else { return }
                done.withLock { $0 = true }
            }
            machine.disk.crashAtCall(nil)
            if machine.isDown { machine.restart() } else { machine.crash() }
            isDone = done.withLock { $0 }

            // What a start does.
            if try !Storage.hasLog(root: "/copy", platform: machine.platform) {
                _ = try Storage.adopt(root: "/copy", platform: machine.platform)
            }
            let copy = try Storage.open(root: "/copy", platform: machine.platform)
            #expect(copy.identity.timeline != source.timeline, "call \(call)")
            #expect(copy.identity.ancestors.contains(source.timeline), "call \(call)")
            #expect(try TradesTable.numbers(copy.snapshot().table(id: id)) == Array(0..<50))
            try copy.close()
            machine.end()
        }
        #expect(call > 10)
    }

    /// A root without a log, as a backup is one.
    private static func makeCopy(_ machine: SimulatedPlatform) throws
        -> (DatabaseIdentity, UInt64)
    {
        let files = machine.platform.files
        let storage = try Storage.open(root: "/root", platform: machine.platform)
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<50))
        let pin = try storage.pinOnDisk(owner: "test")
        defer { pin.release() }
        try files.makeDurableDirectory("/copy/db")
        try files.publish(pin.databaseBytes, as: "/copy/db/_database")
        for table in pin.tables {
            let place = "/copy/db/\(table.directoryName)"
            try files.makeDurableDirectory(place)
            try files.publish(table.manifestBytes, as: "\(place)/\(table.manifestName)")
            for entry in table.segments {
                let path = table.relativePath(of: entry)
                try files.makeDurableDirectory(Path.directory(of: "/copy/db/\(path)"))
                let bytes = try files.readAll("/root/db/\(path)", upTo: 1 << 30)
                try files.publish(bytes, as: "/copy/db/\(path)", permissions: 0o400)
            }
        }
        let identity = storage.identity
        try storage.close()
        return (identity, id)
    }
}
