import Diagnostics
import Machines
import Platform
import Storage
import Synchronization

@testable import Engine

/// Statements that change the table `t`, each with the rows that it is to leave.
protocol TableLoad: Sendable {
    /// A row's key to what is known of it.
    typealias Rows = [Int: Int]

    /// Small numbers, so that little work meets every kind of file.
    var settings: StorageSettings { get }
    /// Creates `t` unless it is there.
    var definition: String { get }
    /// Gives `Rows` in the order of their keys.
    var query: String { get }
    /// What a disk that fills up has left at the most.
    var mostBytesLeft: UInt64 { get }

    /// Draws what comes after these rows.
    func next(after rows: Rows, _ rig: PowerLossRig) -> LoadStep
}

/// A statement, or a block of them.
struct LoadStep {
    /// What `t` holds when it was answered.
    let rows: TableLoad.Rows
    let send: (Client) throws -> Void
}

/// A machine on which a load runs until its power goes at calls that the seed chooses, or its disk
/// fills up. After each life `t` must be as the last step that was answered left it, or as the one
/// under way would have; and no segment lies on the disk that `t` does not name.
final class PowerLossRig: Sendable {
    /// In memory that no power cut touches.
    private struct State {
        var random: UInt64
        /// As the steps that were answered left them.
        var rows: TableLoad.Rows = [:]
        /// As the step under way will leave them.
        var next: TableLoad.Rows?
        var lastNumber = 0
        var acknowledged = 0
        var refused = 0
        var problem: String?
    }

    private let machine: SimulatedPlatform
    private let load: any TableLoad
    private let state: Mutex<State>

    init(seed: UInt64, _ load: any TableLoad) {
        machine = SimulatedPlatform(seed: seed)
        self.load = load
        state = Mutex(State(random: seed &* 0x9e37_79b9_7f4a_7c15))
    }

    deinit { machine.stop() }

    /// What was wrong first.
    var problem: String? { state.withLock { $0.problem } }
    /// Steps that were answered.
    var acknowledged: Int { state.withLock { $0.acknowledged } }
    /// Steps that a full disk refused.
    var refused: Int { state.withLock { $0.refused } }

    func draw(_ bound: UInt64) -> UInt64 {
        state.withLock { state in
            state.random = state.random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state.random >> 33) % bound
        }
    }

    /// Numbers that were never given before.
    func takeNumbers(_ count: Int) -> Range<Int> {
        state.withLock { state in
            defer { state.lastNumber += count }
            return state.lastNumber + 1..<state.lastNumber + 1 + count
        }
    }

    // MARK: Lives of the machine

    /// - Parameter calls: the power goes at one of so many, or not in this life.
    func losePower(_ times: Int, within calls: UInt64, steps: Int) {
        var losses = 0
        while losses < times, problem == nil {
            machine.disk.crashAtCall(1 + Int(draw(calls)))
            let platform = machine.platform
            machine.runTask("life") { self.live(platform, steps: steps) }
            if machine.isDown { losses += 1 }
            machine.disk.crashAtCall(nil)
            machine.crash()
        }
        checkAtRest()
    }

    func fillDisk(lives: Int, steps: Int) {
        let platform = machine.platform
        machine.runTask("life") {
            for _ in 0..<lives { self.live(platform, steps: steps, fillsDisk: true) }
        }
        machine.crash()
        checkAtRest()
    }

    private func live(_ platform: Platform, steps: Int, fillsDisk: Bool = false) {
        noteProblem {
            let client = try open(platform)
            try compare(client)
            for _ in 0..<steps { try step(client, fillsDisk: fillsDisk) }
            try client.session.engine.storage.close()
        }
    }

    /// Compares once more, and what lies on the disk of a closed database as well.
    private func checkAtRest() {
        let platform = machine.platform
        machine.runTask("check") {
            self.noteProblem {
                let client = try self.open(platform)
                try self.compare(client)
                let storage = client.session.engine.storage
                try storage.close()
                let named = storage.snapshot().tables.flatMap(\.segments).map(\.id).sorted()
                let found = self.machine.disk.paths().filter { $0.hasSuffix(".seg") }
                    .map { String($0.split(separator: "/").last?.dropLast(4) ?? "") }.sorted()
                if named != found { self.note("the disk has \(found), the table names \(named)") }
            }
        }
        // What the lives of before hold keeps the rig, too.
        machine.end()
    }

    private func noteProblem(_ body: () throws -> Void) {
        do { try body() } catch { note("unexpected error: \(error)") }
    }

    private func note(_ problem: String) {
        state.withLock { if $0.problem == nil { $0.problem = problem } }
    }

    private func open(_ platform: Platform) throws -> Client {
        let storage = try Storage.open(
            root: "/root", platform: platform, settings: load.settings)
        let engine = Engine(storage: storage, platform: platform)
        let client = Client(engine.makeSession(), platform)
        try client.run(load.definition)
        return client
    }

    private func compare(_ client: Client) throws {
        let lines = try client.run(load.query)
        let found = lines.map { $0.split(separator: "|").compactMap { Int($0) } }
        let tables = client.session.engine.storage.snapshot().tables.map(\.name)
        if tables != ["t"] { note("tables \(tables) are there") }
        state.withLock { state in
            let expected = [state.rows, state.next ?? state.rows].map { rows in
                rows.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
            }
            guard let index = expected.firstIndex(of: found) else {
                state.problem = state.problem ?? "found \(found), expected one of \(expected)"
                return
            }
            if index == 1, let next = state.next { state.rows = next }
            state.next = nil
        }
    }

    private func step(_ client: Client, fillsDisk: Bool) throws {
        let step = load.next(after: state.withLock { $0.rows }, self)
        state.withLock { $0.next = step.rows }
        if fillsDisk, draw(2) == 0 { leaveRoom(Int(draw(load.mostBytesLeft))) }
        do {
            try step.send(client)
            state.withLock { state in
                state.rows = step.rows
                state.next = nil
                state.acknowledged += 1
            }
        } catch let error as DatabaseError where error.state == .diskFull && fillsDisk {
            leaveRoom(nil)
            client.session.rollback()
            state.withLock { state in
                state.refused += 1
                state.next = nil
            }
        }
        if fillsDisk { leaveRoom(nil) }
        try compare(client)
    }

    /// - Parameter bytes: nil for no limit.
    private func leaveRoom(_ bytes: Int?) {
        let used = machine.disk.usedBytes
        machine.disk.setCapacity(bytes.map { used + $0 })
    }
}
