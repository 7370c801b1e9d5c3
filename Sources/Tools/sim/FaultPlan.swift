import Platform

/// What the disk does wrong in one life, beside the power loss.
enum FaultPlan {
    case none
    /// One call of any kind, late or soon.
    case call(number: Int, errorNumber: Int32)
    /// Several calls of one kind on one kind of file.
    case kind(FileCall, path: String, skip: Int, times: Int, errorNumber: Int32)
    /// A disk that is full after so many bytes, until somebody makes room.
    case full(bytes: Int)
    /// One bit of a segment, of what is there when the life begins.
    case flippedBit

    init(_ random: inout SplitMix) {
        let errors: [Int32] = [
            ErrorNumber.inputOutput, ErrorNumber.noSpace, ErrorNumber.tooManyOpen,
        ]
        let errorNumber = errors[Int(random.next() % 3)]
        switch random.next() % 10 {
        case 0, 1:
            self = .call(number: 1 + Int(random.next() % 4_000), errorNumber: errorNumber)
        case 2, 3, 4:
            let kinds: [FileCall] = [
                .write, .fsync, .rename, .open, .syncDirectory, .remove, .map, .link, .stat,
            ]
            let paths = [".seg", "_manifest", "_wal", "_database", "/db/", "/backup/"]
            self = .kind(
                kinds[Int(random.next() % UInt64(kinds.count))],
                path: paths[Int(random.next() % UInt64(paths.count))],
                skip: Int(random.next() % 40), times: 1 + Int(random.next() % 3),
                errorNumber: errorNumber)
        case 5, 6: self = .full(bytes: Int(random.next() % 60_000))
        case 7: self = .flippedBit
        default: self = .none
        }
    }

    func begin(on disk: SimulatedDisk) {
        switch self {
        case .none, .flippedBit: break
        case .call(let number, let errorNumber):
            disk.failCall(number: number, with: errorNumber)
        case .kind(let call, let path, let skip, let times, let errorNumber):
            disk.fail(call, pathContaining: path, skip: skip, times: times, with: errorNumber)
        case .full(let bytes): disk.setCapacity(disk.usedBytes + bytes)
        }
    }
}

extension SimulatedDisk {
    /// Nothing goes wrong any more.
    func heal() {
        crashAtCall(nil)
        clearFaults()
        setCapacity(nil)
    }
}

/// A flipped bit, and how to flip it back.
struct FlippedBit {
    let path: String
    /// Heals the file wherever it is by then: it never changes, but it may have been detached and
    /// attached, or be in use by a backup alone.
    let restore: @Sendable () -> Void

    /// Flips a bit of a file whose path passes; nil when there is none.
    init?(
        of disk: SimulatedDisk, random: inout SplitMix, where isWanted: (String) -> Bool
    ) {
        let paths = disk.paths().filter(isWanted)
        if paths.isEmpty { return nil }
        path = paths[Int(random.next() % UInt64(paths.count))]
        guard let length = disk.contents(of: path)?.count, length > 0 else { return nil }
        let offset = Int(random.next() % UInt64(length))
        restore = disk.flipBit(path, offset: offset, bit: Int(random.next() % 8))
    }
}
