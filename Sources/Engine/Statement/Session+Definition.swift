import Catalog
import Diagnostics
import Planner
import SQL
import Storage
import Values

/// CREATE TABLE, and what makes and drops schemas, sequences and indexes.
extension Session {
    // MARK: - Tables

    func createTable(_ create: CreateTable, completion: @escaping Completion)
        throws(DatabaseError)
    {
        let name = create.table.name
        let view = view()
        let schema = try schema(for: create.table, view)
        if let found = view.relation(schema: schema, name: name.folded) {
            guard create.ifNotExists, found.isTable else {
                if found.isTable { throw .tableExists(name.text, at: name.position) }
                throw .relationExists(name.text, at: name.position)
            }
            notice(.notice, .duplicateTable, "relation \"\(name.text)\" already exists, skipping")
            completion(.success(.command(CommandResult("CREATE TABLE"))))
            return
        }
        try view.checkFree(name, in: schema)
        if let query = create.query {
            return try createTable(create, as: query, completion: completion)
        }
        var binder = Binder(relations: view)
        // Bound before ids are taken: ids are for ever.
        let bound = try binder.bindCreateTable(create, schema: schema)
            .numbered { engine.storage.reserveTableID() }
        apply(CommandResult("CREATE TABLE"), completion: completion) { changes in
            for sequence in bound.sequences { changes.create(sequence) }
            changes.create(bound.table)
        }
    }

    /// The schema in which a new relation is to be: the one written, or the first of the search
    /// path that is there.
    func schema(for name: TableName, _ view: StatementView) throws(DatabaseError) -> String {
        guard let written = name.schema else {
            let found = view.searchPath.first { isSchema($0, view) }
            guard let found else {
                throw .noSchemaSelected(at: name.position)
            }
            return found
        }
        guard isSchema(written.folded, view) else {
            let damage = view.damagedSchema(written.folded)?.error.at(written.position)
            throw damage ?? .undefinedSchema(written.text, at: written.position)
        }
        return written.folded
    }

    private func isSchema(_ name: String, _ view: StatementView) -> Bool {
        name == "public" || view.relation(schema: "", name: name)?.kind == .schema
    }

    // MARK: - The rest

    func define(_ statement: DefinitionStatement, completion: @escaping Completion)
        throws(DatabaseError)
    {
        let result = CommandResult(statement.tag)
        switch statement {
        case .createSchema(let name, let ifNotExists):
            try createSchema(name, ifNotExists, result, completion)
        case .dropSchemas(let names, let ifExists, let cascade):
            try dropSchemas(names, ifExists, cascade, result, completion)
        case .createSequence(let create): try createSequence(create, result, completion)
        case .alterSequence(let alter): try alterSequence(alter, result, completion)
        case .dropSequences(let names, let ifExists):
            try dropSequences(names, ifExists, result, completion)
        case .createIndex(let index): try createIndex(index, completion)
        case .dropIndexes(let names, _):
            for name in names {
                notice(
                    .notice, .undefinedObject,
                    "index \"\(name.name.text)\" does not exist, skipping")
            }
            completion(.success(.command(result)))
        }
    }

    private func createSchema(
        _ name: Name, _ ifNotExists: Bool, _ result: CommandResult,
        _ completion: @escaping Completion
    ) throws(DatabaseError) {
        if isSchema(name.folded, view()) || SystemRelations.schemas.contains(name.folded) {
            guard ifNotExists else { throw .schemaExists(name.text, at: name.position) }
            notice(
                .notice, .duplicateSchema, "schema \"\(name.text)\" already exists, skipping")
            return completion(.success(.command(result)))
        }
        try view().checkFree(name, in: "")
        let definition = TableDefinition.schema(
            id: engine.storage.reserveTableID(), name: name.folded)
        apply(result, completion: completion) { $0.create(definition) }
    }

    private func dropSchemas(
        _ names: [Name], _ ifExists: Bool, _ cascade: Bool, _ result: CommandResult,
        _ completion: @escaping Completion
    ) throws(DatabaseError) {
        let view = view()
        var gone: [TableDefinition] = []
        for name in names {
            if name.folded == "public" || SystemRelations.schemas.contains(name.folded) {
                throw .requiredSchema(name.text, at: name.position)
            }
            let there = view.relation(schema: "", name: name.folded)
            guard let schema = there ?? view.damagedSchema(name.folded)?.standIn else {
                guard ifExists else { throw .undefinedSchema(name.text, at: name.position) }
                notice(
                    .notice, .undefinedSchema, "schema \"\(name.text)\" does not exist, skipping")
                continue
            }
            let inside = (view.system.definitions + view.otherRelations).filter {
                $0.schema.lowercased() == name.folded && $0.kind != .schema
            }
            if let first = inside.first, !cascade {
                throw .schemaHolds(name.text, first.name, at: name.position)
            }
            gone += inside + [schema]
        }
        let found = gone
        let tables = gone.filter(\.isTable).map(\.id)
        try locking(tables, completion: completion) { [self] in
            apply(result, completion: completion) { changes in
                for definition in found { changes.drop(definition) }
            }
        }
    }

    // MARK: - Sequences

    private func createSequence(
        _ create: CreateSequence, _ result: CommandResult, _ completion: @escaping Completion
    ) throws(DatabaseError) {
        let view = view()
        let schema = try schema(for: create.name, view)
        let name = create.name.name
        if view.relation(schema: schema, name: name.folded) != nil {
            guard create.ifNotExists else { throw .relationExists(name.text, at: name.position) }
            notice(.notice, .duplicateTable, "relation \"\(name.text)\" already exists, skipping")
            return completion(.success(.command(result)))
        }
        try view.checkFree(name, in: schema)
        var type = ValueType.long
        if let written = create.options.type { type = try Binder.type(named: written) }
        guard type == .short || type == .int || type == .long else {
            throw .badSequenceType(at: create.options.type?.position)
        }
        let sequence = try SequenceDefinition.make(create.options, type: type)
        let definition = TableDefinition.sequence(
            id: engine.storage.reserveTableID(), schema: schema, name: name.text, sequence)
        apply(result, completion: completion) { $0.create(definition) }
    }

    private func findSequence(_ name: TableName, ifExists: Bool, _ view: StatementView)
        throws(DatabaseError) -> TableDefinition?
    {
        for place in name.schema.map({ [$0.folded] }) ?? view.searchPath {
            guard let found = view.relation(schema: place, name: name.name.folded) else { continue }
            guard found.sequence != nil else {
                throw .notASequence(name.name.text, at: name.position)
            }
            return found
        }
        guard ifExists else {
            throw view.damage(of: name) ?? .noSequence(name.name.text, at: name.position)
        }
        notice(
            .notice, .undefinedTable, "sequence \"\(name.name.text)\" does not exist, skipping")
        return nil
    }

    private func alterSequence(
        _ alter: AlterSequence, _ result: CommandResult, _ completion: @escaping Completion
    ) throws(DatabaseError) {
        let view = view()
        guard let old = try findSequence(alter.name, ifExists: alter.ifExists, view),
            var sequence = old.sequence
        else { return completion(.success(.command(result))) }
        var new: TableDefinition
        switch alter.action {
        case .options(let options):
            try sequence.change(options)
            new = old.withSequence(sequence)
        case .rename(let name):
            if view.relation(schema: old.schema, name: name.folded) != nil {
                throw .relationExists(name.text, at: name.position)
            }
            try view.checkFree(name, in: old.schema)
            if sequence.owner != nil {
                throw .notSupported("renaming the sequence of a column", at: name.position)
            }
            new = old.withName(name.text)
        }
        let sequences = engine.sequences
        let altered = new
        let forgetting: Completion = { outcome in
            sequences.forget(old.id)
            completion(outcome)
        }
        apply(result, completion: forgetting) { $0.alter(old, to: altered) }
    }

    private func dropSequences(
        _ names: [TableName], _ ifExists: Bool, _ result: CommandResult,
        _ completion: @escaping Completion
    ) throws(DatabaseError) {
        let view = view()
        var gone: [TableDefinition] = []
        for name in names {
            guard let found = try findSequence(name, ifExists: ifExists, view) else { continue }
            if found.sequence?.owner != nil {
                throw .sequenceIsOwned(name.name.text, at: name.position)
            }
            gone.append(found)
        }
        let found = gone
        apply(result, completion: completion) { changes in
            for definition in found { changes.drop(definition) }
        }
    }

    // MARK: - Indexes

    /// A plain index is accepted and not made; a unique one is a constraint.
    private func createIndex(_ index: CreateIndex, _ completion: @escaping Completion)
        throws(DatabaseError)
    {
        let view = view(isKept: false)
        guard
            let table = view.table(
                schema: index.table.schema?.folded, name: index.table.name.folded)
        else {
            throw view.missing(index.table)
        }
        for column in index.columns where table.columnIndex(named: column.text) == nil {
            throw .undefinedColumn(column.text, of: table.name, at: column.position)
        }
        guard index.isUnique else {
            notice(
                .notice, .success,
                "no index is needed, tables are read without one: nothing was created")
            return completion(.success(.command(CommandResult("CREATE INDEX"))))
        }
        let isThere = table.keys.contains {
            index.name?.folded == $0.name.lowercased() && index.ifNotExists
        }
        if isThere {
            notice(.notice, .duplicateTable, "unique index already exists, skipping")
            return completion(.success(.command(CommandResult("CREATE INDEX"))))
        }
        let alter = AlterTable(addingUnique: index)
        try alterTable(alter, CommandResult("CREATE INDEX"), completion: completion)
    }
}
