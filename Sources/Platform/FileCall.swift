/// The kinds of calls a `FileSystem` makes: they name a failure, and a simulated fault picks by them.
package enum FileCall: String, Sendable, CaseIterable {
    case open, read, write, truncate, fsync, map, size, lock, stat, list
    case makeDirectory = "mkdir"
    case rename, link
    case shareBlocks = "clone"
    case remove = "unlink"
    case removeDirectory = "rmdir"
    case setPermissions = "chmod"
    case syncDirectory = "fsync directory"
    case syncFileSystem = "syncfs"
    case freeBytes = "statvfs"

    /// What was attempted, after "cannot".
    var attempt: String {
        switch self {
        case .open: "open file"
        case .read: "read file"
        case .write: "write file"
        case .truncate: "change the length of file"
        case .fsync: "sync file"
        case .map: "map file"
        case .size, .stat: "examine file"
        case .lock: "lock file"
        case .list: "list directory"
        case .makeDirectory: "create directory"
        case .rename: "rename file"
        case .link: "link file"
        case .shareBlocks: "share the blocks of file"
        case .remove: "remove file"
        case .removeDirectory: "remove directory"
        case .setPermissions: "change permissions of"
        case .syncDirectory: "sync directory"
        case .syncFileSystem: "sync file system of"
        case .freeBytes: "examine file system of"
        }
    }
}

/// The errno values Basalt names or reacts to, as Linux numbers them on every architecture we run.
package enum ErrorNumber {
    package static let notPermitted: Int32 = 1
    package static let noEntry: Int32 = 2
    package static let interrupted: Int32 = 4
    package static let inputOutput: Int32 = 5
    package static let badDescriptor: Int32 = 9
    package static let again: Int32 = 11
    package static let outOfMemory: Int32 = 12
    package static let accessDenied: Int32 = 13
    package static let busy: Int32 = 16
    package static let exists: Int32 = 17
    package static let crossDevice: Int32 = 18
    package static let notDirectory: Int32 = 20
    package static let isDirectory: Int32 = 21
    package static let invalid: Int32 = 22
    package static let fileTableFull: Int32 = 23
    package static let tooManyOpen: Int32 = 24
    /// Of a call that this kind of file does not know, "not a typewriter".
    package static let notATerminal: Int32 = 25
    package static let tooLarge: Int32 = 27
    package static let noSpace: Int32 = 28
    package static let readOnly: Int32 = 30
    package static let tooManyLinks: Int32 = 31
    package static let nameTooLong: Int32 = 36
    package static let notEmpty: Int32 = 39
    package static let symbolicLinks: Int32 = 40
    package static let notSupported: Int32 = 95
    package static let stale: Int32 = 116
    package static let quotaExceeded: Int32 = 122

    /// What the number means, in the words of the C library.
    package static func text(_ number: Int32) -> String {
        switch number {
        case notPermitted: "operation not permitted"
        case noEntry: "no such file or directory"
        case interrupted: "interrupted system call"
        case inputOutput: "input/output error"
        case badDescriptor: "bad file descriptor"
        case again: "resource temporarily unavailable"
        case outOfMemory: "cannot allocate memory"
        case accessDenied: "permission denied"
        case busy: "device or resource busy"
        case exists: "file exists"
        case crossDevice: "invalid cross-device link"
        case notDirectory: "not a directory"
        case isDirectory: "is a directory"
        case invalid: "invalid argument"
        case fileTableFull: "too many open files in system"
        case tooManyOpen: "too many open files"
        case notATerminal: "inappropriate call for this kind of file"
        case tooLarge: "file too large"
        case noSpace: "no space left on device"
        case readOnly: "read-only file system"
        case tooManyLinks: "too many links"
        case nameTooLong: "file name too long"
        case notEmpty: "directory not empty"
        case symbolicLinks: "symbolic links are not followed here"
        case notSupported: "operation not supported"
        case stale: "stale file handle"
        case quotaExceeded: "disk quota exceeded"
        default: "errno \(number)"
        }
    }
}
