import Planner
import Synchronization
import Values

/// What runs now, by session: the rows of `query_activity()`.
final class ActivityRegistry: Sendable {
    struct Entry: Sendable {
        let user: String
        let text: String
        /// Microseconds since 1970.
        let beganAt: Int64
    }

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    func begin(_ session: Session, _ entry: Entry) {
        entries.withLock { $0[ObjectIdentifier(session)] = entry }
    }

    func end(_ session: Session) {
        entries.withLock { $0[ObjectIdentifier(session)] = nil }
    }

    var relation: any SystemRelation {
        ComputedRelation(
            name: "query_activity",
            columns: [
                PlanColumn(name: "query_start", type: .timestamp),
                PlanColumn(name: "username", type: .varchar),
                PlanColumn(name: "query", type: .varchar),
            ]
        ) { [self] _ in
            entries.withLock { $0.values.sorted { $0.beganAt < $1.beganAt } }
                .map { [.timestamp($0.beganAt), .string($0.user), .string($0.text)] }
        }
    }
}
