import Diagnostics

/// What a verification finds: it goes on after the first damage, because other backups may share what
/// else is damaged.
struct DamageFound {
    private(set) var first: DatabaseError?
    /// Paths in the backup.
    private(set) var files: [String] = []
    /// What is looked for now is found by DEEP alone.
    var isDeep = false

    /// Keeps damage of a file.
    ///
    /// - Throws: what is no damage.
    mutating func take(_ error: DatabaseError, of file: String) throws(DatabaseError) {
        guard error.state == .corrupted else { throw error }
        if first == nil { first = error }
        files.append(file)
    }

    /// Ends a round.
    ///
    /// - Throws: the first damage, with how much more there is.
    func raise() throws(DatabaseError) {
        guard let first else { return }
        guard files.count > 1, first.detail == nil else { throw first }
        throw first.with(
            detail: "\(files.count) of its files are damaged.", hint: first.hint)
    }
}
