import Catalog
import Diagnostics
import Planner
import SQL
import Synchronization
import Values

/// A session's view of sequences: those of its own transaction, and what it was given last.
final class SessionSequences: Sendable {
    private struct State {
        /// The last number given, by sequence.
        var last: [UInt64: Int64] = [:]
        var newest: Int64?
        /// How far sequences of the open transaction have counted.
        var reserved: [UInt64: Int64] = [:]
    }

    private let shared: SequenceNumbers
    private let state = Mutex(State())

    init(_ shared: SequenceNumbers) { self.shared = shared }

    /// The numbers given by sequences that the transaction made; forgotten by this.
    func takeReserved() -> [UInt64: Int64] {
        state.withLock { state in
            defer { state.reserved = [:] }
            return state.reserved
        }
    }

    /// - Parameter isOwn: the sequence was made by the open transaction.
    func nextValue(_ definition: TableDefinition, isOwn: Bool) -> RowCall? {
        guard let sequence = definition.sequence else { return nil }
        return RowCall(name: "nextval(\(definition.id))", type: .long) {
            [self] () throws(DatabaseError) in
            .integer(try next(definition, sequence, isOwn))
        }
    }

    private func next(_ definition: TableDefinition, _ sequence: SequenceDefinition, _ isOwn: Bool)
        throws(DatabaseError) -> Int64
    {
        let number: Int64
        if isOwn {
            var current = sequence
            current.reserved = state.withLock { $0.reserved[definition.id] } ?? sequence.reserved
            number = try current.stretch(of: 1, name: definition.name).first
            state.withLock { $0.reserved[definition.id] = number }
        } else {
            number = try shared.next(definition.id)
        }
        state.withLock { state in
            state.last[definition.id] = number
            state.newest = number
        }
        return number
    }

    /// The functions that change the database.
    static let changing: Set<String> = ["nextval", "setval"]

    /// `nextval`, `currval`, `lastval` and `setval`; nil for any other name.
    func call(_ function: String, _ arguments: [Value], _ view: StatementView)
        throws(DatabaseError) -> RowCall?
    {
        switch (function, arguments.count) {
        case ("lastval", 0):
            return RowCall(name: "lastval()", type: .long) { [self] () throws(DatabaseError) in
                guard let newest = state.withLock({ $0.newest }) else { throw .noLastValue() }
                return .integer(newest)
            }
        case ("nextval", 1):
            let definition = try sequence(arguments[0], view)
            return nextValue(definition, isOwn: view.isOwn(definition))
        case ("currval", 1):
            let definition = try sequence(arguments[0], view)
            return RowCall(name: "currval(\(definition.id))", type: .long) {
                [self] () throws(DatabaseError) in
                guard let last = state.withLock({ $0.last[definition.id] }) else {
                    throw .noCurrentValue(definition.name)
                }
                return .integer(last)
            }
        case ("setval", 2), ("setval", 3): return try setValue(arguments, view)
        default: return nil
        }
    }

    private func setValue(_ arguments: [Value], _ view: StatementView) throws(DatabaseError)
        -> RowCall?
    {
        let definition = try sequence(arguments[0], view)
        guard case .integer(let number) = arguments[1] else { return nil }
        var isCalled = true
        if arguments.count == 3 {
            guard case .boolean(let flag) = arguments[2] else { return nil }
            isCalled = flag
        }
        if view.isOwn(definition) { throw .setvalUncommitted(definition.name) }
        return RowCall(name: "setval(\(definition.id), \(number))", type: .long) {
            [self, isCalled] () throws(DatabaseError) in
            try shared.set(definition, to: number, isCalled: isCalled)
            if isCalled { state.withLock { $0.last[definition.id] = number } }
            return .integer(number)
        }
    }

    /// Finds a sequence by its name as a string: perhaps with a schema, perhaps quoted.
    private func sequence(_ argument: Value, _ view: StatementView) throws(DatabaseError)
        -> TableDefinition
    {
        guard case .string(let text) = argument else { throw .undefinedTable("NULL", at: nil) }
        let parts = TableName.parts(of: text)
        let name = parts.last ?? text
        let places = parts.count > 1 ? [parts[0]] : view.searchPath
        for place in places {
            guard let found = view.relation(schema: place, name: name) else { continue }
            guard found.sequence != nil else { throw .notASequence(name) }
            return found
        }
        // Told as what it is: a new one of its name would give numbers out a second time.
        let schema = parts.count > 1 ? parts[0] : nil
        if let damage = view.damage(schema: schema, name: name) { throw damage }
        throw .undefinedTable(text, at: nil)
    }
}

extension StatementView {
    /// Whether the open transaction made a relation.
    func isOwn(_ definition: TableDefinition) -> Bool {
        changes[definition.id]?.isCreated == true
    }
}
