import Catalog
import Diagnostics
import Storage
import Synchronization

/// Gives out the numbers of stored sequences: a stretch of them is reserved by one commit before
/// the first is given, so that a crash can only leave numbers out.
final class SequenceNumbers: Sendable {
    /// Numbers that are reserved and not given out.
    private struct Stretch {
        var next: Int64
        var left: Int
        let increment: Int64
        /// The last number that was given out; at first what was before the stretch.
        var given: Int64?
        /// The last number of the stretch, which the sequence says is given.
        let end: Int64
        /// How many are reserved the next time.
        let following: Int
    }

    private let storage: Storage
    private let stretches = Mutex<[UInt64: Stretch]>([:])

    init(storage: Storage) { self.storage = storage }

    /// Gives the next number. Blocks while a stretch is reserved.
    ///
    /// - Throws: 2200H at the end of a sequence that does not cycle.
    func next(_ id: UInt64) throws(DatabaseError) -> Int64 {
        while true {
            let given = stretches.withLock { stretches -> Int64? in
                guard var stretch = stretches[id], stretch.left > 0 else { return nil }
                let number = stretch.next
                stretch.left -= 1
                stretch.given = number
                // The last number of a stretch may be the last there is: nothing follows it.
                if stretch.left > 0 { stretch.next += stretch.increment }
                stretches[id] = stretch
                return number
            }
            if let given { return given }
            try reserve(id)
        }
    }

    /// Forgets what is reserved: the sequence was changed or is gone.
    func forget(_ id: UInt64) { _ = stretches.withLock { $0.removeValue(forKey: id) } }

    private func reserve(_ id: UInt64) throws(DatabaseError) {
        guard let definition = storage.snapshot().table(id: id)?.definition,
            let sequence = definition.sequence
        else { throw .sequenceIsGone() }
        let following = stretches.withLock { $0[id]?.following } ?? Limits.firstStretch
        let (first, count, last) = try sequence.stretch(of: following, name: definition.name)
        var reserved = sequence
        reserved.reserved = last
        do throws(DatabaseError) {
            _ = try storage.commit(
                Transaction(edits: [.alterTable(definition.withSequence(reserved))]))
        } catch {
            // Another session was first: its stretch is as good.
            guard error.state == .serializationFailure else { throw error }
            return
        }
        stretches.withLock { stretches in
            stretches[id] = Stretch(
                next: first, left: count, increment: sequence.increment,
                given: sequence.reserved, end: last,
                following: min(following * 2, Limits.longestStretch))
        }
    }

    /// Gives back what is reserved and not given out, in one commit: a clean stop leaves no number out.
    /// Whoever takes numbers meanwhile reserves others, and nothing is given back of that sequence.
    ///
    /// - Throws: what the commit throws. Then numbers are left out, as by a crash.
    func giveBack() throws(DatabaseError) {
        let taken = stretches.withLock { stretches in
            defer { stretches = [:] }
            return stretches.filter { $0.value.left > 0 }
        }
        if taken.isEmpty || storage.settings.isReadOnly || storage.failure != nil { return }
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        var edits: [Edit] = []
        for (id, stretch) in taken.sorted(by: { $0.key < $1.key }) {
            guard let definition = snapshot.table(id: id)?.definition,
                var sequence = definition.sequence, sequence.reserved == stretch.end
            else { continue }
            sequence.reserved = stretch.given
            edits.append(.alterTable(definition.withSequence(sequence)))
        }
        if edits.isEmpty { return }
        _ = try storage.commit(Transaction(edits: edits))
    }

    /// Makes a number the last one given; at once and for everybody, as PostgreSQL has it.
    func set(_ definition: TableDefinition, to number: Int64, isCalled: Bool)
        throws(DatabaseError)
    {
        while true {
            guard let current = storage.snapshot().table(id: definition.id)?.definition,
                var sequence = current.sequence
            else { throw .sequenceIsGone() }
            guard sequence.minimum <= number, number <= sequence.maximum else {
                throw .sequenceValueOutOfBounds(number, definition.name)
            }
            sequence.set(to: number, isCalled: isCalled)
            do throws(DatabaseError) {
                _ = try storage.commit(
                    Transaction(edits: [.alterTable(current.withSequence(sequence))]))
                return forget(definition.id)
            } catch {
                guard error.state == .serializationFailure else { throw error }
            }
        }
    }
}

extension SequenceDefinition {
    /// The numbers that come next: the first, how many and the last.
    func stretch(of wanted: Int, name: String) throws(DatabaseError)
        -> (first: Int64, count: Int, last: Int64)
    {
        var first = start
        if let reserved {
            let next = reserved.addingReportingOverflow(increment)
            let isOver =
                next.overflow || next.partialValue > maximum || next.partialValue < minimum
            if isOver && !isCycling { throw .sequenceExhausted(name, isUp: increment > 0, self) }
            first = isOver ? (increment > 0 ? minimum : maximum) : next.partialValue
        }
        // How many fit between the first and the bound, in unsigned arithmetic: no overflow.
        let room =
            increment > 0
            ? UInt64(bitPattern: maximum &- first) : UInt64(bitPattern: first &- minimum)
        let steps = room / increment.magnitude
        let count = steps >= UInt64(wanted - 1) ? wanted : Int(steps) + 1
        return (first, count, first + Int64(count - 1) * increment)
    }

    mutating func set(to number: Int64, isCalled: Bool) {
        if isCalled {
            reserved = number
            return
        }
        let before = number.subtractingReportingOverflow(increment)
        reserved = before.overflow ? nil : before.partialValue
        if before.overflow { start = number }
    }
}
