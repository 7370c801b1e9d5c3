import Catalog
import Diagnostics
import Execution
import Planner
import Platform
import Storage
import Values

/// What a statement of this session sees, and what it is told of the session itself.
extension Session {
    /// The changes of the running transaction; empty outside of one.
    var changes: PrivateChanges { open?.changes ?? PrivateChanges() }

    /// Pins what a statement sees: what is newest, or what the transaction keeps.
    ///
    /// - Parameter isKept: whether the transaction begins to keep its snapshot with this one.
    func view(isKept: Bool = true) -> StatementView {
        let snapshot = statementSnapshot(isKept)
        let changes = changes
        return StatementView(
            storage: engine.storage, snapshot: snapshot, changes: changes,
            sessionValues: sessionValues(),
            system: SystemRelations(
                engine: engine, snapshot: snapshot, created: changes.created,
                hidden: changes.dropped, altered: changes.altered),
            searchPath: searchPath, sequences: sequences, cancellation: cancellation,
            refusal: refusal)
    }

    /// Why functions may not change the database, as for statements.
    private var refusal: (@Sendable (String) -> DatabaseError)? {
        if engine.settings.isReadOnly || isTransactionReadOnly {
            return { .readOnlyServer("\($0)()") }
        }
        guard let readOnly else { return nil }
        return { [user] in .onlyReads(user, "\($0)()", because: readOnly) }
    }

    /// The schemas of `search_path`, in lower case; never empty.
    var searchPath: [String] {
        let written = parameters["search_path"] ?? "public"
        let names = written.split(separator: ",").map { part -> String in
            let trimmed = part.drop { $0 == " " || $0 == "\"" }
            let name = String(trimmed.reversed().drop { $0 == " " || $0 == "\"" }.reversed())
            return name == "$user" ? user.lowercased() : name.lowercased()
        }.filter { !$0.isEmpty }
        return names.isEmpty ? ["public"] : names
    }

    private func statementSnapshot(_ isKept: Bool) -> Snapshot {
        guard let open, open.keepsSnapshot else { return engine.storage.snapshot() }
        if let kept = open.snapshot { return kept }
        let snapshot = engine.storage.snapshot()
        if isKept { _ = change { $0.snapshot = snapshot } }
        return snapshot
    }

    /// The first schema of the search path that is there.
    private func currentSchema() -> String {
        if searchPath == ["public"] { return "public" }
        let snapshot = engine.storage.snapshot()
        return searchPath.first {
            $0 == "public" || changes.table(schema: "", name: $0) != nil
                || snapshot.relation(schema: "", name: $0) != nil
        } ?? "public"
    }

    private func sessionValues() -> [String: StatementView.SessionValue] {
        var now = engine.platform.clock.now()
        let systemNow = now
        if case .block(let open) = transaction { now = open.startedAt }
        func text(_ value: String) -> StatementView.SessionValue {
            StatementView.SessionValue(value: .string(value), type: .varchar)
        }
        func time(_ micros: Int64) -> StatementView.SessionValue {
            StatementView.SessionValue(value: .timestamp(micros), type: .timestamp)
        }
        let day = CivilTime.microsecondsPerDay
        let midnight = now - ((now % day) + day) % day
        let version =
            "PostgreSQL \(engine.settings.serverVersion), compatible, "
            + engine.settings.productVersion
        return [
            "now": time(now), "current_timestamp": time(now), "localtimestamp": time(now),
            "transaction_timestamp": time(now), "statement_timestamp": time(systemNow),
            "clock_timestamp": time(systemNow), "systimestamp": time(systemNow),
            "sysdate": time(systemNow), "current_date": time(midnight), "today": time(midnight),
            "version": text(version), "current_database": text(database),
            "current_catalog": text(database), "current_schema": text(currentSchema()),
            "current_user": text(user), "session_user": text(user), "user": text(user),
            "pg_backend_pid": StatementView.SessionValue(value: .integer(1), type: .int),
        ]
    }
}
