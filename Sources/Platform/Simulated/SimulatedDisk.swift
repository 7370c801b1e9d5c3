import Diagnostics
import Synchronization

/// A disk in memory that knows what was synced, file content and directory entries apart.
///
/// Tests look into it and plan its faults here; programs reach it through the `FileSystem` of
/// `SimulatedPlatform.platform`. Looking and planning are not scheduling points.
package final class SimulatedDisk: Sendable {
    /// A failure waiting for its call.
    private struct Fault {
        let call: FileCall?
        let pathPart: String?
        var skip: Int
        var times: Int
        let errorNumber: Int32
    }

    private struct LockState {
        var isExclusive: Bool
        var holders: Int
    }

    private struct State {
        var tree: SimulatedTree
        var faults: [Fault] = []
        var locks: [Int: LockState] = [:]
        var callCount = 0
        var syncCount = 0
        var crashAtCall: Int?
        /// Whether the crash is of the process alone: what it wrote stays.
        var isKill = false
        var failures: [Int32: Int] = [:]
    }

    let scheduler: SimulatedScheduler
    private let state: Mutex<State>

    init(scheduler: SimulatedScheduler, capacity: Int?) {
        self.scheduler = scheduler
        state = Mutex(State(tree: SimulatedTree(capacity: capacity)))
    }

    // MARK: Planning faults

    /// Lets calls fail with `errorNumber`: those of a kind (nil: any) whose path contains a text
    /// (nil: any), after `skip` of them went well, `times` times.
    package func fail(
        _ call: FileCall?, pathContaining pathPart: String? = nil, skip: Int = 0, times: Int = 1,
        with errorNumber: Int32
    ) {
        state.withLock {
            $0.faults.append(
                Fault(
                    call: call, pathPart: pathPart, skip: skip, times: times,
                    errorNumber: errorNumber))
        }
    }

    /// Lets the n-th call from now (1 is the next) fail.
    package func failCall(number: Int, with errorNumber: Int32) {
        fail(nil, skip: number - 1, with: errorNumber)
    }

    package func clearFaults() { state.withLock { $0.faults = [] } }

    /// Cuts the power at the n-th call from now (1 is the next): before or after it takes effect.
    package func crashAtCall(_ number: Int?) { stop(atCall: number, isKill: false) }

    /// Ends the process in the same way. The disk keeps what was written, durable or not, until a
    /// power loss takes it.
    package func killAtCall(_ number: Int) { stop(atCall: number, isKill: true) }

    private func stop(atCall number: Int?, isKill: Bool) {
        state.withLock { state in
            state.crashAtCall = number.map { state.callCount + $0 }
            state.isKill = isKill
        }
    }

    /// Bytes of all files.
    package var usedBytes: Int { paths().reduce(0) { $0 + (contents(of: $1)?.count ?? 0) } }

    /// Limits the disk: what does not fit is ENOSPC.
    package func setCapacity(_ bytes: Int?) { state.withLock { $0.tree.capacity = bytes } }

    /// Lets files share blocks, as on btrfs and XFS; without it they cannot, as on ext4.
    package func shareBlocks() { state.withLock { $0.tree.sharesBlocks = true } }

    /// Calls made so far: run once, then crash at each of them.
    package var callCount: Int { state.withLock { $0.callCount } }

    /// Those of them that make something durable.
    package var syncCount: Int { state.withLock { $0.syncCount } }

    /// Calls that failed so far because a test wanted it: planned faults by their errno, and the
    /// writes that a full disk refused.
    package var failures: [Int32: Int] { state.withLock { $0.failures } }

    // MARK: Looking and spoiling

    /// The bytes of a file as programs see them now, or nil when there is none.
    package func contents(of path: String) -> [UInt8]? {
        state.withLock { state in
            guard let node = Self.node(state.tree, path), !node.isDirectory else { return nil }
            return node.read(at: 0, count: node.length)
        }
    }

    /// Every path below the root, sorted; directories end with a slash.
    package func paths() -> [String] {
        state.withLock { state in
            var found: [String] = []
            func visit(_ node: SimulatedNode, _ path: String) {
                for (name, child) in node.entries {
                    found.append(path + name + (child.isDirectory ? "/" : ""))
                    visit(child, path + name + "/")
                }
            }
            visit(state.tree.root, "/")
            return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    /// Flips one bit of a file, on the platter too. What comes back flips it back, whatever names
    /// the file has by then.
    @discardableResult
    package func flipBit(_ path: String, offset: Int, bit: Int = 0) -> @Sendable () -> Void {
        let node = state.withLock { state in
            guard let node = Self.node(state.tree, path), offset >= 0, offset < node.length else {
                preconditionFailure("a bit can only be flipped inside a file")
            }
            node.flip(bit: bit & 7, at: offset)
            return node
        }
        return {
            self.state.withLock { _ in
                if offset < node.length { node.flip(bit: bit & 7, at: offset) }
            }
        }
    }

    private static func node(_ tree: SimulatedTree, _ path: String) -> SimulatedNode? {
        do throws(SimulatedFailure) {
            return try tree.find(path)
        } catch _ {
            return nil
        }
    }

    // MARK: Power

    /// Drops every lock, and what is not durable unless only the process ends. The caller stops
    /// the tasks.
    private func endBoot() {
        let isKill = state.withLock { state in
            defer { (state.isKill, state.crashAtCall) = (false, nil) }
            if state.isKill { state.locks = [:] }
            return state.isKill
        }
        if !isKill { losePower() }
    }

    /// Drops what is not durable, and every lock. The caller stops the tasks.
    func losePower() {
        let seed = scheduler.drawing { $0.next() }
        state.withLock { state in
            var random = SeededRandom(seed: seed)
            state.tree.losePower(&random)
            state.locks = [:]
            state.crashAtCall = nil
        }
    }

    /// Syncs a file's data. It has the node, since the name may be gone or another's by now.
    func performSync(_ boot: Int, _ path: String, _ node: SimulatedNode) throws(DatabaseError) {
        do {
            try perform(boot, .fsync, path) { _ in node.sync() }
        } catch {
            if scheduler.boot == boot { state.withLock { _ in node.failSync() } }
            throw error
        }
    }

    // MARK: Calls

    /// Makes one call: lets others go first, then fails, crashes or does it.
    func perform<R>(
        _ boot: Int, _ call: FileCall, _ path: String, to target: String? = nil,
        _ detail: @autoclosure () -> String = "",
        _ body: (inout SimulatedTree) throws(SimulatedFailure) -> R
    ) throws(DatabaseError) -> R {
        let arguments = target.map { " -> \($0)" } ?? detail()
        guard scheduler.point(boot, "\(call.rawValue) \(path)\(arguments)") else {
            throw .machineIsDown(call, path)
        }
        let (isCrash, errorNumber) = state.withLock { state -> (Bool, Int32?) in
            state.callCount += 1
            if [.fsync, .syncDirectory, .syncFileSystem].contains(call) { state.syncCount += 1 }
            return (
                state.crashAtCall == state.callCount, Self.takeFault(&state.faults, call, path)
            )
        }
        if isCrash, scheduler.drawing({ $0.coin() }) {
            endBoot()
            scheduler.cutPower()
            throw .machineIsDown(call, path)
        }
        let result: Result<R, SimulatedFailure> = state.withLock { state in
            if let errorNumber {
                state.failures[errorNumber, default: 0] += 1
                return .failure(SimulatedFailure(errorNumber))
            }
            do throws(SimulatedFailure) {
                return .success(try body(&state.tree))
            } catch {
                if error.errorNumber == ErrorNumber.noSpace {
                    state.failures[error.errorNumber, default: 0] += 1
                }
                return .failure(error)
            }
        }
        if isCrash {
            endBoot()
            scheduler.cutPower()
            throw .machineIsDown(call, path)
        }
        switch result {
        case .success(let value): return value
        case .failure(let failure):
            scheduler.note("failed \(failure.errorNumber)")
            throw .fileCall(call, path, to: target, failure.errorNumber)
        }
    }

    private static func takeFault(_ faults: inout [Fault], _ call: FileCall, _ path: String)
        -> Int32?
    {
        for index in faults.indices {
            let fault = faults[index]
            guard fault.call == nil || fault.call == call else { continue }
            if let part = fault.pathPart, !path.contains(part) { continue }
            if fault.skip > 0 {
                faults[index].skip -= 1
                continue
            }
            faults[index].times -= 1
            if faults[index].times <= 0 { faults.remove(at: index) }
            return fault.errorNumber
        }
        return nil
    }

    // MARK: Locks

    /// Takes a lock on a node's number, or returns false when it is held otherwise.
    func takeLock(_ number: Int, _ mode: LockMode) -> Bool {
        state.withLock { state in
            guard let held = state.locks[number] else {
                state.locks[number] = LockState(isExclusive: mode == .exclusive, holders: 1)
                return true
            }
            if held.isExclusive || mode == .exclusive { return false }
            state.locks[number]?.holders += 1
            return true
        }
    }

    func releaseLock(_ number: Int, _ boot: Int) {
        guard scheduler.boot == boot else { return }
        state.withLock { state in
            state.locks[number]?.holders -= 1
            if state.locks[number]?.holders == 0 { state.locks[number] = nil }
        }
    }
}
