import Catalog
import Execution
import Planner
import Platform
import Storage
import Values

extension Session {
    /// The changes of the running transaction; empty outside of one.
    var changes: PrivateChanges {
        switch transaction {
        case .none, .failed: PrivateChanges()
        case .implicit(let changes), .block(let changes, _): changes
        }
    }

    /// Pins what a statement sees.
    func view() -> StatementView {
        let snapshot = engine.storage.snapshot()
        let changes = changes
        var batches: [UInt64: [Batch]] = [:]
        let ids = snapshot.tables.map(\.definition.id) + changes.created.map(\.id)
        if !changes.isEmpty {
            for id in ids {
                let own = changes.batches(of: id)
                if !own.isEmpty { batches[id] = own }
            }
        }
        return StatementView(
            snapshot: snapshot, created: changes.created, hidden: changes.dropped,
            emptied: changes.dropped.union(changes.truncated), privateBatches: batches,
            sessionValues: sessionValues(),
            system: SystemRelations(
                engine: engine, snapshot: snapshot, created: changes.created,
                hidden: changes.dropped))
    }

    private func sessionValues() -> [String: StatementView.SessionValue] {
        var now = engine.platform.clock.now()
        let systemNow = now
        if case .block(_, let startedAt) = transaction { now = startedAt }
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
            "current_catalog": text(database), "current_schema": text("public"),
            "current_user": text(user), "session_user": text(user), "user": text(user),
            "pg_backend_pid": StatementView.SessionValue(value: .integer(1), type: .int),
        ]
    }
}
