import Synchronization
import Bytes
import CPlatform
import Diagnostics

/// A descriptor with one owner: closed when the last reference goes.
final class Descriptor: Sendable {
    let number: Int32
    let path: String

    init(opening path: String, flags: basalt_open_flags, permissions: UInt16 = 0, call: FileCall)
        throws(DatabaseError)
    {
        self.path = path
        number = try repeatingInterrupted(call, path) {
            // SAFETY: the path lives as a C string for the length of the call.
            unsafe basalt_open(path, Int32(flags.rawValue), UInt32(permissions))
        }
    }

    deinit {
        // Data is made durable by sync alone, so what close says is of no consequence.
        _ = basalt_close(number)
    }
}

extension basalt_open_flags {
    static func | (left: basalt_open_flags, right: basalt_open_flags) -> basalt_open_flags {
        basalt_open_flags(left.rawValue | right.rawValue)
    }
}

/// Makes a system call again while a signal interrupts it; other failures are thrown.
@discardableResult
func repeatingInterrupted<T: SignedInteger>(_ call: FileCall, _ path: String, _ body: () -> T)
    throws(DatabaseError) -> T
{
    while true {
        let result = body()
        if result >= 0 { return result }
        let errorNumber = Int32(truncatingIfNeeded: -result)
        if errorNumber != ErrorNumber.interrupted {
            throw .fileCall(call, path, errorNumber)
        }
    }
}

/// An open file on Linux.
final class LinuxFile: OpenFile {
    private let descriptor: Descriptor

    var path: String { descriptor.path }

    init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    func size() throws(DatabaseError) -> Int {
        var info = basalt_file_info()
        try repeatingInterrupted(.size, path) {
            // SAFETY: `info` is exclusively ours during the call.
            unsafe basalt_fstat(descriptor.number, &info)
        }
        return Int(info.size)
    }

    func read(at offset: Int, count: Int) throws(DatabaseError) -> [UInt8] {
        precondition(offset >= 0, "offsets are not negative")
        precondition(count >= 0, "counts are not negative")
        if count == 0 { return [] }
        // A count from a damaged file must not make us allocate what is not there.
        let wanted = count > 1 << 16 ? min(count, max(0, try size() - offset)) : count
        var failure: DatabaseError?
        // SAFETY: the closure initialises exactly the bytes it counts, from the front.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, done in
            guard let start = buffer.baseAddress else { return }
            do throws(DatabaseError) {
                while done < wanted {
                    let part = min(wanted - done, Limits.callBytes)
                    let got = try repeatingInterrupted(.read, path) {
                        // SAFETY: `start + done` has `part` bytes left in the buffer.
                        unsafe basalt_pread(
                            descriptor.number, start + done, part, Int64(offset + done))
                    }
                    if got == 0 { break }
                    done += Int(got)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(DatabaseError) {
        precondition(offset >= 0, "offsets are not negative")
        var done = 0
        while done < bytes.count {
            let wrote = try repeatingInterrupted(.write, path) {
                unsafe bytes.withUnsafeBytes { buffer -> Int64 in
                    guard let start = buffer.baseAddress else { return 0 }
                    let part = min(buffer.count - done, Limits.callBytes)
                    // SAFETY: `start + done` has `part` bytes left in the array.
                    return unsafe basalt_pwrite(
                        descriptor.number, start + done, part, Int64(offset + done))
                }
            }
            // A disk that takes nothing and names no reason would keep us here for ever.
            if wrote == 0 { throw .fileCall(.write, path, ErrorNumber.inputOutput) }
            done += Int(wrote)
        }
    }

    func beginWriteback(at offset: Int, count: Int) {
        // A file system without it writes when it is synced; errors wait for that as well.
        _ = basalt_begin_writeback(descriptor.number, Int64(offset), Int64(count))
    }

    func finishWriteback(at offset: Int, count: Int) {
        // As above: what goes wrong is told by the sync.
        _ = basalt_finish_writeback(descriptor.number, Int64(offset), Int64(count))
    }

    func shareBlocks(of other: any OpenFile) throws(DatabaseError) -> Bool {
        guard let other = other as? LinuxFile else { return false }
        return try BlockSharing.attempt { () throws(DatabaseError) in
            try repeatingInterrupted(.shareBlocks, path) {
                basalt_share_blocks(descriptor.number, other.descriptor.number)
            }
        }
    }

    func truncate(to length: Int) throws(DatabaseError) {
        try repeatingInterrupted(.truncate, path) {
            basalt_ftruncate(descriptor.number, Int64(length))
        }
    }

    func sync() throws(DatabaseError) {
        // Never repeated: after a failed sync the kernel forgets which pages were dirty.
        let result = basalt_fdatasync(descriptor.number)
        if result < 0 { throw .fileCall(.fsync, path, -result) }
    }

    func map() throws(DatabaseError) -> MemoryRegion {
        let length = try size()
        if length == 0 { return MemoryRegion(zeroed: 0) }
        var errorNumber: Int32 = 0
        // SAFETY: asks for a fresh mapping; nothing of ours is at the address it gets.
        guard let start = unsafe basalt_map(descriptor.number, length, &errorNumber) else {
            throw .fileCall(.map, path, errorNumber)
        }
        // SAFETY: the mapping has `length` readable bytes until it is unmapped, which only the
        // region does, once. Published files are never cut, so no page goes away below it.
        let slot = unsafe MappedFiles.add(start, count: length, path: path)
        return unsafe MemoryRegion(
            adopting: start, count: length,
            isIntact: { slot.map { MappedFiles.isIntact($0) } ?? true }
        ) { start, length in
            if let slot { MappedFiles.remove(slot) }
            _ = unsafe basalt_unmap(start, length)
        }
    }
}

/// A lock of flock(2): given back when released, when the object goes, or when the process ends.
final class LinuxFileLock: FileLock {
    private let held: Mutex<Descriptor?>
    private let mode: LockMode

    init(_ descriptor: Descriptor, _ mode: LockMode) {
        held = Mutex(descriptor)
        self.mode = mode
    }

    deinit { release() }

    func release() {
        let descriptor = held.withLock { held in
            defer { held = nil }
            return held
        }
        // The pid is only there to be read while the lock is held.
        if let descriptor, mode == .exclusive { _ = basalt_ftruncate(descriptor.number, 0) }
    }
}
