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
    /// There were bytes behind the end: a torn batch, to be cut away.
    var isTorn: Bool
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
    /// Told what is skipped, as text for people.
    var report: (String) -> Void = { _ in }

    /// Reads all files. Damage at the very end is a torn tail; any other is refused.
    func replay(
        from first: LSN, _ body: (LSN, LogEntry) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> WALEnd {
        let names = try WALName.list(files, directory).filter { $0 >= first }
        guard names.first == first else { throw .missingLog(directory, lsn: first) }
        var end = WALEnd(
            fileFirstLSN: first, offset: 0, checksum: 0, lastLSN: LSN(first.value - 1), files: [],
            timeline: "", isTorn: false)
        var known = Set(timelines)
        for (index, name) in names.enumerated() {
            try replayFile(name, isLast: index == names.count - 1, &end, &known, body)
        }
        return end
    }

    private func replayFile(
        _ name: LSN, isLast: Bool, _ end: inout WALEnd, _ known: inout Set<String>,
        _ body: (LSN, LogEntry) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let path = Path.join(directory, WALName.name(name))
        let file = try files.open(path, .read, permissions: 0)
        let size = try file.size()
        let header = try WALFileHeader.decode(
            try file.read(at: 0, count: WALFileHeader.bytes), path: path)
        // Where damage is skipped, the beginning of a timeline may have been in it.
        let isOurs = known.contains(header.timeline) || skipsTo != nil
        guard header.firstLSN == name, isOurs else {
            throw .damaged(path, offset: 0, "log file of another place or timeline")
        }
        guard end.files.isEmpty || header.previousChecksum == end.checksum || skipsTo != nil else {
            throw .missingLog(path, lsn: end.lastLSN.next)
        }
        end.checksum = header.previousChecksum
        end.timeline = header.timeline
        end.fileFirstLSN = name
        end.offset = WALFileHeader.bytes
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
        if end.offset < size { try judgeDamage(file, size: size, isLast: isLast, &end) }
    }

    private func replayFrame(
        _ frame: WALFrame, _ payload: [UInt8], _ path: String, _ known: inout Set<String>,
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
            for case .timeline(let timeline) in entry.edits { known.insert(timeline) }
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
    private func judgeDamage(_ file: any OpenFile, size: Int, isLast: Bool, _ end: inout WALEnd)
        throws(DatabaseError)
    {
        if try Self.isRoom(file, from: end.offset, size: size) { return }
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
                file.path, offset: end.offset, laterOffset: size, lost: lost, next: nil)
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
