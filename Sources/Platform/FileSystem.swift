package import Bytes
package import Diagnostics

/// How a file is opened.
package enum OpenMode: Sendable {
    /// For reading an existing file.
    case read
    /// The same behind a symbolic link: for settings, which people and orchestrators link.
    case readLinked
    /// For reading and appending or overwriting an existing file (WAL and lock files only).
    case readWrite
    /// Creates a file that must not exist yet, for reading and writing.
    case create
}

/// What `list` and `stat` tell about a name.
package struct FileInfo: Sendable, Equatable {
    package enum Kind: Sendable { case file, directory, symbolicLink, other }
    package let kind: Kind
    package let size: Int
    package let permissions: UInt16
    /// Device and inode: the identity of the file, whatever its name.
    package let device: UInt64
    package let inode: UInt64
    package let linkCount: Int
    /// Nanoseconds since 1970 when the file was made; 0 where the file system does not keep it.
    package let birth: Int64

    package init(
        kind: Kind, size: Int, permissions: UInt16, device: UInt64, inode: UInt64, linkCount: Int,
        birth: Int64 = 0
    ) {
        self.kind = kind
        self.size = size
        self.permissions = permissions
        self.device = device
        self.inode = inode
        self.linkCount = linkCount
        self.birth = birth
    }
}

/// How a lock is held, see `FileSystem.lock`.
package enum LockMode: Sendable { case shared, exclusive }

/// An open file. Closed when the last reference goes.
///
/// All methods may be called from any thread and may block: never on an event loop.
package protocol OpenFile: AnyObject, Sendable {
    var path: String { get }
    /// Returns the current length in bytes.
    func size() throws(DatabaseError) -> Int
    /// Reads up to `count` bytes at `offset`; fewer only at the end of the file.
    func read(at offset: Int, count: Int) throws(DatabaseError) -> [UInt8]
    /// Writes all bytes at `offset`, extending the file where needed.
    func write(_ bytes: [UInt8], at offset: Int) throws(DatabaseError)
    /// Tells the disk to begin with what was written there, so that a later sync has less to wait
    /// for. Makes nothing durable and reports nothing: `sync` does.
    func beginWriteback(at offset: Int, count: Int)
    /// The same, and waits until the disk has it, so that others find the disk free. Makes nothing
    /// durable and reports nothing either.
    func finishWriteback(at offset: Int, count: Int)
    /// Gives this file, which is new and empty, the bytes of another by sharing its blocks on the
    /// disk. Both are changed, synced and removed each by itself.
    ///
    /// - Returns: false where the file system cannot do that; nothing has changed then.
    func shareBlocks(of other: any OpenFile) throws(DatabaseError) -> Bool
    /// Cuts or extends the file to `length`.
    func truncate(to length: Int) throws(DatabaseError)
    /// Makes data and length durable. A failure must never be retried by the caller.
    func sync() throws(DatabaseError)
    /// Maps the whole file for reading. The region outlives the file object.
    func map() throws(DatabaseError) -> MemoryRegion
}

/// A held lock on a file; given back when released or when the process ends.
package protocol FileLock: AnyObject, Sendable {
    func release()
}

/// The disk. Linux and simulated are the two implementations; one conformance suite runs on both.
///
/// Paths are absolute. Every failure is a `DatabaseError` with `cause` naming call, path and errno.
/// A name appears for ever only through `publish`; `rename` and `remove` are for recorded plans.
package protocol FileSystem: Sendable {
    func open(_ path: String, _ mode: OpenMode, permissions: UInt16) throws(DatabaseError)
        -> any OpenFile
    /// Returns nil when there is nothing at `path`. Does not follow a symbolic link.
    func info(_ path: String) throws(DatabaseError) -> FileInfo?
    /// Names in a directory without `.` and `..`, sorted bytewise.
    func list(_ directory: String) throws(DatabaseError) -> [String]
    func makeDirectory(_ path: String, permissions: UInt16) throws(DatabaseError)
    /// Renames; with `replacing` false an existing target is EEXIST (58P02).
    func rename(_ from: String, to: String, replacing: Bool) throws(DatabaseError)
    func link(_ from: String, to: String) throws(DatabaseError)
    /// Removes a file (not a directory). A missing file is an error 58P01.
    func remove(_ path: String) throws(DatabaseError)
    func removeDirectory(_ path: String) throws(DatabaseError)
    func setPermissions(_ path: String, _ permissions: UInt16) throws(DatabaseError)
    /// Makes the entries of a directory durable.
    func syncDirectory(_ path: String) throws(DatabaseError)
    /// Makes everything on the file system of `path` durable.
    func syncFileSystem(of path: String) throws(DatabaseError)
    /// Takes a lock at once or throws 55006 with the holder's pid in the message when known. The
    /// file is created for `exclusive` when it is missing; for `shared` it may be opened read-only.
    func lock(_ path: String, _ mode: LockMode) throws(DatabaseError) -> any FileLock
    /// Bytes free for us on the file system of `path`.
    func freeBytes(of path: String) throws(DatabaseError) -> Int
    /// What kind of file system `path` lies on.
    func kind(ofFileSystem path: String) throws(DatabaseError) -> FileSystemKind
    /// The name a file has until it is published as `path`: on the same file system.
    func temporaryName(for path: String) -> String
    /// Whether a directory that is there has a durable name, as far as that is known: false while
    /// somebody else is making it.
    func isDurable(directory path: String) -> Bool
}
