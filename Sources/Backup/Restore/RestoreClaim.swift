import Catalog
import Storage

/// What a running restore has for itself: others of the same would bring the same segments to the
/// same places.
struct RestoreClaim: Sendable {
    /// RESTORE DATABASE: whatever else is restored.
    private let isEverything: Bool
    /// Tables that are there, whatever they are renamed to meanwhile.
    private let ids: Set<UInt64>
    private let names: Set<TableName>
    /// Schemas that will have to be made.
    private let schemas: Set<String>

    init(_ request: RestoreRequest, _ live: Snapshot) {
        let targets: [RestoreRequest.Table]
        switch (request.scope, request.target) {
        case (.database, _): targets = []
        case (.tables(let tables), .original): targets = tables
        case (.tables, .newTable(let table)), (.tables, .existingTable(let table)):
            targets = [table]
        }
        isEverything = request.scope == .database
        names = Set(
            targets.map { TableName(schema: $0.schema ?? "public", name: $0.name).folded })
        ids = Set(
            targets.compactMap {
                live.relation(schema: $0.schema ?? "public", name: $0.name)?.id
            })
        schemas = Set(
            names.map(\.schema).filter {
                $0 != "public" && live.relation(schema: "", name: $0) == nil
            })
    }

    func isInTheWay(of other: RestoreClaim) -> Bool {
        isEverything || other.isEverything || !ids.isDisjoint(with: other.ids)
            || !names.isDisjoint(with: other.names) || !schemas.isDisjoint(with: other.schemas)
    }
}
