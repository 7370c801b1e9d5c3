/// Table versions by id, in buckets: a new version of one table copies its bucket, not all tables.
struct VersionMap: Sendable {
    private static let bucketCount: UInt64 = 256
    private var buckets = [[UInt64: TableVersion]](repeating: [:], count: Int(bucketCount))

    init() {}

    init(_ versions: [UInt64: TableVersion]) {
        for (id, version) in versions { self[id] = version }
    }

    subscript(id: UInt64) -> TableVersion? {
        get { buckets[Int(id % Self.bucketCount)][id] }
        set { buckets[Int(id % Self.bucketCount)][id] = newValue }
    }

    var values: [TableVersion] { buckets.flatMap(\.values) }
}
