import Bytes
import Diagnostics
import Platform

/// How an append can fail.
enum WALFailure: Error {
    /// Nothing of it is in the log; later commits may go on.
    case rejected(DatabaseError)
    /// Nobody knows what the log holds; no commit may be acknowledged any more.
    case fatal(DatabaseError)
}

/// Appends framed batches to the log. Owned by the committer alone.
///
/// A sync of a file that grows waits for the file system's journal too, and for whatever other files
/// it has to write first. So the file gets room before it is needed: zeros, over which small batches
/// are written.
struct WALWriter {
    let files: any FileSystem
    let directory: String
    /// What the next file will name; the open one keeps what it names.
    var timeline: String
    private var timelineCheck: UInt32
    let fileLimit: Int
    private(set) var file: any OpenFile
    private(set) var end: Int
    /// Where the zeros end that batches may be written over; the end itself without any.
    private var roomEnd: Int
    /// Bytes of zeros written at once; none after the disk refused them, until the next file.
    private var roomBytes: Int
    private(set) var previousChecksum: UInt32
    /// First LSN and bytes of every file, the open one last.
    private(set) var segments: [(first: LSN, bytes: Int)]
    /// The last LSN that is written.
    private(set) var lastLSN: LSN
    /// The last LSN that is known to be durable.
    private(set) var durableTo: LSN

    /// Goes on at the end that recovery found.
    init(
        files: any FileSystem, directory: String, timeline: String, fileLimit: Int, end: WALEnd
    ) throws(DatabaseError) {
        self.files = files
        self.directory = directory
        self.timeline = timeline
        timelineCheck = WALName.timelineCheck(end.timeline)
        self.fileLimit = fileLimit
        file = try files.open(
            Path.join(directory, WALName.name(end.fileFirstLSN)), .readWrite, permissions: 0o600)
        self.end = end.offset
        roomEnd = end.offset
        roomBytes = Self.roomBytes(fileLimit: fileLimit)
        previousChecksum = end.checksum
        segments = end.files
        lastLSN = end.lastLSN
        durableTo = end.lastLSN
    }

    var totalBytes: Int { segments.reduce(0) { $0 + $1.bytes } }

    /// Publishes an empty log file: header, sync, rename, sync of the directory.
    static func publishFile(
        _ files: any FileSystem, _ directory: String, _ header: WALFileHeader
    ) throws(DatabaseError) {
        let path = Path.join(directory, WALName.name(header.firstLSN))
        try files.publish(header.encode(), as: path)
    }

    /// Appends one frame and, when asked, makes it durable.
    mutating func append(
        _ payload: [UInt8], firstLSN: LSN, transactions: Int, isSynced: Bool
    ) throws(WALFailure) {
        let length = WALFrame.frameBytes(payload: payload.count)
        if end + length > fileLimit, end > WALFileHeader.bytes { try roll(to: firstLSN) }
        let frame = WALFrame(
            payloadBytes: payload.count, firstLSN: firstLSN, transactions: transactions,
            timelineCheck: timelineCheck, offset: end, previousChecksum: previousChecksum,
            payloadChecksum: CRC32C.checksum(payload), durableTo: durableTo)
        let header = frame.encode()
        var writer = ByteWriter(reserving: length)
        writer.append(header.bytes)
        writer.append(payload)
        writer.pad(to: WALFrame.alignment)
        do throws(DatabaseError) {
            try file.write(writer.bytes, at: end)
        } catch {
            try cutAway(after: error)
            throw .rejected(error)
        }
        end += length
        if isSynced, end > roomEnd, length <= Limits.logRoomBatchBytes { makeRoom() }
        previousChecksum = header.checksum
        lastLSN = frame.lastLSN
        segments[segments.count - 1].bytes = end
        if isSynced { try sync() }
    }

    private static func roomBytes(fileLimit: Int) -> Int {
        min(Limits.logRoomBytes, fileLimit / Limits.logRoomParts)
    }

    /// Writes zeros behind the end; the sync of the batch before them makes their blocks durable.
    private mutating func makeRoom() {
        roomEnd = end
        let count = min(roomBytes, fileLimit - end)
        guard count > 0 else { return }
        do throws(DatabaseError) {
            try file.write([UInt8](repeating: 0, count: count), at: end)
            roomEnd += count
        } catch _ {
            // Room only saves time: where there is none, the file grows batch by batch.
            roomBytes = 0
        }
    }

    /// Makes everything appended durable. A failure is never retried.
    mutating func sync() throws(WALFailure) {
        if durableTo == lastLSN { return }
        do throws(DatabaseError) { try file.sync() } catch { throw .fatal(error) }
        durableTo = lastLSN
    }

    /// Removes what a failed write left, durably: else a crash could bring it back.
    private mutating func cutAway(after failure: DatabaseError) throws(WALFailure) {
        do throws(DatabaseError) {
            try file.truncate(to: end)
            roomEnd = end
            try file.sync()
        } catch {
            throw .fatal(failure)
        }
    }

    /// Begins a new file. The one before is durable first, so that damage in it is never a torn end.
    mutating func roll(to first: LSN) throws(WALFailure) {
        try sync()
        giveRoomBack()
        let path = Path.join(directory, WALName.name(first))
        do throws(DatabaseError) {
            let header = WALFileHeader(
                firstLSN: first, timeline: timeline, previousChecksum: previousChecksum)
            try Self.publishFile(files, directory, header)
            file = try files.open(path, .readWrite, permissions: 0o600)
        } catch {
            try retract(path, after: error)
            throw .rejected(error)
        }
        end = WALFileHeader.bytes
        roomEnd = end
        roomBytes = Self.roomBytes(fileLimit: fileLimit)
        timelineCheck = WALName.timelineCheck(timeline)
        segments.append((first: first, bytes: end))
    }

    /// Goes on in a file of the present format behind one of an earlier. The header of one that holds no
    /// commit is exchanged, for both would have the same name.
    mutating func renew() throws(DatabaseError) {
        if end > WALFileHeader.bytes {
            do throws(WALFailure) {
                return try roll(to: lastLSN.next)
            } catch {
                switch error {
                case .rejected(let cause), .fatal(let cause): throw cause
                }
            }
        }
        guard let first = segments.last?.first else { return }
        let header = WALFileHeader(
            firstLSN: first, timeline: timeline, previousChecksum: previousChecksum)
        let path = Path.join(directory, WALName.name(first))
        try files.publish(header.encode(), as: path, replacing: .atomically)
        file = try files.open(path, .readWrite, permissions: 0o600)
        roomEnd = end
        timelineCheck = WALName.timelineCheck(timeline)
    }

    /// Cuts unused zeros away. Without a sync: readers expect them behind any file's end.
    private mutating func giveRoomBack() {
        guard roomEnd > end else { return }
        roomEnd = end
        // What stays is a few blocks, until the file goes.
        do throws(DatabaseError) { try file.truncate(to: end) } catch _ {}
    }

    /// Takes a file back that could not be begun: the next batch may still go into the one before.
    private func retract(_ path: String, after failure: DatabaseError) throws(WALFailure) {
        do throws(DatabaseError) {
            if try files.info(path) == nil { return }
            try files.remove(path)
            try files.syncDirectory(directory)
        } catch {
            throw .fatal(failure)
        }
    }

    /// Whether a commit is what keeps the oldest file, while there are newer ones.
    func isInOldestFile(_ lsn: LSN) -> Bool { segments.count > 1 && lsn < segments[1].first }

    /// The first LSN of the file that holds `lsn`.
    func fileHolding(_ lsn: LSN) -> LSN {
        segments.last { $0.first <= lsn }?.first ?? segments[0].first
    }

    /// Takes the files before `first` out of the books and returns them: somebody else removes them.
    mutating func forget(before first: LSN) -> [(path: String, bytes: Int)] {
        let count = segments.dropLast().prefix { $0.first < first }.count
        defer { segments.removeFirst(count) }
        return segments[..<count].map {
            (Path.join(directory, WALName.name($0.first)), $0.bytes)
        }
    }

    /// Removes files whose commits all lie before `first`, which begins a file.
    mutating func trim(before first: LSN) throws(DatabaseError) {
        while segments.count > 1, segments[0].first < first {
            try files.remove(Path.join(directory, WALName.name(segments[0].first)))
            segments.removeFirst()
        }
    }
}
