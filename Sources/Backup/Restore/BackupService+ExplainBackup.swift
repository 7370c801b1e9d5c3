package import Diagnostics
import Platform
import Storage

/// EXPLAIN BACKUP. It makes the plan with the steps of BackupService+Steps.swift, except that it
/// takes no lock, sweeps nothing and makes no staging directory.
extension BackupService {
    /// The plan of a backup as it would be made now.
    ///
    /// - Throws: what BACKUP throws before it copies.
    package func explainBackup(
        _ request: BackupRequest, filter: RowFilter? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DatabaseError) -> [PlanStep] {
        let job = BackupJob(
            id: makeID(), request: request, clock: platform.clock, sink: SilentProgress(),
            isCancelled: isCancelled)
        let bound = try bind(request)
        let parent = try chooseParent(bound, job: job)
        let pin = try pin(job)
        defer { pin.release() }
        let cutting = Cutting(directory: nil, filter: filter, platform: platform, job: job)
        let description = try describe(bound, pin: pin, cutting: cutting)
        let plan = try compare(description, with: parent, pin: pin)
        return try conflicts(bound) + plan.steps(of: description.tables)
    }

    /// What would stop the backup before it begins.
    private func conflicts(_ bound: BoundBackup) throws(DatabaseError) -> [PlanStep] {
        guard let name = bound.request.name else { return [] }
        let path = Path.join(bound.destination.path, name)
        guard try platform.files.info(path) != nil else { return [] }
        let error = DatabaseError.backupNameTaken(name, path: bound.destination.path)
        return [PlanStep(object: name, action: .conflict, conflict: error.message)]
    }
}

extension BackupPlan {
    /// One row per partition and operation, and one for all small files.
    fileprivate func steps(of tables: [PinnedDatabase.Table]) -> [PlanStep] {
        var labels: [String: (object: String, rows: Int, isCut: Bool)] = [:]
        for table in tables {
            for segment in table.segments {
                labels[segment.id] = (
                    "\(table.schema).\(table.name)/\(segment.partition)", segment.rows,
                    segment.isCut
                )
            }
        }
        var small = PlanStep(object: "manifests and settings", action: .copy)
        var steps: [PlanStep] = []
        func add(_ segment: String, _ action: PlanStep.Action, bytes: Int) {
            let label = labels[segment] ?? (segment, 0, false)
            let action = label.isCut ? .cut : action
            let known = steps.lastIndex { $0.object == label.object && $0.action == action }
            let index = known ?? steps.endIndex
            if known == nil { steps.append(PlanStep(object: label.object, action: action)) }
            steps[index].files += 1
            steps[index].rows += label.rows
            if action == .link {
                steps[index].bytesToLink += bytes
            } else {
                steps[index].bytesToCopy += bytes
            }
        }
        for operation in operations {
            switch operation {
            case .makeDirectory: continue
            case .write(_, let bytes, _):
                small.files += 1
                small.bytesToCopy += bytes.count
            case .copy(_, _, let bytes, _, let segment): add(segment, .copy, bytes: bytes)
            case .link(_, _, _, let bytes, _, let segment): add(segment, .link, bytes: bytes)
            }
        }
        return steps + [small]
    }
}
