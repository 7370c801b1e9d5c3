package import Diagnostics

/// Publishes many files with two syncs of the file system instead of two or more for each of them.
///
/// Everything is written under temporary names; `finish` makes that durable, gives all files their
/// names and makes those durable. Before it returns nothing may refer to them; a crash leaves some
/// of them whole and none of them half.
///
/// Used by one thread.
package final class PublishBatch {
    /// From so many files on, syncing the file system as a whole is cheaper than each by itself.
    package static let worthwhileFiles = 64

    private let files: any FileSystem
    private let root: String
    private var written: [(temporary: String, path: String)] = []

    /// - Parameter root: a directory of the file system that all files lie on.
    package init(_ files: any FileSystem, root: String) {
        self.files = files
        self.root = root
    }

    /// Writes one more file under its temporary name, with the directories above it.
    package func add(_ bytes: [UInt8], as path: String, permissions: UInt16 = 0o600)
        throws(DatabaseError)
    {
        try makeDirectory(Path.directory(of: path))
        let temporary = files.temporaryName(for: path)
        if try files.info(temporary) != nil { try files.remove(temporary) }
        let file = try files.open(temporary, .create, permissions: permissions)
        do throws(DatabaseError) {
            try file.write(bytes, at: 0)
            let found = try file.size()
            guard found == bytes.count else {
                throw .lengthMismatch(path: path, expected: bytes.count, found: found)
            }
        } catch {
            // What cannot be removed now is swept at the next start.
            do throws(DatabaseError) { try files.remove(temporary) } catch _ {}
            throw error
        }
        written.append((temporary, path))
    }

    /// Creates a directory and those above it that are missing.
    package func makeDirectory(_ path: String, permissions: UInt16 = 0o700) throws(DatabaseError) {
        if try files.info(path) != nil { return }
        let parent = Path.directory(of: path)
        if parent != path { try makeDirectory(parent, permissions: permissions) }
        try files.makeDirectory(path, permissions: permissions)
    }

    /// Gives all files their names, durably.
    package func finish() throws(DatabaseError) {
        try files.syncFileSystem(of: root)
        if written.isEmpty { return }
        for file in written {
            try files.rename(file.temporary, to: file.path, replacing: false)
        }
        try files.syncFileSystem(of: root)
    }

    /// Removes everything again, after a failure.
    package func abandon() {
        for file in written {
            for name in [file.temporary, file.path] {
                // It may have the other name; what cannot be removed is swept at the next start.
                do throws(DatabaseError) { try files.remove(name) } catch _ {}
            }
        }
        written = []
    }
}
