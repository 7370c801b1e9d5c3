import Catalog
import Diagnostics
import Storage

/// One row of EXPLAIN BACKUP and EXPLAIN RESTORE.
package struct PlanStep: Sendable, Equatable {
    package enum Action: String, Sendable {
        case copy, link, reuse, replace, add, drop, conflict
        /// Only some rows of it are taken, and written anew; its bytes are those of the new file.
        case cut
        /// A sequence counts on from where the backup's did.
        case advance
    }

    /// A table, or a partition of it.
    package let object: String
    package let action: Action
    package var files = 0
    package var rows = 0
    package var bytesToCopy = 0
    package var bytesToLink = 0
    package var bytesToReplace = 0
    /// Rows that only the live side has; nil where none are replaced.
    package var rowsLost: Int?
    /// Why it cannot be done as asked.
    package var conflict: String?
}

extension RestorePlan {
    /// The plan as rows: one per partition, and one for a table without any.
    var steps: [PlanStep] { relations.compactMap(\.step) + tables.flatMap(\.steps) }
}

extension RestorePlan.Relation {
    fileprivate var step: PlanStep? {
        if let advanced {
            return PlanStep(
                object: "sequence \(advanced.schema).\(advanced.name)", action: .advance)
        }
        if let unreadable {
            return PlanStep(
                object: "unreadable db/\(unreadable)", action: conflict == nil ? .drop : .conflict,
                conflict: conflict?.message)
        }
        guard let definition else { return nil }
        let name =
            definition.sequence == nil
            ? "schema \(definition.name)" : "sequence \(definition.schema).\(definition.name)"
        let action: PlanStep.Action =
            conflict != nil ? .conflict : replaced == nil ? .add : .replace
        return PlanStep(object: name, action: action, conflict: conflict?.message)
    }
}

extension RestorePlan.Table {
    fileprivate var steps: [PlanStep] {
        if let conflict {
            return [PlanStep(object: label, action: .conflict, conflict: conflict.message)]
        }
        var rows: [PlanStep] = []
        switch change {
        case .create where partitions.isEmpty: rows = [PlanStep(object: label, action: .add)]
        case .create, .partitions: break
        case .replace:
            rows = [
                PlanStep(
                    object: label, action: .replace, bytesToReplace: bytesDropped,
                    rowsLost: rowsLost?.count)
            ]
        }
        return rows + partitions.map { $0.step(of: label) }
    }
}

extension RestorePlan.Partition {
    fileprivate func step(of table: String) -> PlanStep {
        let kind: PlanStep.Action =
            switch action {
            case .add: .add
            case .replace: .replace
            case .drop: .drop
            case .reuse: .reuse
            case .conflict: .conflict
            }
        func bytes(_ isCounted: (RestorePlan.File) -> Bool) -> Int {
            files.reduce(0) { $0 + (isCounted($1) ? $1.entry.bytes : 0) }
        }
        return PlanStep(
            object: "\(table)/\(name)", action: kind, files: files.count, rows: rows,
            bytesToCopy: bytes(\.isCopied), bytesToLink: bytes(\.isLinked),
            bytesToReplace: removed.reduce(0) { $0 + $1.bytes }, rowsLost: rowsLost?.count,
            conflict: conflict?.message)
    }
}
