package import Catalog
package import Diagnostics
package import SQL
import Values

/// An ALTER TABLE while its steps are taken one after the other.
private struct AlterDraft {
    let original: TableDefinition
    var draft: TableDraft
    /// For each column of the draft its values over the original's columns.
    var values: [BoundExpression]
    var isRewrite = false
    var newlyNotNull: Set<String> = []
    var newChecks: Set<String> = []
    var newKeys: Set<String> = []
    var droppedSequences: [(schema: String, name: String)] = []
    var notices: [String] = []

    var table: TableDefinition {
        get { draft.table }
        set { draft.table = newValue }
    }

    init(_ table: TableDefinition, _ draft: TableDraft) {
        original = table
        self.draft = draft
        values = table.columns.enumerated().map {
            BoundExpression(.column($0), $1.type, position: 0)
        }
    }
}

extension Binder {
    /// The partitions that an ALTER TABLE is about; nil when it is about the definition.
    ///
    /// - Throws: 0A000 when a statement mixes both, for they cannot be one change.
    package mutating func bindPartitions(_ alter: AlterTable, _ table: TableDefinition)
        throws(DatabaseError) -> PartitionChange?
    {
        for step in alter.steps {
            let kind: PartitionChange.Kind
            let choice: PartitionChoice
            switch step.action {
            case .dropPartitions(let written): (kind, choice) = (.drop, written)
            case .detachPartitions(let written): (kind, choice) = (.detach, written)
            case .attachPartitions(let names): (kind, choice) = (.attach, .named(.list(names)))
            case .addColumn, .dropColumn, .renameColumn, .renameTable, .setSchema, .alterColumn,
                .addConstraint, .dropConstraint, .renameConstraint, .setTimeToLive, .enableDedup,
                .disableDedup, .setParameter, .accepted:
                continue
            }
            guard alter.steps.count == 1 else {
                throw .notSupported("a partition among other changes", at: step.position)
            }
            guard let index = table.timestampIndex, table.partitionUnit != .none else {
                throw .notPartitioned(table.name, at: alter.table.position)
            }
            let selection: PartitionChange.Selection
            switch choice {
            case .named(.list(let names)): selection = .names(names)
            case .named(.like(let pattern)): selection = .pattern(pattern)
            case .where(let condition):
                selection = .condition(try partitionCondition(condition, table, index))
            }
            return PartitionChange(kind: kind, selection: selection)
        }
        return nil
    }

    private mutating func partitionCondition(
        _ condition: Expression, _ table: TableDefinition, _ index: Int
    ) throws(DatabaseError) -> BoundExpression {
        let timestamp = table.columns[index]
        for name in condition.columnNames where name != timestamp.name.lowercased() {
            throw .onlyTimestamp(timestamp.name, name, at: condition.position)
        }
        let outer = scope
        scope = Scope()
        scope.columns = [
            Scope.Column(
                table: table.name.lowercased(), schema: nil,
                plan: PlanColumn(name: timestamp.name, type: timestamp.type))
        ]
        clauseWithoutAggregates = "WHERE"
        defer {
            scope = outer
            clauseWithoutAggregates = nil
        }
        return try bindCondition(condition, "WHERE")
    }

    /// Binds the steps of an ALTER TABLE that change its definition.
    package mutating func bindAlter(_ alter: AlterTable, _ table: TableDefinition)
        throws(DatabaseError) -> BoundAlter
    {
        let relations = relations
        let draft = TableDraft(table: table) { name in
            relations.relation(schema: table.schema, name: name) != nil
        }
        var state = AlterDraft(table, draft)
        for step in alter.steps { try take(step, &state) }
        let isSame =
            state.table.withName(state.table.name).following(table)
            == table.withName(table.name)
        let altered = state.table.following(table)
        try Self.checkUpsertKeys(of: altered, before: table, alter)
        return BoundAlter(
            table: table, altered: isSame ? table : altered,
            values: state.isRewrite ? state.values : nil,
            newlyNotNull: altered.columns.indices.filter {
                state.newlyNotNull.contains(altered.columns[$0].name.lowercased())
            },
            newChecks: state.newChecks.sorted(), newKeys: state.newKeys.sorted(),
            newSequences: state.draft.sequences.map { $0.owned(by: table.id) },
            droppedSequences: state.droppedSequences, notices: state.notices)
    }

    /// Rows that are there are compared by keys as they are stored, not as they will be.
    private static func checkUpsertKeys(
        of altered: TableDefinition, before table: TableDefinition, _ alter: AlterTable
    ) throws(DatabaseError) {
        if altered.dedupKeys.allSatisfy({ table.columnIndex(id: $0) != nil }) { return }
        for step in alter.steps {
            guard case .enableDedup = step.action else { continue }
            throw .notSupported(
                "DEDUP ENABLE of a column that the same statement makes or changes",
                at: step.position)
        }
    }

    private mutating func take(_ step: AlterTable.Step, _ state: inout AlterDraft)
        throws(DatabaseError)
    {
        switch step.action {
        case .addColumn(let column, let ifNotExists):
            try addColumn(column, ifNotExists: ifNotExists, &state)
        case .dropColumn(let name, let ifExists):
            try dropColumn(name, ifExists: ifExists, &state)
        case .renameColumn(let old, let new): try renameColumn(old, to: new, &state)
        case .renameTable(let name):
            if name.folded != state.original.name.lowercased(),
                relations.relation(schema: state.original.schema, name: name.folded) != nil
            {
                throw .relationExists(name.text, at: name.position)
            }
            try relations.checkFree(name, in: state.original.schema)
            state.table = state.table.withName(name.text)
        case .setSchema(let schema): try setSchema(schema, &state)
        case .alterColumn(let name, let action): try alterColumn(name, action, &state)
        case .addConstraint(let constraint): try addConstraint(constraint, &state)
        case .dropConstraint(let name, let ifExists):
            try dropConstraint(name, ifExists: ifExists, &state)
        case .renameConstraint(let old, let new): try renameConstraint(old, to: new, &state)
        case .setTimeToLive(let clause): try state.draft.setTimeToLive(clause)
        case .enableDedup(let names): try state.draft.setDedup(names, at: step.position)
        case .disableDedup: state.table = state.table.withDedupKeys([])
        case .setParameter(let parameter): state.draft.set(parameter)
        case .accepted(let notice): state.notices.append(notice)
        case .dropPartitions, .detachPartitions, .attachPartitions:
            throw .notSupported("a partition among other changes", at: step.position)
        }
    }

    // MARK: - Columns

    private mutating func addColumn(
        _ written: SQL.ColumnDefinition, ifNotExists: Bool, _ state: inout AlterDraft
    ) throws(DatabaseError) {
        if ifNotExists, state.table.columnIndex(named: written.name.text) != nil {
            state.notices.append(
                "column \"\(written.name.text)\" of relation \"\(state.table.name)\" already "
                    + "exists, skipping")
            return
        }
        let column = try state.draft.column(written, &self)
        try state.draft.add(column, at: written.name.position)
        let added = state.table.columns[state.table.columns.count - 1]
        switch added.defaultValue {
        case nil:
            state.values.append(
                BoundExpression(.constant(.null), added.type, position: written.name.position))
        case .expression:
            let value = try defaultValue(of: added)
            state.values.append(
                value
                    ?? BoundExpression(
                        .constant(.null), added.type, position: written.name.position))
            state.isRewrite = true
        case .sequence:
            // Rows that are there get numbers too: Engine counts them.
            state.values.append(
                BoundExpression(.constant(.null), added.type, position: written.name.position))
            state.isRewrite = true
        }
        if !added.isNullable { state.newlyNotNull.insert(added.name.lowercased()) }
        for constraint in written.constraints { try addConstraint(constraint, &state) }
    }

    private mutating func dropColumn(_ name: Name, ifExists: Bool, _ state: inout AlterDraft)
        throws(DatabaseError)
    {
        guard let index = state.table.columnIndex(named: name.text) else {
            guard ifExists else {
                throw .undefinedColumn(name.text, of: state.table.name, at: name.position)
            }
            state.notices.append(
                "column \"\(name.text)\" of relation \"\(state.table.name)\" does not exist, "
                    + "skipping")
            return
        }
        if index == state.table.timestampIndex {
            throw .invalidDefinition(
                "cannot remove designated timestamp column \"\(name.text)\"", at: name.position)
        }
        let column = state.table.columns[index]
        if state.table.dedupKeys.contains(column.id) {
            throw .invalidDefinition(
                "cannot remove a column of DEDUP UPSERT KEYS \"\(name.text)\"", at: name.position)
        }
        if state.table.columns.count == 1 {
            throw .invalidDefinition(
                "cannot remove the last column \"\(name.text)\"", at: name.position)
        }
        if case .sequence(let schema, let sequence, _)? = column.defaultValue {
            state.droppedSequences.append((schema, sequence))
        }
        let checks = state.table.checks
        let kept = try checks.keeping { (check) throws(DatabaseError) in
            try !Parser.parseExpression(check.text).columnNames.contains(column.name.lowercased())
        }
        if kept.count < checks.count { state.table = state.table.withChecks(kept) }
        state.table = state.table.withoutColumn(at: index)
        state.values.remove(at: index)
        state.newlyNotNull.remove(column.name.lowercased())
    }

    private mutating func renameColumn(_ old: Name, to new: Name, _ state: inout AlterDraft)
        throws(DatabaseError)
    {
        let index = try state.draft.index(of: old)
        if let taken = state.table.columnIndex(named: new.text), taken != index {
            throw .columnExists(new.text, of: state.table.name, at: new.position)
        }
        var checks: [CheckConstraint] = []
        for check in state.table.checks {
            let text = try Parser.renameColumn(in: check.text, from: old, to: new)
            checks.append(CheckConstraint(name: check.name, text: text))
        }
        if checks != state.table.checks { state.table = state.table.withChecks(checks) }
        state.table = state.table.withColumnName(new.text, at: index)
        if state.newlyNotNull.remove(old.folded) != nil { state.newlyNotNull.insert(new.folded) }
    }

    private mutating func alterColumn(
        _ name: Name, _ action: AlterTable.ColumnAction, _ state: inout AlterDraft
    ) throws(DatabaseError) {
        let index = try state.draft.index(of: name)
        let column = state.table.columns[index]
        switch action {
        case .type(let type, let using): try changeType(index, type, using, &state)
        case .setDefault(let expression):
            let value = try checkDefault(expression, of: column.name, column.type)
            state.table = state.table.withDefault(value, at: index)
        case .dropDefault: state.table = state.table.withDefault(nil, at: index)
        case .setNotNull:
            if state.table.isNullable(index) {
                state.table = state.table.withNullable(false, at: index)
                state.newlyNotNull.insert(column.name.lowercased())
            }
        case .dropNotNull:
            if state.table.keys.contains(where: { $0.isPrimary && $0.columns.contains(column.id) })
            {
                throw .invalidDefinition(
                    "column \"\(column.name)\" is in a primary key", at: name.position)
            }
            if index == state.table.timestampIndex {
                throw .invalidDefinition(
                    "the designated timestamp is never NULL \"\(column.name)\"",
                    at: name.position)
            }
            state.table = state.table.withNullable(true, at: index)
            state.newlyNotNull.remove(column.name.lowercased())
        case .symbolCapacity(let capacity):
            try state.draft.changeSymbol(name) { old in
                SymbolOptions(
                    capacity: UInt32(clamping: capacity), isCached: old?.isCached,
                    isIndexed: old?.isIndexed ?? false, indexCapacity: old?.indexCapacity)
            }
        case .cache(let isCached):
            try state.draft.changeSymbol(name) { old in
                SymbolOptions(
                    capacity: old?.capacity, isCached: isCached,
                    isIndexed: old?.isIndexed ?? false, indexCapacity: old?.indexCapacity)
            }
        case .addIndex(let capacity):
            try state.draft.setIndex(true, capacity: capacity, of: name)
        case .dropIndex: try state.draft.setIndex(false, capacity: nil, of: name)
        }
    }

    private mutating func changeType(
        _ index: Int, _ name: TypeName, _ using: Expression?, _ state: inout AlterDraft
    ) throws(DatabaseError) {
        let column = state.table.columns[index]
        if index == state.table.timestampIndex {
            throw .invalidDefinition(
                "cannot change type of designated timestamp column \"\(column.name)\"",
                at: name.position)
        }
        let type = try Self.columnType(named: name)
        let modifier = try Self.modifier(of: name)
        if type == column.type, using == nil,
            modifier == column.modifier || modifier?.takesAll(of: column.modifier) ?? true
        {
            if modifier != column.modifier {
                state.table = state.table.withModifier(modifier, at: index)
            }
            return
        }
        let value: BoundExpression
        if let using {
            let outer = scope
            scope = Scope(of: state.original)
            clauseWithoutAggregates = "transform expressions"
            defer {
                scope = outer
                clauseWithoutAggregates = nil
            }
            value = try bind(using, expecting: isUntyped(using) ? type : nil)
            guard Coercion.isAssignable(value.type, type) else {
                throw .noSuchCast(value.type, type).at(name.position)
            }
        } else {
            value = state.values[index]
            guard Coercion.isAllowed(column.type, type) else {
                throw .noSuchCast(column.type, type).at(name.position)
            }
        }
        state.values[index] = try Coercion.fit(
            Coercion.convert(value, to: type), modifier, isCast: false)
        state.isRewrite = true
        let new = Catalog.ColumnDefinition(
            id: 0, name: column.name, type: type, modifier: modifier, isNullable: column.isNullable,
            defaultValue: column.defaultValue)
        if case .sequence? = new.defaultValue, type != .short, type != .int, type != .long {
            throw .invalidDefinition(
                "identity column type must be smallint, integer, or bigint", at: name.position)
        }
        state.table = state.table.replacingColumn(at: index, with: new)
        if !new.isNullable { state.newlyNotNull.insert(new.name.lowercased()) }
        do throws(DatabaseError) {
            // What is stored as text must still mean something.
            _ = try defaultValue(of: new)
            _ = try checks(of: state.table)
        } catch {
            throw error.at(name.position)
        }
        for check in state.table.checks { state.newChecks.insert(check.name.lowercased()) }
        for key in state.table.keys { state.newKeys.insert(key.name.lowercased()) }
    }

    // MARK: - Constraints and names

    private mutating func addConstraint(_ constraint: TableConstraint, _ state: inout AlterDraft)
        throws(DatabaseError)
    {
        try state.draft.add(constraint, &self)
        switch constraint.kind {
        case .check:
            if let new = state.table.checks.last { state.newChecks.insert(new.name.lowercased()) }
        case .key(let isPrimary, let columns):
            if let new = state.table.keys.last { state.newKeys.insert(new.name.lowercased()) }
            if isPrimary { state.newlyNotNull.formUnion(columns.map(\.folded)) }
        }
    }

    private func dropConstraint(_ name: Name, ifExists: Bool, _ state: inout AlterDraft)
        throws(DatabaseError)
    {
        let checks = state.table.checks.filter { $0.name.lowercased() != name.folded }
        let keys = state.table.keys.filter { $0.name.lowercased() != name.folded }
        if checks.count == state.table.checks.count, keys.count == state.table.keys.count {
            guard ifExists else {
                throw .undefinedConstraint(name.text, of: state.table.name, at: name.position)
            }
            state.notices.append(
                "constraint \"\(name.text)\" of relation \"\(state.table.name)\" does not exist, "
                    + "skipping")
            return
        }
        state.table = state.table.withChecks(checks).withKeys(keys)
        state.newChecks.remove(name.folded)
        state.newKeys.remove(name.folded)
    }

    private func renameConstraint(_ old: Name, to new: Name, _ state: inout AlterDraft)
        throws(DatabaseError)
    {
        let names = (state.table.checks.map(\.name) + state.table.keys.map(\.name))
            .map { $0.lowercased() }
        guard names.contains(old.folded) else {
            throw .undefinedConstraint(old.text, of: state.table.name, at: old.position)
        }
        if old.folded != new.folded, names.contains(new.folded) {
            throw .constraintExists(new.text, of: state.table.name, at: new.position)
        }
        state.table = state.table.withChecks(
            state.table.checks.map {
                $0.name.lowercased() == old.folded
                    ? CheckConstraint(name: new.text, text: $0.text) : $0
            }
        ).withKeys(
            state.table.keys.map {
                $0.name.lowercased() == old.folded
                    ? KeyConstraint(name: new.text, isPrimary: $0.isPrimary, columns: $0.columns)
                    : $0
            })
    }

    private func setSchema(_ schema: Name, _ state: inout AlterDraft) throws(DatabaseError) {
        guard
            schema.folded == "public" || relations.relation(schema: "", name: schema.folded) != nil
        else {
            throw .undefinedSchema(schema.text, at: schema.position)
        }
        if schema.folded != state.table.schema.lowercased(),
            relations.relation(schema: schema.folded, name: state.table.name) != nil
        {
            throw .relationExists(state.table.name, at: schema.position)
        }
        if let damage = relations.damage(schema: schema.folded, name: state.table.name) {
            throw damage.at(schema.position)
        }
        state.table = state.table.withName(state.table.name, schema: schema.folded)
    }
}

extension Array {
    /// `filter` with a typed error.
    fileprivate func keeping(_ isKept: (Element) throws(DatabaseError) -> Bool)
        throws(DatabaseError) -> [Element]
    {
        var kept: [Element] = []
        for element in self where try isKept(element) { kept.append(element) }
        return kept
    }
}
