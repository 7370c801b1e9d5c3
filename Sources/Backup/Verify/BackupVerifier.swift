import Diagnostics
import Platform

/// How thoroughly a backup is looked at.
package enum VerifyMode: Sendable {
    /// Manifest, presence, kinds and lengths.
    case quick
    /// Every byte against its checksum as well.
    case full
    /// Every row is decoded and the statistics are computed again as well.
    case deep
}

/// What was looked at and found to be right.
package struct VerifyReport: Sendable, Equatable {
    package let name: String
    package let files: Int
    package let bytes: Int
    /// Rows decoded, when they were.
    package let rows: Int?
}

/// Compares the files of a backup with its manifest. Trusts neither.
struct BackupVerifier: Sendable {
    let path: String
    let files: any FileSystem
    /// Called with the bytes read since the last call; throws to stop.
    let advance: @Sendable (Int) throws(DatabaseError) -> Void

    /// Checks that `db/` holds nothing that the manifest does not list.
    func refuseStrangers(_ manifest: BackupManifest) throws(DatabaseError) {
        let expected = Set(manifest.files.map(\.path))
        try refuseStrangers(in: "db", expected: expected, depth: 0)
    }

    /// Checks one file: a regular one of the right length, with the right bytes.
    func verify(_ file: BackupManifest.File, mode: VerifyMode) throws(DatabaseError) {
        let target = Path.join(path, file.path)
        guard let info = try files.info(target) else {
            throw .backupDamaged(target, what: "file is missing")
        }
        guard info.kind == .file else {
            throw .backupDamaged(target, what: "not a regular file")
        }
        guard info.size == file.bytes else {
            throw .backupDamaged(
                target, what: "expected \(file.bytes) bytes and found \(info.size)")
        }
        switch mode {
        case .quick: try advance(0)
        case .full, .deep: try compareDigest(of: target, with: file)
        }
    }

    /// Reads a file of a backup that is being made.
    ///
    /// - Parameter checks: the sums of what was written; nil when there are none.
    func reread(_ file: BackupManifest.File, checks: [UInt32]?) throws(DatabaseError) {
        if let checks {
            try verify(file, mode: .quick)
            let reading = SegmentReading(files: files, advance: advance)
            let target = Path.join(path, file.path)
            if try reading.isSame(target, as: checks, bytes: file.bytes) { return }
        }
        // Without sums, and when they differ: the digest tells.
        try verify(file, mode: .full)
    }

    private func compareDigest(of target: String, with file: BackupManifest.File)
        throws(DatabaseError)
    {
        let reading = SegmentReading(files: files, advance: advance)
        let found = try reading.digest(of: target, bytes: file.bytes)
        guard found == file.sha256 else {
            throw .backupChecksum(target, expected: file.sha256, found: found)
        }
    }

    /// A planted manifest or segment would be read by a server started on the backup.
    private func refuseStrangers(in directory: String, expected: Set<String>, depth: Int)
        throws(DatabaseError)
    {
        let place = Path.join(path, directory)
        guard depth < Limits.directoryDepth else {
            throw .backupDamaged(place, what: "directories are too deep")
        }
        guard try files.info(place)?.kind == .directory else {
            throw .backupDamaged(place, what: "directory is missing")
        }
        for name in try files.list(place) {
            let child = directory + "/" + name
            let kind = try files.info(Path.join(path, child))?.kind
            if kind == .directory {
                try refuseStrangers(in: child, expected: expected, depth: depth + 1)
            } else if !expected.contains(child), child != "db/_lock" {
                throw .backupDamaged(Path.join(path, child), what: "unexpected file")
            }
        }
    }
}
