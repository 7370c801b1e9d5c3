/// Which partitions a statement is about, by the names of their directories.
package enum PartitionChoice: Sendable, Equatable {
    case all
    case list([String])
    /// `%` stands for any characters, `?` for one; everything else for itself.
    case like(String)

    package func contains(_ partition: String) -> Bool {
        switch self {
        case .all: true
        case .list(let names): names.contains(partition)
        case .like(let pattern): Self.matches(Array(partition.utf8), Array(pattern.utf8))
        }
    }

    /// Names that are wanted one by one and are not among `known`.
    func missing(from known: Set<String>) -> String? {
        switch self {
        case .all: nil
        case .list(let names): names.first { !known.contains($0) }
        case .like(let pattern): known.contains(where: contains) ? nil : pattern
        }
    }

    /// Compares from the left; on a mismatch the last `%` takes one byte more. Linear for a name
    /// and a pattern as short as these, and never recursive.
    private static func matches(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
        var at = 0
        var place = 0
        var retry: (at: Int, place: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "%") {
                retry = (at, place)
                place += 1
            } else if place < pattern.count,
                pattern[place] == text[at] || pattern[place] == UInt8(ascii: "?")
            {
                at += 1
                place += 1
            } else if let last = retry {
                retry = (last.at + 1, last.place)
                at = last.at + 1
                place = last.place + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "%") }
    }
}
