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
        return try conflicts(bound) + plan.steps
    }

    /// What would stop the backup before it begins.
    private func conflicts(_ bound: BoundBackup) throws(DatabaseError) -> [PlanStep] {
        guard let name = bound.request.name else { return [] }
        let path = Path.join(bound.destination.path, name)
        guard try platform.files.info(path) != nil else { return [] }
        let error = bound.destination.nameTaken(name)
        return [PlanStep(object: name, action: .conflict, conflict: error.message)]
    }
}

extension BackupPlan {
    /// What becomes one row: the files of one partition's directory with which the same is done.
    private struct Place: Hashable {
        let directory: String
        let action: PlanStep.Action
    }

    /// One row per partition and operation, and one for all small files.
    fileprivate var steps: [PlanStep] {
        var small = PlanStep(object: "manifests and settings", action: .copy)
        var steps: [PlanStep] = []
        var places: [Place: Int] = [:]
        func add(_ path: String, _ action: PlanStep.Action, bytes: Int) {
            guard let about = facts[path] else { return }
            let action = about.isCut ? .cut : action
            let place = Place(directory: Path.directory(of: path), action: action)
            let index = places[place] ?? steps.endIndex
            if index == steps.endIndex {
                let table = "\(about.table.schema).\(about.table.name)"
                steps.append(PlanStep(object: "\(table)/\(about.partition)", action: action))
                places[place] = index
            }
            steps[index].files += 1
            steps[index].rows += about.rows
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
            case .copy(let path, _, let bytes, _, _): add(path, .copy, bytes: bytes)
            case .link(let path, _, _, let bytes, _, _): add(path, .link, bytes: bytes)
            }
        }
        return steps + [small]
    }
}
