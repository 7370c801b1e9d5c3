import Bytes
package import Diagnostics

/// Whether a publish may take the place of a file that has the name already.
package enum Replacing: Sendable {
    /// An existing name is an error: published is for ever.
    case never
    /// For `_database` and its like: the one atomic exchange of a small file.
    case atomically
}

extension FileSystem {
    /// Publishes bytes under a final name: temp name in the same directory, length check, sync,
    /// rename, sync of the directory. Before it returns, a crash leaves the old state; after, the
    /// new one.
    ///
    /// - Requires: the directory exists and its own entry is durable (see `makeDurableDirectory`).
    package func publish(
        _ bytes: [UInt8], as path: String, permissions: UInt16 = 0o600,
        replacing: Replacing = .never
    ) throws(DatabaseError) {
        let temporary = temporaryName(for: path)
        if try info(temporary) != nil { try remove(temporary) }
        let file = try open(temporary, .create, permissions: permissions)
        do throws(DatabaseError) {
            try file.write(bytes, at: 0)
            try finishPublishing(file, length: bytes.count, as: path, replacing: replacing)
        } catch {
            // The name is ours alone; what cannot be removed now is swept at the next start.
            do throws(DatabaseError) { try remove(temporary) } catch _ {}
            throw error
        }
    }

    /// The second half of publishing, for a file written piece by piece under `temporaryName`.
    package func finishPublishing(
        _ file: any OpenFile, length: Int, as path: String, replacing: Replacing = .never
    ) throws(DatabaseError) {
        let found = try file.size()
        guard found == length else {
            throw .lengthMismatch(path: file.path, expected: length, found: found)
        }
        try file.sync()
        try rename(file.path, to: path, replacing: replacing == .atomically)
        try syncDirectory(Path.directory(of: path))
    }

    /// Beside the final name. Names with this suffix are swept at start.
    package func temporaryName(for path: String) -> String { path + Path.temporarySuffix }

    package func isDurable(directory path: String) -> Bool { true }

    /// Creates a directory and those above it that are missing, each durable before it returns.
    package func makeDurableDirectory(_ path: String, permissions: UInt16 = 0o700)
        throws(DatabaseError)
    {
        let parent = Path.directory(of: path)
        if try info(path) != nil {
            // Whoever is making it may be slower with its name than we with what goes inside.
            if !isDurable(directory: path) { try syncDirectory(parent) }
            return
        }
        if parent != path { try makeDurableDirectory(parent, permissions: permissions) }
        try makeDirectory(path, permissions: permissions)
        do throws(DatabaseError) {
            try syncDirectory(path)
            try syncDirectory(parent)
        } catch {
            // Whoever finds it the next time takes it for durable.
            do throws(DatabaseError) { try removeDirectory(path) } catch _ {}
            throw error
        }
    }

    /// Reads a whole file that may not be longer than `limit` bytes.
    package func readAll(_ path: String, upTo limit: Int, _ mode: OpenMode = .read)
        throws(DatabaseError) -> [UInt8]
    {
        let file = try open(path, mode, permissions: 0)
        let size = try file.size()
        guard size <= limit else { throw .fileTooLong(path: path, size: size, limit: limit) }
        return try file.read(at: 0, count: size)
    }

    /// Removes a directory with everything below it, without following symbolic links: of one that
    /// has the name of the directory only the link goes.
    package func removeTree(_ path: String) throws(DatabaseError) {
        guard try info(path)?.kind == .directory else { return try remove(path) }
        for name in try list(path) { try removeTree(Path.join(path, name)) }
        try removeDirectory(path)
    }
}
