import Diagnostics
import Engine
import InProcess
import Platform
import Storage
import Synchronization
import Values

/// One statement, and a power loss, an error or a full disk at one of the calls it makes.
///
/// Afterwards the tables are as before or as the statement leaves them; nothing lies on the disk
/// that no table names; and the statement can be sent again.
struct DefinitionTrial: Sendable {
    enum Fault: CaseIterable, Sendable {
        case powerLoss, kill, inputOutput, tooManyOpen, noSpace, fullDisk

        fileprivate func begin(_ number: Int, on disk: SimulatedDisk) {
            switch self {
            case .powerLoss: disk.crashAtCall(number)
            case .kill: disk.killAtCall(number)
            case .inputOutput: disk.failCall(number: number, with: ErrorNumber.inputOutput)
            case .tooManyOpen: disk.failCall(number: number, with: ErrorNumber.tooManyOpen)
            case .noSpace: disk.failCall(number: number, with: ErrorNumber.noSpace)
            case .fullDisk: disk.setCapacity(disk.usedBytes + (number - 1) * Self.roomStep)
            }
        }

        /// Bytes more that a full disk has from one trial to the next.
        private static let roomStep = 48
    }

    let setup: [DefinitionChange]
    /// One statement, or several in a block.
    let changes: [DefinitionChange]
    /// How a block ends; nil for a statement by itself.
    var ending: DefinitionScript.Ending?

    var name: String {
        changes.map(\.kind).joined(separator: ", ") + (ending.map { ", \($0)" } ?? "")
    }

    private static let root = "/root"

    private var settings: StorageSettings {
        var settings = StorageSettings()
        settings.walFileBytes = 8_192
        settings.segmentRows = 8
        settings.compaction.isEnabled = false
        return settings
    }

    // MARK: - What is tried

    static let all: [DefinitionTrial] = {
        let rows = Array(1...19)
        let begin: [DefinitionChange] = [
            .create("d0"), .insert("d0", rows, value: 3),
            .addColumn("d0", name: "c", type: .long, initial: nil),
            .insert("d0", [21, 23, 24, 25], value: 5),
        ]
        func trial(_ changes: DefinitionChange..., after more: [DefinitionChange] = [])
            -> DefinitionTrial
        {
            DefinitionTrial(setup: begin + more, changes: changes)
        }
        return [
            trial(.create("d1")), trial(.createAs("d1", from: "d0")), trial(.drop("d0")),
            trial(.rename("d0", to: "d1")), trial(.truncate("d0")),
            trial(.addColumn("d0", name: "e", type: .int, initial: nil)),
            trial(.addColumn("d0", name: "e", type: .int, initial: 7)),
            trial(.dropColumn("d0", name: "c")),
            trial(.renameColumn("d0", name: "c", to: "f")),
            trial(.changeType("d0", name: "c", to: .varchar)),
            trial(.dropPartition("d0", day: 1)), trial(.detach("d0", day: 1)),
            trial(.attach("d0", day: 2), after: [.detach("d0", day: 2)]),
            trial(.timeToLive("d0")), trial(.enableKeys("d0")),
            trial(.insert("d0", [1, 31, 32], value: 9), after: [.enableKeys("d0")]),
            trial(.update("d0", name: "c", value: 8, divisor: 2, rest: 0)),
            trial(.delete("d0", divisor: 2, rest: 1)),
            trial(
                .create("d2"), .addColumn("d0", name: "e", type: .int, initial: nil),
                .insert("d2", [1, 2, 3], value: 1), .rename("d0", to: "d3")),
            trial(
                .create("d1"), .insert("d1", [1, 2, 3], value: 1), .drop("d0"),
                .rename("d1", to: "d0")),
            trial(
                .create("d1"), .insert("d1", [1, 2, 3], value: 1), .rename("d0", to: "d2"),
                .rename("d1", to: "d0"), .drop("d2")),
        ] + movedInBlocks
    }()

    /// Partitions that leave or come back in a block, which ends in each way.
    static let movedInBlocks: [DefinitionTrial] = {
        let rows: [DefinitionChange] = [.create("d0"), .insert("d0", Array(1...19), value: 3)]
        let away = rows + [.detach("d0", day: 2)]
        func block(
            _ changes: DefinitionChange..., after setup: [DefinitionChange],
            _ ending: DefinitionScript.Ending
        ) -> DefinitionTrial {
            DefinitionTrial(setup: setup, changes: changes, ending: ending)
        }
        return [
            block(.detach("d0", day: 1), .create("d1"), after: rows, .commit),
            block(.detach("d0", day: 1), after: rows, .rollback),
            block(.create("d1"), .detach("d0", day: 1), after: rows, .rollbackToFirst),
            block(.attach("d0", day: 2), .detach("d0", day: 1), after: away, .commit),
            block(.attach("d0", day: 2), after: away, .rollback),
            block(.create("d1"), .attach("d0", day: 2), after: away, .rollbackToFirst),
            block(.detach("d0", day: 1), .attach("d0", day: 1), after: rows, .commit),
        ]
    }()

    // MARK: - Trying

    private func script(on database: DefinedDatabase) -> DefinitionScript {
        if changes.count == 1, ending == nil { return DefinitionScript(changes[0], on: database) }
        return DefinitionScript(block: changes, ending: ending ?? .commit, on: database)
    }

    /// What happened when a fault met one call.
    struct Outcome: Sendable {
        var complaints: [String] = []
        /// Whether the fault came before everything was done.
        var isHit = false
    }

    func run(_ fault: Fault, at number: Int, seed: UInt64) -> Outcome {
        let machine = SimulatedPlatform(seed: seed)
        let state = Mutex(Attempt())
        let platform = machine.platform
        machine.runTask("statement") { attempt(machine, platform, fault, number, state) }
        var outcome = Outcome()
        outcome.isHit = machine.isDown || !machine.disk.failures.isEmpty
        let wasKilled = machine.isDown
        machine.disk.heal()
        if wasKilled, fault == .kill { machine.restart() } else { machine.crash() }
        for life in ["recovery", "afterwards"] {
            let platform = machine.platform
            machine.runTask(life) { recover(machine, platform, state, isAgain: life == "recovery") }
            machine.crash()
        }
        machine.stop()
        outcome.complaints = state.withLock { state in
            state.complaints.map { "\(name), \(fault) at \(number), seed \(seed): \($0)" }
        }
        return outcome
    }

    /// What is known of one attempt, in memory that no power cut touches.
    private struct Attempt {
        var before = DefinedDatabase()
        /// What may be there now.
        var possible: [DefinedDatabase] = []
        var complaints: [String] = []
    }

    private func attempt(
        _ machine: SimulatedPlatform, _ platform: Platform, _ fault: Fault, _ number: Int,
        _ state: borrowing Mutex<Attempt>
    ) {
        do throws(DatabaseError) {
            let (storage, client) = try open(platform)
            var database = DefinedDatabase()
            for (index, change) in setup.enumerated() {
                try client.run(change.sql(on: database))
                database = change.applied(to: database)
                if index == 2 { try storage.flush() }
            }
            let script = script(on: database)
            let before = database
            state.withLock {
                $0.before = before
                $0.possible = [before] + script.results
            }
            fault.begin(number, on: machine.disk)
            var problem: DatabaseError?
            do throws(DatabaseError) {
                for statement in script.statements { try client.run(statement) }
            } catch {
                problem = error
            }
            if storage.failure == nil {
                let left = problem == nil ? script.results : [before]
                state.withLock { $0.possible = left }
            }
            // What comes after the answer meets the fault too: manifests, and what is swept.
            do throws(DatabaseError) { try storage.flush() } catch _ {}
            machine.disk.heal()
            if storage.failure != nil { return }
            if problem != nil { try client.run("ROLLBACK") }
            try look(
                client, state, "right after it was refused with \(String(describing: problem))")
        } catch {
            complain(state, "unexpected: \(error)")
        }
    }

    /// Opens again, compares, sends the statement again if it did not happen, and looks at the disk.
    private func recover(
        _ machine: SimulatedPlatform, _ platform: Platform, _ state: borrowing Mutex<Attempt>,
        isAgain: Bool
    ) {
        do throws(DatabaseError) {
            let (storage, client) = try open(platform)
            let found = try look(client, state, isAgain ? "after recovery" : "at the last start")
            let before = state.withLock { $0.before }
            if isAgain, found == before.seen {
                let script = script(on: before)
                for statement in script.statements { try client.run(statement) }
                state.withLock { $0.possible = script.results }
                try look(client, state, "after it was sent again")
            }
            try storage.close()
            let files = RootFiles(
                disk: machine.disk, root: Self.root, forgivesEmptyDirectories: isAgain)
            for text in try files.complaints(about: storage) { complain(state, text) }
        } catch {
            complain(state, "unexpected: \(error)")
        }
    }

    private func open(_ platform: Platform) throws(DatabaseError) -> (Storage, InProcessClient) {
        let storage = try Storage.open(root: Self.root, platform: platform, settings: settings)
        return (
            storage,
            InProcessClient(Engine(storage: storage, platform: platform).makeSession(), platform)
        )
    }

    @discardableResult
    private func look(
        _ client: InProcessClient, _ state: borrowing Mutex<Attempt>, _ when: String
    ) throws(DatabaseError) -> [String: SeenTable] {
        let found = try SeenTable.all(client) { _ in true }
        state.withLock { state in
            let same = state.possible.filter { $0.seen == found }
            if same.isEmpty {
                state.complaints.append(
                    "\(when): "
                        + state.possible.map { found.difference(from: $0.seen) }
                        .joined(separator: " OR "))
            } else {
                state.possible = same
            }
        }
        return found
    }

    private func complain(_ state: borrowing Mutex<Attempt>, _ text: String) {
        state.withLock { $0.complaints.append(text) }
    }
}

/// Every statement with every fault at every n-th call.
struct DefinitionTrials {
    /// 1 tries every call; more leave some out, others for each statement and fault.
    let stride: Int
    let tally: Tally

    /// Calls after which a statement that still meets its fault is broken itself.
    private static let mostCalls = 5_000

    func run(_ trial: DefinitionTrial, _ fault: DefinitionTrial.Fault, seed: UInt64) -> [String] {
        var number = 1 + Int(seed % UInt64(stride))
        while number < Self.mostCalls {
            let outcome = trial.run(fault, at: number, seed: seed &+ UInt64(number))
            if !outcome.complaints.isEmpty { return outcome.complaints }
            tally.add("\(trial.name): \(fault)")
            if !outcome.isHit { return [] }
            number += stride
        }
        return ["\(trial.name) with \(fault) never ended"]
    }
}
