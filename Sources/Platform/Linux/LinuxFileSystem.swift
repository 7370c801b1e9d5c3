import Bytes
import CPlatform
package import Diagnostics

/// The real disk.
package struct LinuxFileSystem: FileSystem {
    package init() {}

    package func open(_ path: String, _ mode: OpenMode, permissions: UInt16)
        throws(DatabaseError) -> any OpenFile
    {
        let flags: basalt_open_flags =
            switch mode {
            case .read: BASALT_OPEN_READ
            case .readLinked: BASALT_OPEN_READ | BASALT_OPEN_FOLLOW
            case .readWrite: BASALT_OPEN_READ_WRITE
            case .create: BASALT_OPEN_READ_WRITE | BASALT_OPEN_CREATE | BASALT_OPEN_EXCLUSIVE
            }
        return LinuxFile(
            try openRegular(path, flags: flags, permissions: permissions, call: .open))
    }

    /// Opens what must be a file: a pipe, a device or a directory in its place answers nothing.
    private func openRegular(
        _ path: String, flags: basalt_open_flags, permissions: UInt16 = 0, call: FileCall
    ) throws(DatabaseError) -> Descriptor {
        let descriptor = try Descriptor(
            opening: path, flags: flags, permissions: permissions, call: call)
        var found = basalt_file_info()
        try repeatingInterrupted(call, path) {
            // SAFETY: `found` is exclusively ours during the call.
            unsafe basalt_fstat(descriptor.number, &found)
        }
        guard found.mode & 0o170000 == 0o100000 else { throw .notAFile(path) }
        return descriptor
    }

    package func info(_ path: String) throws(DatabaseError) -> FileInfo? {
        var found = basalt_file_info()
        // SAFETY: the path is a C string during the call and `found` is ours alone.
        let result = unsafe basalt_lstat(path, &found)
        // Below a file lies nothing either.
        if [-ErrorNumber.noEntry, -ErrorNumber.notDirectory].contains(result) { return nil }
        if result < 0 { throw .fileCall(.stat, path, -result) }
        let kind: FileInfo.Kind =
            switch found.mode & 0o170000 {
            case 0o100000: .file
            case 0o040000: .directory
            case 0o120000: .symbolicLink
            default: .other
            }
        return FileInfo(
            kind: kind, size: Int(found.size), permissions: UInt16(found.mode & 0o7777),
            device: found.device, inode: found.inode, linkCount: Int(found.links),
            birth: found.birth)
    }

    package func list(_ directory: String) throws(DatabaseError) -> [String] {
        var errorNumber: Int32 = 0
        // SAFETY: the handle is used by this call alone and closed at its end.
        guard let handle = unsafe basalt_directory_open(directory, &errorNumber) else {
            throw .fileCall(.list, directory, errorNumber)
        }
        defer { unsafe basalt_directory_close(handle) }
        var names: [String] = []
        var name = [CChar](repeating: 0, count: Limits.nameBytes)
        while true {
            // SAFETY: `name` has the capacity given and is ours alone.
            let length = unsafe basalt_directory_next(handle, &name, Limits.nameBytes)
            if length < 0 { throw .fileCall(.list, directory, Int32(-length)) }
            if length == 0 { break }
            let bytes = name[..<Int(length)].lazy.map { UInt8(bitPattern: $0) }
            names.append(String(decoding: bytes, as: UTF8.self))
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package func makeDirectory(_ path: String, permissions: UInt16) throws(DatabaseError) {
        try check(.makeDirectory, path) {
            // SAFETY: the path is a C string during the call (so below as well).
            unsafe basalt_mkdir(path, UInt32(permissions))
        }
    }

    package func rename(_ from: String, to: String, replacing: Bool) throws(DatabaseError) {
        try check(.rename, from, to: to) {
            // SAFETY: as in `makeDirectory`.
            unsafe basalt_rename(from, to, replacing ? 1 : 0)
        }
    }

    package func link(_ from: String, to: String) throws(DatabaseError) {
        try check(.link, from, to: to) {
            // SAFETY: as in `makeDirectory`.
            unsafe basalt_link(from, to)
        }
    }

    package func remove(_ path: String) throws(DatabaseError) {
        try check(.remove, path) {
            // SAFETY: as in `makeDirectory`.
            unsafe basalt_unlink(path)
        }
    }

    package func removeDirectory(_ path: String) throws(DatabaseError) {
        try check(.removeDirectory, path) {
            // SAFETY: as in `makeDirectory`.
            unsafe basalt_rmdir(path)
        }
    }

    package func setPermissions(_ path: String, _ permissions: UInt16) throws(DatabaseError) {
        try check(.setPermissions, path) {
            // SAFETY: as in `makeDirectory`.
            unsafe basalt_chmod(path, UInt32(permissions))
        }
    }

    package func syncDirectory(_ path: String) throws(DatabaseError) {
        let directory = try Descriptor(
            opening: path, flags: BASALT_OPEN_DIRECTORY | BASALT_OPEN_FOLLOW, call: .syncDirectory)
        let result = basalt_fsync(directory.number)
        if result < 0 { throw .fileCall(.syncDirectory, path, -result) }
    }

    package func syncFileSystem(of path: String) throws(DatabaseError) {
        let descriptor = try Descriptor(
            opening: path, flags: BASALT_OPEN_FOLLOW, call: .syncFileSystem)
        let result = basalt_syncfs(descriptor.number)
        if result < 0 { throw .fileCall(.syncFileSystem, path, -result) }
    }

    package func lock(_ path: String, _ mode: LockMode) throws(DatabaseError) -> any FileLock {
        let descriptor = try openForLock(path, mode)
        let result = basalt_flock(descriptor.number, mode == .exclusive ? 1 : 0)
        if result == -ErrorNumber.again {
            throw .lockHeld(
                path: path, processID: try holder(descriptor), errorNumber: ErrorNumber.again)
        }
        if result < 0 { throw .fileCall(.lock, path, -result) }
        if mode == .exclusive { try nameHolder(LinuxFile(descriptor)) }
        return LinuxFileLock(descriptor, mode)
    }

    package func freeBytes(of path: String) throws(DatabaseError) -> Int {
        Int(
            try repeatingInterrupted(.freeBytes, path) {
                // SAFETY: as in `makeDirectory`.
                unsafe basalt_free_bytes(path)
            })
    }

    package func kind(ofFileSystem path: String) throws(DatabaseError) -> FileSystemKind {
        let number = try repeatingInterrupted(.freeBytes, path) {
            // SAFETY: as in `makeDirectory`.
            unsafe basalt_file_system_type(path)
        }
        return FileSystemKind(magic: UInt32(truncatingIfNeeded: number))
    }

    private func check(
        _ call: FileCall, _ path: String, to target: String? = nil, _ body: () -> Int32
    ) throws(DatabaseError) {
        while true {
            let result = body()
            if result >= 0 { return }
            if result != -ErrorNumber.interrupted {
                throw .fileCall(call, path, to: target, -result)
            }
        }
    }

    /// A shared lock must work where nothing can be written, so it asks for writing only when the
    /// file is missing.
    private func openForLock(_ path: String, _ mode: LockMode) throws(DatabaseError) -> Descriptor {
        if mode == .shared {
            do {
                return try openRegular(path, flags: BASALT_OPEN_READ, call: .lock)
            } catch {
                if error.cause?.errorNumber != ErrorNumber.noEntry { throw error }
            }
        }
        return try openRegular(
            path, flags: BASALT_OPEN_READ_WRITE | BASALT_OPEN_CREATE, permissions: 0o600,
            call: .lock)
    }

    /// Writes who holds a lock. Only others' messages want to know it: what frees space must be able
    /// to take a lock where there is none left.
    private func nameHolder(_ file: LinuxFile) throws(DatabaseError) {
        do throws(DatabaseError) {
            try file.truncate(to: 0)
            try file.write(Array("\(Machine.processID)\n".utf8), at: 0)
        } catch {
            guard error.state == .diskFull else { throw error }
        }
    }

    private func holder(_ descriptor: Descriptor) throws(DatabaseError) -> Int? {
        let bytes = try LinuxFile(descriptor).read(at: 0, count: Limits.processIDBytes)
        return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
