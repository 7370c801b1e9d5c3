package import Diagnostics
import Platform
import Synchronization

/// What `checkpoint_status()` tells.
package struct SnapshotStatus: Sendable, Equatable {
    package let prepared: PreparedSnapshot?
    /// Bytes that are kept only because of it.
    package let retainedBytes: Int
}

extension Storage {
    /// Prepares a snapshot: every file of the newest cut is durable and stays, and nothing below
    /// `db/` is unlinked or renamed until `completeSnapshot`, also after a crash or a restart.
    ///
    /// - Parameter check: asked while rows become segments; what it throws gives the preparation up.
    /// - Throws: 55000 while one is prepared, 25006 for a read-only root, 53100, 58030.
    package func prepareSnapshot(
        _ kind: PreparedKind, preparedAt: Int64, check: () throws(DatabaseError) -> Void = {}
    ) throws(DatabaseError) -> PreparedSnapshot {
        if settings.isReadOnly { throw .readOnlyRoot() }
        try core.begin(kind)
        let pin: DiskPin
        do throws(DatabaseError) {
            pin = try pinOnDisk(owner: kind.owner, check: check)
        } catch {
            core.settle(.none)
            core.gate.open()
            throw error
        }
        defer { pin.release() }
        let directory = SnapshotDirectory(root: root, kind: kind, files: platform.files)
        do throws(DatabaseError) {
            let prepared = try directory.publish(pin, preparedAt: preparedAt)
            core.settle(.prepared(prepared))
            return prepared
        } catch {
            retract(directory, lsn: pin.lsn, preparedAt: preparedAt)
            throw error
        }
    }

    /// Ends a preparation and unlinks what has waited; false when there was none of this kind.
    ///
    /// - Throws: 58030 when the directory cannot be removed: the snapshot stays prepared then.
    package func completeSnapshot(_ kind: PreparedKind) throws(DatabaseError) -> Bool {
        if settings.isReadOnly { throw .readOnlyRoot() }
        guard let prepared = try core.beginCompleting(kind) else { return false }
        let directory = SnapshotDirectory(root: root, kind: kind, files: platform.files)
        do throws(DatabaseError) {
            // Durable before the first file goes: else a crash leaves a snapshot with holes.
            try directory.remove()
        } catch {
            core.settle(.prepared(prepared))
            throw error
        }
        core.settle(.none)
        try sweep()
        return true
    }

    package var snapshotStatus: SnapshotStatus {
        core.state.withLock { state in
            guard case .prepared(let snapshot) = state.preparation else {
                return SnapshotStatus(prepared: nil, retainedBytes: 0)
            }
            return SnapshotStatus(prepared: snapshot, retainedBytes: state.retainedBytes)
        }
    }

    /// After a failure nothing is prepared; if what was made cannot be removed, it still is.
    private func retract(_ directory: SnapshotDirectory, lsn: LSN, preparedAt: Int64) {
        do throws(DatabaseError) {
            try directory.remove()
            core.settle(.none)
            core.gate.open()
        } catch {
            platform.log.log(
                .error, "storage",
                "a snapshot that could not be prepared cannot be removed, run "
                    + "\(directory.kind.ending): \(error)")
            core.settle(
                .prepared(
                    PreparedSnapshot(kind: directory.kind, lsn: lsn, preparedAt: preparedAt)))
        }
    }

    /// Wakes the committer and waits until what was held is unlinked.
    private func sweep() throws(DatabaseError) {
        let answer = Answer<LSN>(platform.workers)
        if let refusal = core.submit(.sweep(answer)) { throw refusal }
        _ = try answer.wait()
    }
}

extension StorageCore {
    /// Begins to prepare, unless one is prepared.
    fileprivate func begin(_ kind: PreparedKind) throws(DatabaseError) {
        let other = state.withLock { state -> PreparedKind? in
            if let other = state.preparation.kind { return other }
            state.preparation = .changing(kind)
            return nil
        }
        if let other { throw .snapshotPrepared(other) }
        hold.begin()
    }

    /// Begins to complete; nil when none of this kind is prepared.
    fileprivate func beginCompleting(_ kind: PreparedKind) throws(DatabaseError)
        -> PreparedSnapshot?
    {
        let found = state.withLock { state -> SnapshotPreparation in
            let found = state.preparation
            if case .prepared(let snapshot) = found, snapshot.kind == kind {
                state.preparation = .changing(kind)
            }
            return found
        }
        switch found {
        case .prepared(let snapshot): return snapshot.kind == kind ? snapshot : nil
        case .changing(kind): throw .snapshotChanging(kind)
        case .none, .changing: return nil
        }
    }

    fileprivate func settle(_ preparation: SnapshotPreparation) {
        state.withLock { $0.preparation = preparation }
        if preparation == .none { hold.end() }
    }
}
