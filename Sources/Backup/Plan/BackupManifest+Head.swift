import Bytes

extension BackupManifest {
    /// What is said before the long lists of a manifest.
    struct Head: Sendable, Equatable {
        let database: String
        let finishedAt: Int64

        init(database: String, finishedAt: Int64) {
            self.database = database
            self.finishedAt = finishedAt
        }

        init(_ manifest: BackupManifest) {
            self.init(database: manifest.database, finishedAt: manifest.finishedAt)
        }
    }

    /// Reads the members before `tables`; nil when the bytes do not look as this room writes them.
    static func head(of front: [UInt8]) -> Head? {
        // Inside of a string the quote would stand behind a backslash.
        let mark = Array(",\"tables\":[".utf8)
        guard let first = mark.first else { return nil }
        var begin = front.startIndex
        while let comma = front[begin...].firstIndex(of: first) {
            if front[comma...].starts(with: mark) {
                return read(Array(front[..<comma]) + [UInt8(ascii: "}")])
            }
            begin = comma + 1
        }
        return nil
    }

    private static func read(_ object: [UInt8]) -> Head? {
        do throws(DecodeFailure) {
            let json = try JSONReader.read(object)
            guard let database = json["database"]?.text,
                let finishedAt = json["finished_at"]?.number
            else { return nil }
            return Head(database: database, finishedAt: finishedAt)
        } catch _ {
            return nil
        }
    }
}
