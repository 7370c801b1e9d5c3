import Backup
import Catalog
import Diagnostics
import Storage

// A restore beside writers and a backup: a table of the newest backup comes back under a new name.
// It is there whole or not at all after any power loss, and whole when it was acknowledged.
extension SimulatedBoot {
    func restore(_ storage: Storage, _ service: BackupService) {
        guard let backup = model.completeBackups.last else { return }
        let name = model.beginCopy(of: backup)
        do throws(DatabaseError) {
            _ = try service.restore(
                RestoreRequest(
                    scope: .tables([RestoreRequest.Table(name: Self.tableNames[0])]),
                    source: backup, target: .newTable(RestoreRequest.Table(name: name)),
                    isLinked: name.hasSuffix("1")), into: storage)
            model.endCopy(name)
        } catch {
            complaints.add("restore failed: \(error)")
        }
    }

    /// Compares the restored tables with their backups and removes them.
    func checkCopies(_ storage: Storage) throws(DatabaseError) {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        let copies = snapshot.tables.filter { model.copySource($0.name) != nil }
        let present = Set(copies.map(\.name))
        for name in model.completeCopies where !present.contains(name) {
            complaints.add("restored table \(name) is gone")
        }
        for copy in copies {
            let found = try counts(copy)
            for (number, count) in found where count != SimulationModel.rows(of: number) {
                complaints.add("\(copy.name) has \(count) rows of transaction \(number)")
            }
            let expected = model.copySource(copy.name).flatMap { model.backup($0)?.atLeast } ?? []
            let missing = expected.subtracting(found.keys)
            if !missing.isEmpty { complaints.add("\(copy.name) lacks \(missing.sorted())") }
        }
        model.forgetCopies()
        if copies.isEmpty { return }
        _ = try storage.commit(
            Transaction(edits: copies.map { .dropTable(id: $0.definition.id) }))
    }
}
