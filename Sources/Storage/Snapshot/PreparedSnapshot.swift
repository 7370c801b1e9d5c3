/// Which statement prepared a snapshot: two names for one act.
package enum PreparedKind: String, Sendable, CaseIterable {
    case snapshot
    case checkpoint

    /// The directory below the root that exists while one is prepared.
    package var directory: String {
        switch self {
        case .snapshot: "snapshot"
        case .checkpoint: ".checkpoint"
        }
    }

    /// As `pins()` calls it.
    package var owner: String { "prepared \(rawValue), until \(ending)" }

    /// The statement that ends it.
    package var ending: String {
        switch self {
        case .snapshot: "SNAPSHOT COMPLETE"
        case .checkpoint: "CHECKPOINT RELEASE"
        }
    }
}

/// A snapshot that lies prepared in a root, for somebody to copy the root.
package struct PreparedSnapshot: Sendable, Equatable {
    package let kind: PreparedKind
    package let lsn: LSN
    /// Microseconds since 1970.
    package let preparedAt: Int64
}

/// How far a preparation is: one at a time.
enum SnapshotPreparation: Sendable, Equatable {
    case none
    /// Somebody is preparing or completing one.
    case changing(PreparedKind)
    case prepared(PreparedSnapshot)

    var kind: PreparedKind? {
        switch self {
        case .none: nil
        case .changing(let kind): kind
        case .prepared(let snapshot): snapshot.kind
        }
    }
}
