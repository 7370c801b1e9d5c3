import Diagnostics
import Platform
import Synchronization

/// A file that keeps some room of the disk for what gives room back: on a full disk DROP TABLE,
/// TRUNCATE and the like must still reach the log. It is given up for them and made again later.
///
/// Any thread may call it. While a snapshot is prepared it stays: nothing comes free then.
final class SpaceReserve: Sendable {
    static let name = "_reserve"

    private let files: any FileSystem
    private let directory: String
    private let bytes: Int
    private let hold: RemovalHold
    private let chance: any Chance
    private let log: any LogSink
    private let isThere: Mutex<Bool>

    private var path: String { Path.join(directory, Self.name) }

    init(_ platform: Platform, directory: String, bytes: Int, hold: RemovalHold)
        throws(DatabaseError)
    {
        files = platform.files
        chance = platform.chance
        log = platform.log
        self.directory = directory
        self.bytes = bytes
        self.hold = hold
        let found = try files.info(Path.join(directory, Self.name))
        isThere = Mutex(found?.kind == .file && found?.size == bytes)
    }

    /// Makes the file when it is missing and the disk has plenty. What fails here costs nothing but
    /// the reserve.
    func fill() {
        if hold.isHeld || isThere.withLock({ $0 }) { return }
        do throws(DatabaseError) {
            let free = try files.freeBytes(of: directory)
            guard free / Limits.reserveShare >= bytes else { return }
            try files.publish(filler(), as: path, replacing: .atomically)
            isThere.withLock { $0 = true }
        } catch {
            log.log(.debug, "storage", "cannot keep a reserve of the disk: \(error)")
        }
    }

    /// What no file system makes smaller.
    private func filler() -> [UInt8] {
        let piece = chance.bytes(min(bytes, Limits.reservePieceBytes))
        var filler: [UInt8] = []
        filler.reserveCapacity(bytes)
        while filler.count < bytes { filler += piece.prefix(bytes - filler.count) }
        return filler
    }

    /// Gives the room up where the disk has less than that: for a statement that needs some to
    /// give back more.
    func giveUpWhenShort() {
        guard isThere.withLock({ $0 }) else { return }
        do throws(DatabaseError) {
            if try files.freeBytes(of: directory) < bytes { _ = giveUp() }
        } catch {
            log.log(.debug, "storage", "cannot tell what the disk has free: \(error)")
        }
    }

    /// Gives the room up; false when there was none to give.
    func giveUp() -> Bool {
        let wasThere = isThere.withLock { isThere in
            if hold.isHeld { return false }
            defer { isThere = false }
            return isThere
        }
        guard wasThere else { return false }
        do throws(DatabaseError) {
            try files.remove(path)
        } catch {
            log.log(.error, "storage", "cannot give up the reserve of the disk: \(error)")
            return false
        }
        log.log(
            .advisory, "storage",
            "the disk is full: \(bytes) bytes kept in reserve are given up for a statement that "
                + "frees some")
        return true
    }
}
