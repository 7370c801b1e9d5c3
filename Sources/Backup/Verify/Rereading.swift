import Diagnostics
import Platform

/// Reading the files of a backup that is being made: what was written, and what is linked where
/// nobody has read it for long.
///
/// INV-1 a file that is linked and was read has the bytes that it should have, or is copied;
/// INV-2 when one of the parent's is damaged, all that are linked are read.
struct Rereading: Sendable {
    let run: StagingRun
    let facts: [String: BackupPlan.SegmentFacts]
    let crew: Crew
    /// Whether what was copied and written is read.
    let readsCopies: Bool
    /// A linked file is read when nobody has for so long; nil is never.
    let reverifyMicroseconds: Int64?
    /// Microseconds since 1970.
    let now: Int64
    let parent: BackupPlan.Parent?
    private(set) var files: [StagingRun.Made]
    /// Whether every linked file was read.
    private(set) var isParentRead = false
    /// By their number in `files`: what is wrong with those that cannot stay linked.
    private var unsound: [Int: DatabaseError] = [:]

    /// What is wrong with linked files.
    struct Found: Sendable {
        /// The first of all.
        let first: DatabaseError
        let count: Int
        /// The first that is damage, and the paths in the parent of all that is. A file that the disk
        /// does not give out today may be sound tomorrow.
        let damage: DatabaseError?
        let files: [String]
    }

    init(
        run: StagingRun, facts: [String: BackupPlan.SegmentFacts], crew: Crew, readsCopies: Bool,
        reverifyMicroseconds: Int64?, now: Int64, parent: BackupPlan.Parent?,
        files: [StagingRun.Made]
    ) {
        self.run = run
        self.facts = facts
        self.crew = crew
        self.readsCopies = readsCopies
        self.reverifyMicroseconds = reverifyMicroseconds
        self.now = now
        self.parent = parent
        self.files = files
    }

    /// Reads what is due. With damage in one file of the parent, its others are due as well.
    ///
    /// - Throws: XX001 for what was just written, 58030, 57014.
    mutating func read() throws(DatabaseError) {
        let due = files.indices.filter { isDue(files[$0].file) }
        for index in files.indices where files[index].file.origin != .linked && !readsCopies {
            try verifier.verify(files[index].file, mode: .quick)
        }
        try read(due)
        guard unsound.values.contains(where: { $0.state == .corrupted }) else { return }
        let known = Set(due)
        try read(files.indices.filter { isLinked($0) && !known.contains($0) })
        isParentRead = true
    }

    /// What is wrong with linked files; nil when nothing is.
    var found: Found? {
        let numbers = unsound.keys.sorted()
        guard let first = numbers.first.flatMap({ unsound[$0] }), let parent else { return nil }
        let damage = numbers.compactMap { unsound[$0] }.filter { $0.state == .corrupted }
        return Found(
            first: damage.first ?? first, count: numbers.count, damage: damage.first,
            files: damage.compactMap { $0.damagedFile(below: parent.path) })
    }

    /// Copies from the database what cannot stay linked, and reads the copies.
    ///
    /// - Throws: XX001 for what the database has damaged too.
    mutating func copyInstead() throws(DatabaseError) {
        let numbers = unsound.keys.sorted()
        try run.job.begin(.copying, bytes: bytes(of: numbers))
        let (run, facts, wrong) = (run, facts, unsound)
        let links = numbers.map { ($0, files[$0].file) }
        let copies = try crew.map(links) { link throws(DatabaseError) in
            do throws(DatabaseError) {
                return try run.copyInstead(of: link.1, facts)
            } catch {
                guard error.state == .corrupted, let path = wrong[link.0]?.damagedPath else {
                    throw error
                }
                throw error.alsoDamaged(in: path)
            }
        }
        for (number, copy) in zip(numbers, copies) { files[number] = copy }
        unsound = [:]
        if readsCopies { try read(numbers) }
    }

    private func isLinked(_ index: Int) -> Bool { files[index].file.origin == .linked }

    private func isDue(_ file: BackupManifest.File) -> Bool {
        if file.origin != .linked { return readsCopies }
        guard let reverifyMicroseconds else { return false }
        // The other way round a forged moment of the parent's manifest could leave 64 bits.
        return file.readAt.map { $0 <= now - reverifyMicroseconds } ?? true
    }

    private func bytes(of numbers: [Int]) -> Int {
        numbers.reduce(0) { $0 + files[$1].file.bytes }
    }

    private mutating func read(_ numbers: [Int]) throws(DatabaseError) {
        try run.job.begin(.verifying, bytes: bytes(of: numbers))
        let (verifier, reader) = (verifier, reader)
        let made = numbers.map { files[$0] }
        let wrong = try crew.map(made) { made throws(DatabaseError) -> DatabaseError? in
            if made.file.origin == .linked { return try reader.difference(of: made.file) }
            try verifier.reread(made.file, checks: made.checks)
            return nil
        }
        for (number, error) in zip(numbers, wrong) {
            files[number].file.readAt = now
            if let error { unsound[number] = error }
        }
    }

    private var verifier: BackupVerifier {
        BackupVerifier(path: run.staging.path, files: run.files) {
            [job = run.job] bytes throws(DatabaseError) in try job.advance(bytes)
        }
    }

    private var reader: LinkReader {
        LinkReader(
            staging: run.staging.path, parent: parent, facts: facts,
            reading: SegmentReading(files: run.files) {
                [job = run.job] bytes throws(DatabaseError) in try job.advance(bytes)
            })
    }
}

/// Reads a file that a backup being made shares, and tells of it as the parent's.
private struct LinkReader: Sendable {
    let staging: String
    let parent: BackupPlan.Parent?
    let facts: [String: BackupPlan.SegmentFacts]
    let reading: SegmentReading

    /// What is wrong with the file; nil when nothing is.
    ///
    /// - Throws: what says nothing about the parent's file.
    func difference(of file: BackupManifest.File) throws(DatabaseError) -> DatabaseError? {
        let expected = SegmentReading.Expected(bytes: file.bytes, sha256: file.sha256)
        let shared = Path.join(parent?.path ?? staging, path(of: file))
        do throws(DatabaseError) {
            let link = Path.join(staging, file.path)
            return try reading.difference(of: link, from: expected).map {
                .backupDamaged(shared, what: $0)
            }
        } catch {
            guard error.cause?.errorNumber == ErrorNumber.inputOutput else { throw error }
            return .fileCall(.read, shared, ErrorNumber.inputOutput)
        }
    }

    /// Where the parent has it: the table may have been renamed since.
    private func path(of file: BackupManifest.File) -> String {
        facts[file.path]?.parent?.path ?? file.path
    }
}
