import Catalog
import Diagnostics
import Planner
import SQL
import Values

/// SET, RESET, DISCARD and SHOW.
extension Session {
    func set(_ set: SetParameter) throws(DatabaseError) -> Outcome {
        if try setTransactionParameter(set) { return .command(CommandResult("SET")) }
        if set.scope == .local {
            guard case .block = transaction else {
                notice(
                    .warning, .noActiveTransaction,
                    "SET LOCAL can only be used in transaction blocks")
                // It is checked all the same.
                var copy = parameters
                try copy.set(set.name.text, to: set.value, .local)
                return .command(CommandResult("SET"))
            }
        }
        let lasting = set.scope == .local ? .local : lastingOfSet
        return .command(try change(set.name.text, to: set.value, lasting, "SET"))
    }

    func reset(_ name: String?) throws(DatabaseError) -> Outcome {
        guard let name else {
            parameters.reset(lastingOfSet)
            admitNotices()
            return .command(
                CommandResult("RESET", reportedParameters: parameters.takeReports()))
        }
        return .command(try change(name, to: nil, lastingOfSet, "RESET"))
    }

    /// How long SET and RESET hold that do not say LOCAL.
    var lastingOfSet: SessionParameters.Lasting {
        if case .none = transaction { .session } else { .committed }
    }

    private func change(
        _ name: String, to value: String?, _ lasting: SessionParameters.Lasting, _ tag: String
    ) throws(DatabaseError) -> CommandResult {
        let change = try parameters.set(name, to: value, lasting)
        if let warning = change.warning { notice(.warning, .warning, warning) }
        admitNotices()
        return CommandResult(tag, reportedParameters: change.reported.map { [$0] } ?? [])
    }

    func discard(_ what: Discard) throws(DatabaseError) -> Outcome {
        if what == .all {
            try refuseInBlock("DISCARD ALL")
            parameters.reset(lastingOfSet)
            admitNotices()
        }
        if what == .all || what == .plans { named.removeAll() }
        return .command(
            CommandResult(
                "DISCARD \(what.rawValue)", reportedParameters: parameters.takeReports()))
    }

    func show(_ show: Show) throws(DatabaseError) -> Outcome {
        .rows(ResultRows(try rows(of: try showRelation(show))), .plain("SHOW"))
    }

    /// What SHOW gives, as a relation.
    func showRelation(_ show: Show) throws(DatabaseError) -> FixedRelation {
        switch show {
        case .parameter(let name):
            guard let value = transactionParameter(name.folded) ?? parameters[name.text] else {
                throw .unknownParameter(name.text)
            }
            return FixedRelation(
                name: "show", columns: [PlanColumn(name: name.folded, type: .varchar)],
                rows: [[.string(value)]])
        case .all:
            return FixedRelation(
                name: "show", columns: Self.texts("name", "setting"),
                rows: parameters.all.map { [.string($0.0), .string($0.1)] })
        case .parameters:
            return FixedRelation(
                name: "show", columns: Self.texts("property_path", "value"),
                rows: engine.settings.parameters.map { [.string($0.0), .string($0.1)] })
        case .tables:
            let tables = view().system.definitions.map { [Value.string($0.name)] }
            return FixedRelation(name: "show", columns: Self.texts("table_name"), rows: tables)
        case .columns(let name): return try columnsRelation(name)
        case .createTable(let name): return try createTableRelation(name)
        case .partitions(let name):
            let view = view()
            guard let table = view.table(schema: name.schema?.folded, name: name.name.folded)
            else { throw view.missing(name) }
            return try view.system.onStorage.partitions(of: table)
        case .backups(let destination):
            return try BackupsRelation(engine: engine).fixed(destination: destination?.text)
        }
    }

    static func texts(_ names: String...) -> [PlanColumn] {
        names.map { PlanColumn(name: $0, type: .varchar) }
    }

    private func columnsRelation(_ name: TableName) throws(DatabaseError) -> FixedRelation {
        let view = view()
        guard let table = view.table(schema: name.schema?.folded, name: name.name.folded) else {
            throw view.missing(name)
        }
        return FixedRelation(
            name: "show", columns: ColumnRelations.columns,
            rows: ColumnRelations.rows(of: table))
    }

    private func createTableRelation(_ name: TableName) throws(DatabaseError) -> FixedRelation {
        let view = view()
        guard let table = view.table(schema: name.schema?.folded, name: name.name.folded) else {
            throw view.missing(name)
        }
        return FixedRelation(
            name: "show", columns: Self.texts("ddl"),
            rows: [[.string(TableText(table: table).text)]])
    }
}
