import Storage

/// Which partitions a statement is about, by the names of their directories.
package enum PartitionChoice: Sendable, Equatable {
    case all
    case list([String])
    /// A pattern as `PartitionName.matches` takes it.
    case like(String)

    package func contains(_ partition: String) -> Bool {
        switch self {
        case .all: true
        case .list(let names): names.contains(partition)
        case .like(let pattern): PartitionName.matches(partition, pattern: pattern)
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
}
