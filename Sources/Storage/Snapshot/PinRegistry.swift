/// One pin as `pins()` lists it.
package struct PinInfo: Sendable, Equatable {
    /// Who holds it: a query, a backup, a prepared snapshot.
    package let owner: String
    package let lsn: LSN
    /// Microseconds since 1970.
    package let since: Int64
    /// Bytes of files that are only still there because of this pin or an older one.
    package let retainedBytes: Int
}

/// Everything that holds on to a moment of the database: cursors, backups, prepared snapshots.
struct PinRegistry: Sendable {
    struct Pin: Sendable {
        let owner: String
        let lsn: LSN
        let since: Int64
    }

    private var pins: [UInt64: Pin] = [:]
    private var next: UInt64 = 1
    /// Files that wait for pins to go: from which LSN on nobody needs them, and their bytes.
    var waiting: [(lsn: LSN, bytes: Int)] = []

    mutating func add(_ pin: Pin) -> UInt64 {
        defer { next += 1 }
        pins[next] = pin
        return next
    }

    mutating func remove(_ id: UInt64) { pins[id] = nil }

    /// The oldest pinned LSN, or nil when nothing is pinned.
    var oldest: LSN? { pins.values.map(\.lsn).min() }

    /// All pins, the oldest first.
    var list: [PinInfo] {
        pins.sorted { $0.key < $1.key }.map { _, pin in
            let retained = waiting.filter { $0.lsn > pin.lsn }.reduce(0) { $0 + $1.bytes }
            return PinInfo(
                owner: pin.owner, lsn: pin.lsn, since: pin.since, retainedBytes: retained)
        }
    }
}
