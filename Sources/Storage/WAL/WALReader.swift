import Bytes
import Diagnostics
import Platform

/// Where the log ends: what a writer needs to go on.
struct WALEnd {
    var fileFirstLSN: LSN
    var offset: Int
    var checksum: UInt32
    var lastLSN: LSN
    var files: [(first: LSN, bytes: Int)]
    /// The timeline that the last file names.
    var timeline: String
    /// The format that the last file names.
    var version = WALFileHeader.version
    /// There were bytes behind the end: a torn batch, to be cut away.
    var isTorn: Bool
    /// The log is to go on in a new file, which begins with this commit: the last one cannot be
    /// written to. Only where damage is skipped.
    var begins: LSN?
}

/// Reads the log from its first file on, handing every entry to a closure.
struct WALReader {
    let files: any FileSystem
    let directory: String
    /// The timelines whose files may lie here: the database's own and those it came from. Others
    /// begin on the way.
    let timelines: [String]
    /// Damage before this commit is skipped instead of refused: what `basalt repair` is told.
    var skipsTo: LSN?
    /// The highest commit that `_database` and the manifests know of.
    var floor: LSN = .zero
    /// Told what is skipped, as text for people.
    var report: (String) -> Void = { _ in }

    /// Reads all files. Damage at the very end is a torn tail; any other is refused.
    func replay(
        from first: LSN, _ body: (LSN, LogEntry) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> WALEnd {
        let names = try WALName.list(files, directory).filter { $0 >= first }
        var end = WALEnd(
            fileFirstLSN: first, offset: 0, checksum: 0, lastLSN: LSN(first.value - 1), files: [],
            timeline: "", isTorn: false)
        if names.first != first {
            let lost = end.lastLSN.next
            let next = names.first ?? max(floor.next, first)
            try giveUp(to: next, isEnd: names.isEmpty, &end) {
                .missingLog(directory, lsn: lost, next: $0)
            }
        }
        var known = timelines
        var isWritable = !names.isEmpty
        for (index, name) in names.enumerated() {
            let later = names[(index + 1)...].first
            isWritable = try replayFile(name, before: later, &end, &known, body)
        }
        if !isWritable || end.lastLSN < floor {
            let last = end.lastLSN
            // Above every name that is taken.
            let begin = max(floor, last, names.last ?? .zero).next
            if last.next < begin {
                try giveUp(to: begin, isEnd: true, &end) {
                    .shortLog(directory, end: last, expected: floor, next: $0)
                }
            }
            end.begins = begin
        }
        return end
    }

    /// Reads one file.
    ///
    /// - Parameter later: the first commit of the file after it; nil for the last.
    /// - Returns: false when its header is damaged, so that nothing may be appended to it.
    private func replayFile(
        _ name: LSN, before later: LSN?, _ end: inout WALEnd, _ known: inout [String],
        _ body: (LSN, LogEntry) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> Bool {
        let path = Path.join(directory, WALName.name(name))
        let file = try files.open(path, .read, permissions: 0)
        let size = try file.size()
        var header: WALFileHeader?
        do throws(DatabaseError) {
            header = try readHeader(file, name, known)
        } catch {
            guard error.state == .corrupted else { throw error }
            let next = later ?? max(floor, end.lastLSN, name).next
            guard try salvage(file, size, isLast: later == nil, next, &end, known, after: error)
            else {
                end.files.append((first: name, bytes: size))
                return false
            }
        }
        if let header { try follow(header, path, &end) }
        while end.offset < size {
            guard let next = try frame(file, at: end.offset, size: size, after: end) else {
                if try skipDamage(file, size: size, &end) { continue }
                break
            }
            try replayFrame(next.frame, next.payload, path, &known, body)
            end.checksum = next.checksum
            end.lastLSN = next.frame.lastLSN
            end.offset += next.frame.frameBytes
        }
        end.files.append((first: name, bytes: min(end.offset, size)))
        if end.offset < size { try judgeDamage(file, size: size, before: later, &end) }
        return header != nil
    }

    private func readHeader(_ file: any OpenFile, _ name: LSN, _ known: [String])
        throws(DatabaseError) -> WALFileHeader
    {
        let header = try WALFileHeader.decode(
            try file.read(at: 0, count: WALFileHeader.bytes), path: file.path)
        // Where damage is skipped, the beginning of a timeline may have been in it.
        let isOurs = known.contains(header.timeline) || skipsTo != nil
        guard header.firstLSN == name, isOurs else {
            throw .damaged(file.path, offset: 0, "log file of another place or timeline")
        }
        return header
    }

    /// Goes to the first batch of a file with a sound header.
    private func follow(_ header: WALFileHeader, _ path: String, _ end: inout WALEnd)
        throws(DatabaseError)
    {
        if !end.files.isEmpty, header.previousChecksum != end.checksum {
            let lost = end.lastLSN.next
            try giveUp(to: max(header.firstLSN, lost), &end) {
                .missingLog(path, lsn: lost, next: $0)
            }
        }
        end.checksum = header.previousChecksum
        end.timeline = header.timeline
        end.version = header.version
        end.fileFirstLSN = header.firstLSN
        end.offset = WALFileHeader.bytes
    }

    /// Finds the first batch of a file whose header is damaged: batches name their timeline too.
    ///
    /// - Parameter next: the commit that the log goes on with behind the file.
    /// - Returns: false when there is none.
    private func salvage(
        _ file: any OpenFile, _ size: Int, isLast: Bool, _ next: LSN, _ end: inout WALEnd,
        _ known: [String], after damage: DatabaseError
    ) throws(DatabaseError) -> Bool {
        let lastLSN = end.lastLSN
        let begin = WALFileHeader.bytes - WALFrame.alignment
        for timeline in known.reversed() {
            let found = try laterFrame(file, from: begin, size: size, timeline: timeline) {
                $0.firstLSN > lastLSN
            }
            guard let found else { continue }
            try giveUp(to: found.firstLSN, &end) {
                .damagedLogHeader(damage, file.path, lost: lastLSN.next, next: $0)
            }
            end.timeline = timeline
            end.offset = found.offset
            end.checksum = found.previousChecksum
            return true
        }
        try giveUp(to: next, isEnd: isLast, &end) {
            .damagedLogHeader(damage, file.path, lost: lastLSN.next, next: $0)
        }
        return false
    }

    /// Goes on with a later commit when that was asked for.
    ///
    /// - Parameter isEnd: whether nothing tells how many commits there were.
    /// - Throws: what a closure makes of that commit, when it was not asked for or not as far.
    private func giveUp(
        to next: LSN, isEnd: Bool = false, _ end: inout WALEnd, _ error: (LSN) -> DatabaseError
    ) throws(DatabaseError) {
        guard let skipsTo, next <= skipsTo else { throw error(next) }
        let lost = end.lastLSN.next
        let place = error(next).message
        if isEnd {
            report(
                "\(place): commits from \(lost) on, if there were any, are lost as far as no "
                    + "segment holds them; the next commit is \(next)")
        } else if lost < next {
            report(
                "\(place): commits \(lost) to \(LSN(next.value - 1)) are lost as far as no "
                    + "segment holds them")
        } else {
            report("\(place): no commit is lost by it")
        }
        end.lastLSN = LSN(next.value - 1)
    }

    private func replayFrame(
        _ frame: WALFrame, _ payload: [UInt8], _ path: String, _ known: inout [String],
        _ body: (LSN, LogEntry) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        var reader = ByteReader(payload)
        for step in 0..<frame.transactions {
            let entry: LogEntry
            do throws(DecodeFailure) {
                entry = try LogEntry.decode(&reader)
            } catch {
                throw .damaged(path, error)
            }
            for case .timeline(let timeline) in entry.edits { known.append(timeline) }
            try body(LSN(frame.firstLSN.value + UInt64(step)), entry)
        }
    }

    /// The valid frame at an offset that follows what was read, or nil.
    private func frame(_ file: any OpenFile, at offset: Int, size: Int, after end: WALEnd)
        throws(DatabaseError) -> (frame: WALFrame, checksum: UInt32, payload: [UInt8])?
    {
        let found = try validFrame(file, at: offset, size: size, timeline: end.timeline)
        guard let found else { return nil }
        guard found.frame.previousChecksum == end.checksum else { return nil }
        guard found.frame.firstLSN > end.lastLSN else { return nil }
        return found
    }

    private func validFrame(_ file: any OpenFile, at offset: Int, size: Int, timeline: String)
        throws(DatabaseError) -> (frame: WALFrame, checksum: UInt32, payload: [UInt8])?
    {
        let check = WALName.timelineCheck(timeline)
        let bytes = try file.read(at: offset, count: WALFrame.headerBytes)
        guard let found = WALFrame.decode(bytes, at: offset, timelineCheck: check) else {
            return nil
        }
        guard offset + found.frame.frameBytes <= size else { return nil }
        let payload = try file.read(
            at: offset + WALFrame.headerBytes, count: found.frame.payloadBytes)
        guard payload.count == found.frame.payloadBytes else { return nil }
        guard CRC32C.checksum(payload) == found.frame.payloadChecksum else { return nil }
        return (found.frame, found.checksum, payload)
    }

    /// A torn end may be dropped; a batch that was durable may not. A later valid batch that knew
    /// the damaged one to be durable proves the difference, in every commit mode.
    private func judgeDamage(
        _ file: any OpenFile, size: Int, before next: LSN?, _ end: inout WALEnd
    ) throws(DatabaseError) {
        if try Self.isRoom(file, from: end.offset, size: size) { return }
        let isLast = next == nil
        let lost = end.lastLSN.next
        let later = try laterFrame(file, from: end.offset, size: size, timeline: end.timeline) {
            !isLast || $0.durableTo >= lost
        }
        if let later {
            throw .damagedLog(
                file.path, offset: end.offset, laterOffset: later.offset, lost: lost,
                next: later.firstLSN)
        }
        if isLast {
            end.isTorn = true
            return
        }
        // Files are durable before the next one begins: nothing of them can be torn.
        if skipsTo == nil {
            throw .damagedLog(
                file.path, offset: end.offset, laterOffset: size, lost: lost, next: next ?? lost)
        }
        report("skipped \(size - end.offset) bytes at offset \(end.offset) of \"\(file.path)\"")
    }

    /// Whether nothing but zeros follows: room for batches that were never written. That none is
    /// missing there, the header of the next file tells.
    static func isRoom(_ file: any OpenFile, from begin: Int, size: Int) throws(DatabaseError)
        -> Bool
    {
        var offset = begin
        while offset < size {
            let bytes = try file.read(at: offset, count: Limits.logRoomBytes)
            guard !bytes.isEmpty, bytes.isZero else { return false }
            offset += bytes.count
        }
        return true
    }

    /// Goes on behind damage when that was asked for; false when nothing valid follows.
    private func skipDamage(_ file: any OpenFile, size: Int, _ end: inout WALEnd)
        throws(DatabaseError) -> Bool
    {
        guard let skipsTo else { return false }
        let begin = end.offset
        let lastLSN = end.lastLSN
        let later = try laterFrame(file, from: begin, size: size, timeline: end.timeline) {
            $0.firstLSN > lastLSN && $0.firstLSN <= skipsTo
        }
        guard let later else { return false }
        report(
            "skipped offset \(begin) to \(later.offset) of \"\(file.path)\": commits "
                + "\(lastLSN.next) to \(LSN(later.firstLSN.value - 1)) are lost")
        end.offset = later.offset
        end.checksum = later.previousChecksum
        end.lastLSN = LSN(later.firstLSN.value - 1)
        return true
    }

    /// The first valid frame behind an offset that a closure accepts.
    private func laterFrame(
        _ file: any OpenFile, from begin: Int, size: Int, timeline: String,
        _ accepts: (WALFrame) -> Bool
    ) throws(DatabaseError) -> WALFrame? {
        var offset = begin + WALFrame.alignment
        let window = 1 << 20
        while offset < size {
            let bytes = try file.read(at: offset, count: window)
            for step in stride(from: 0, to: max(bytes.count - 3, 0), by: WALFrame.alignment) {
                guard isMagic(bytes, step) else { continue }
                let found = try validFrame(
                    file, at: offset + step, size: size, timeline: timeline)
                if let frame = found?.frame, accepts(frame) { return frame }
            }
            offset += window
        }
        return nil
    }

    private func isMagic(_ bytes: [UInt8], _ at: Int) -> Bool {
        let magic = WALFrame.magic
        for step in 0..<4
        where bytes[at + step] != UInt8(truncatingIfNeeded: magic >> (8 * UInt32(step))) {
            return false
        }
        return true
    }
}
