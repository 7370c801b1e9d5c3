import Values

/// What the definitions' task sends next: one statement, or a block with savepoints.
struct DefinitionScript: Sendable {
    let statements: [String]
    let kinds: [String]
    /// What may be there once everything was answered: more than one where a statement goes on
    /// after its commit.
    let results: [DefinedDatabase]

    init(_ change: DefinitionChange, on database: DefinedDatabase) {
        statements = [change.sql(on: database)]
        kinds = [change.kind]
        let after = change.applied(to: database)
        if case .timeToLive(let table) = change {
            // The setting is one commit and what it drops another, tried again later.
            var onlySet = database
            onlySet.tables[table]?.mayExpire = true
            results = [after, onlySet]
        } else {
            results = [after]
        }
    }

    private init(statements: [String], kinds: [String], results: [DefinedDatabase]) {
        self.statements = statements
        self.kinds = kinds
        self.results = results
    }

    /// How a block ends.
    enum Ending: Sendable {
        case commit, rollback
        /// All but the first statement is taken back to a savepoint, and the rest is committed.
        case rollbackToFirst
    }

    /// Several changes in one transaction.
    init(
        block changes: [DefinitionChange], ending: Ending = .commit, on database: DefinedDatabase
    ) {
        var states = [database]
        var texts = ["BEGIN"]
        for change in changes {
            texts.append(change.sql(on: states[states.count - 1]))
            states.append(change.applied(to: states[states.count - 1]))
            if states.count == 2, ending == .rollbackToFirst { texts.append("SAVEPOINT first") }
        }
        kinds = changes.map(\.kind)
        switch ending {
        case .commit:
            statements = texts + ["COMMIT"]
            results = states.suffix(1)
        case .rollback:
            statements = texts + ["ROLLBACK"]
            results = [database]
        case .rollbackToFirst:
            statements = texts + ["ROLLBACK TO SAVEPOINT first", "COMMIT"]
            results = [states[1]]
        }
    }

    /// Chooses from what the tables allow.
    init(on database: DefinedDatabase, numbers: (Int) -> [Int64], random: inout SplitMix) {
        let isBlock = random.next() % 4 == 0
        if !isBlock {
            let change = DefinitionChange.choose(on: database, numbers, &random)
            self.init(change, on: database)
            return
        }
        var state = database
        var texts = ["BEGIN"]
        var kinds = ["block"]
        var changedRows: Set<String> = []
        var touched: Set<String> = []
        var moved: Set<String> = []
        for step in 0..<1 + random.next() % 4 {
            let change = DefinitionChange.choose(on: state, numbers, &random)
            if !change.fitsInBlock { continue }
            // A table whose rows the block has changed takes no other definition.
            if let table = change.altered, changedRows.contains(table) { continue }
            // Partitions leave no table that the block has changed, and then it changes no more.
            if let table = change.moved {
                if touched.contains(table) { continue }
                moved.insert(table)
            } else if !change.tables.isDisjoint(with: moved) {
                continue
            }
            if let table = change.written { changedRows.insert(table) }
            if change.moved == nil { touched.formUnion(change.tables) }
            let isUndone = random.next() % 4 == 0
            if isUndone { texts.append("SAVEPOINT s\(step)") }
            texts.append(change.sql(on: state))
            if isUndone {
                texts.append("ROLLBACK TO SAVEPOINT s\(step)")
                kinds.append("SAVEPOINT")
            } else {
                kinds.append(change.kind)
                state = change.applied(to: state)
            }
        }
        let isKept = random.next() % 6 != 0
        self.init(
            statements: texts + [isKept ? "COMMIT" : "ROLLBACK"], kinds: kinds,
            results: [isKept ? state : database])
    }
}

extension DefinitionChange {
    /// The table whose definition it changes.
    fileprivate var altered: String? {
        switch self {
        case .addColumn(let table, _, _, _), .dropColumn(let table, _),
            .renameColumn(let table, _, _), .changeType(let table, _, _), .enableKeys(let table),
            .rename(let table, _), .truncate(let table), .drop(let table):
            table
        default: nil
        }
    }

    /// The table that a partition leaves or comes back to.
    fileprivate var moved: String? {
        switch self {
        case .detach(let table, _), .attach(let table, _), .dropPartition(let table, _): table
        default: nil
        }
    }

    /// The tables that it is about.
    fileprivate var tables: Set<String> {
        var names = Set([altered, written, moved].compactMap { $0 })
        if case .rename(let old, let new) = self { names.formUnion([old, new]) }
        return names
    }

    fileprivate var written: String? {
        switch self {
        case .insert(let table, _, _), .update(let table, _, _, _, _), .delete(let table, _, _),
            .create(let table), .createAs(let table, _), .addColumn(let table, _, _, _),
            .truncate(let table):
            table
        case .rename(_, let table): table
        default: nil
        }
    }

    static func choose(
        on database: DefinedDatabase, _ numbers: (Int) -> [Int64], _ random: inout SplitMix
    ) -> DefinitionChange {
        let names = database.tables.keys.sorted()
        let free = (0..<4).map { "d\($0)" }.filter { !names.contains($0) }
        guard !names.isEmpty, let table = database.tables[names[0]] else {
            return .create("d0")
        }
        let name = names[Int(random.next() % UInt64(names.count))]
        let chosen = database.tables[name] ?? table
        switch random.next() % 24 {
        case 0: if let new = free.first { return .create(new) }
        case 1: if let new = free.last { return .createAs(new, from: name) }
        case 2: return .drop(name)
        case 3: if let new = free.randomElement(&random) { return .rename(name, to: new) }
        case 4: return .truncate(name)
        case 5, 6: return newColumn(name, chosen, database.nextColumn, &random)
        case 7:
            if let column = chosen.free.randomElement(&random) {
                return .dropColumn(name, name: column.name)
            }
        case 8:
            if let column = chosen.free.randomElement(&random) {
                return .renameColumn(name, name: column.name, to: "r\(database.nextColumn)")
            }
        case 9, 10:
            if let column = chosen.free.randomElement(&random) {
                let types: [ValueType] = [.int, .long, .varchar].filter { $0 != column.type }
                return .changeType(name, name: column.name, to: types[Int(random.next() % 2)])
            }
        case 11:
            if let day = chosen.presentDays.randomElement(&random) {
                return .dropPartition(name, day: day)
            }
        case 12, 13:
            if let day = chosen.presentDays.randomElement(&random),
                chosen.detached[day] == nil
            {
                return .detach(name, day: day)
            }
        case 14, 15:
            if let day = chosen.attachableDays.randomElement(&random) {
                return .attach(name, day: day)
            }
        case 16: if !chosen.hasKeys { return .enableKeys(name) }
        case 17: return .timeToLive(name)
        case 18:
            return .delete(
                name, divisor: 2 + Int(random.next() % 3), rest: Int(random.next() % 2))
        case 19:
            if let column = chosen.free.randomElement(&random) {
                return .update(
                    name, name: column.name, value: Int(random.next() % 1_000),
                    divisor: 1 + Int(random.next() % 3), rest: 0)
            }
        default: break
        }
        return newRows(name, chosen, numbers, &random)
    }

    private static func newColumn(
        _ name: String, _ table: DefinedTable, _ id: Int, _ random: inout SplitMix
    ) -> DefinitionChange {
        if table.columns.count > 6, let column = table.free.first {
            return .dropColumn(name, name: column.name)
        }
        let types: [ValueType] = [.int, .long, .varchar]
        return .addColumn(
            name, name: "c\(id)", type: types[Int(random.next() % 3)],
            initial: random.next() % 3 == 0 ? Int(random.next() % 100) : nil)
    }

    private static func newRows(
        _ name: String, _ table: DefinedTable, _ numbers: (Int) -> [Int64],
        _ random: inout SplitMix
    ) -> DefinitionChange {
        var rows = numbers(1 + Int(random.next() % 12)).map { Int($0) }
        let old = table.rows.keys.sorted()
        if table.hasKeys, let again = old.randomElement(&random) { rows.append(again) }
        // A detached partition's keys are not in the table, and must not come twice.
        return .insert(name, rows, value: Int(random.next() % 1_000))
    }
}

extension DefinedTable {
    /// Columns whose values may become anything.
    fileprivate var free: [Column] { columns.filter { $0.type != .symbol } }
}

extension Array {
    fileprivate func randomElement(_ random: inout SplitMix) -> Element? {
        isEmpty ? nil : self[Int(random.next() % UInt64(count))]
    }
}
