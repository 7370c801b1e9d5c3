import Diagnostics
import Platform

/// What was found damaged in the backups of a destination: one small file each, beside the notes of
/// when they were found sound. A backup that has one is no parent of another.
///
/// A note is of an id under a name: a directory that somebody has copied is another backup with the
/// same id. The note of a name that is gone counts for each backup with its id, because that one
/// may have been renamed.
struct DamageNotes: Sendable {
    static let prefix = "damaged-"

    let place: Destination
    private let notes: [String]
    private let present: Set<String>

    /// Reads which notes there are.
    init(in place: Destination) throws(DatabaseError) {
        self.place = place
        let directory = Self.directory(of: place)
        guard try place.files.info(directory)?.kind == .directory else {
            (notes, present) = ([], [])
            return
        }
        notes = try place.files.list(directory).filter { $0.hasPrefix(Self.prefix) }.sorted()
        present = notes.isEmpty ? [] : Set(try place.names().map(Self.key))
    }

    /// What was found in a backup; nil when nothing was.
    func damage(of id: String, _ name: String) -> Damage? {
        files(of: id, name).first.map { read($0) }
    }

    /// Notes something; what is noted already stays.
    ///
    /// - Throws: what keeps the note from being written.
    func add(_ damage: Damage, of id: String, _ name: String) throws(DatabaseError) {
        let directory = Self.directory(of: place)
        try place.files.makeDurableDirectory(directory)
        let file = Self.prefix + Self.key(id) + "-" + Self.key(name)
        try place.files.publish(
            Array("\(damage.foundAt) \(damage.mode) \(damage.text)\n".utf8),
            as: Path.join(directory, file), replacing: .atomically)
    }

    /// Forgets what a verification that found nothing has looked at as well, all of it without one.
    ///
    /// - Throws: what keeps a note from being removed.
    func clear(_ id: String, _ name: String, after mode: VerifyMode?) throws(DatabaseError) {
        for file in files(of: id, name) {
            if mode == .full, read(file).mode == "deep" { continue }
            try place.files.removeTree(Path.join(Self.directory(of: place), file))
        }
    }

    /// The paths of notes that are of this backup.
    private func files(of id: String, _ name: String) -> [String] {
        let front = Self.prefix + Self.key(id) + "-"
        let own = Self.key(name)
        return notes.filter {
            guard $0.hasPrefix(front) else { return false }
            let key = String($0.dropFirst(front.count))
            return key == own || !present.contains(key)
        }
    }

    /// What cannot be read speaks against the backup too.
    private func read(_ name: String) -> Damage {
        let file = Path.join(Self.directory(of: place), name)
        do throws(DatabaseError) {
            if try place.files.info(file)?.kind == .file {
                let bytes = try place.files.readAll(file, upTo: Limits.damageNoteBytes)
                if let damage = Damage(note: String(decoding: bytes, as: UTF8.self)) {
                    return damage
                }
            }
        } catch _ {}
        return Damage(
            foundAt: 0, mode: "full", text: "the note of its verification is damaged \"\(file)\"")
    }

    private static func directory(of place: Destination) -> String {
        Path.join(place.path, BackupService.verifiedDirectory)
    }

    /// A name of fixed length, whatever an id or a name holds.
    private static func key(_ text: String) -> String {
        hexadecimal(Array(SHA256.digest(Array(text.utf8)).prefix(8)))
    }
}

/// What was found in a backup that is damaged.
struct Damage: Sendable, Equatable {
    /// Microseconds since 1970.
    let foundAt: Int64
    /// `deep` for what only that finds, else `full`.
    let mode: String
    /// One line.
    let text: String

    init(foundAt: Int64, mode: String, text: String) {
        self.foundAt = foundAt
        self.mode = mode
        let line = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
        var cut = String.UnicodeScalarView()
        cut.append(contentsOf: line.prefix(Limits.damageTextLength))
        self.text = String(cut)
    }

    fileprivate init?(note: String) {
        let parts = note.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, let foundAt = Int64(parts[0]), ["full", "deep"].contains(parts[1])
        else { return nil }
        let line = parts[2].unicodeScalars.last == "\n" ? parts[2].dropLast() : parts[2]
        self.init(foundAt: foundAt, mode: String(parts[1]), text: String(line))
    }
}
