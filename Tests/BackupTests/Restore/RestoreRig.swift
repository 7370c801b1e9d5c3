import Catalog
import Diagnostics
import Machines
import Platform
import Storage
import Testing
import Values

@testable import Backup

/// An open database with backups on a simulated machine, and ways to look at its rows.
final class RestoreRig {
    static let root = "/root"

    let machine: SimulatedPlatform
    private(set) var storage: Storage
    private(set) var service: BackupService

    /// - Parameter capacity: bytes of the disk.
    init(seed: UInt64 = 1, capacity: Int? = nil, root: String = RestoreRig.root) throws {
        machine = SimulatedPlatform(seed: seed, capacity: capacity)
        (storage, service) = try Self.open(machine, root)
    }

    /// A database with a table `trades` of such rows, and a backup `one` of it.
    static func withBackup(_ numbers: Range<Int64>) throws -> RestoreRig {
        let rig = try RestoreRig()
        try rig.create("trades")
        try rig.append("trades", numbers)
        try rig.backup("one")
        return rig
    }

    deinit { machine.end() }

    var platform: Platform { machine.platform }

    private static func open(_ machine: SimulatedPlatform, _ root: String)
        throws -> (Storage, BackupService)
    {
        try machine.platform.files.makeDurableDirectory(root)
        let storage = try Storage.open(root: root, platform: machine.platform)
        let service = BackupService(
            storage: storage, platform: machine.platform,
            settings: BackupSettings(root: root, allowedPaths: ["/root/backup"]))
        return (storage, service)
    }

    /// Opens another root of the same machine, in the place of the first.
    func reopen(_ root: String = RestoreRig.root) throws {
        (storage, service) = try Self.open(machine, root)
    }

    /// Cuts the power and starts again.
    func losePower() throws {
        machine.crash()
        try reopen()
    }

    /// The files below a directory that something can happen to: the lock of a backup is empty, and
    /// nobody reads it.
    func filesWithBytes(below directory: String) -> [String] {
        machine.disk.paths().filter {
            $0.hasPrefix(directory) && machine.disk.contents(of: $0)?.isEmpty == false
        }
    }

    // MARK: - Tables

    static func definition(
        _ id: UInt64, _ name: String, unit: PartitionUnit = .day, columns: [ColumnDefinition]? = nil
    ) -> TableDefinition {
        let all = ValueType.storable.enumerated().map { index, type in
            ColumnDefinition(
                id: UInt32(index + 2), name: "c_\(type.name.lowercased())", type: type)
        }
        return TableDefinition(
            id: id, name: name,
            columns: columns
                ?? [ColumnDefinition(id: 1, name: "ts", type: .timestamp, isNullable: false)] + all,
            timestampIndex: 0, partitionUnit: unit)
    }

    @discardableResult
    func create(_ name: String, unit: PartitionUnit = .day, columns: [ColumnDefinition]? = nil)
        throws -> TableDefinition
    {
        let definition = Self.definition(
            storage.reserveTableID(), name, unit: unit, columns: columns)
        _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
        return definition
    }

    /// A moment and a number: for tests that want rows and do not mind of which types.
    static let smallColumns = [
        ColumnDefinition(id: 1, name: "ts", type: .timestamp, isNullable: false),
        ColumnDefinition(id: 2, name: "number", type: .long),
    ]

    /// Creates a table of these, with rows in memory.
    func createSmall(_ name: String, _ numbers: Range<Int64>) throws {
        try create(name, columns: Self.smallColumns)
        try append(name, numbers)
    }

    static let hour: Int64 = 3_600_000_000

    /// One row per number, an hour apart, every third full of NULLs.
    static func batch(_ definition: TableDefinition, _ numbers: some Sequence<Int64>) -> Batch {
        var builders = definition.columns.map { ColumnBuilder(type: $0.type) }
        for number in numbers {
            for (index, column) in definition.columns.enumerated() {
                let isKey = index == definition.timestampIndex
                let value = isKey ? .timestamp(number * hour) : value(column.type, number)
                builders[index].append(value)
            }
        }
        return Batch(rowCount: builders[0].count, columns: builders.map { $0.makeVector() })
    }

    private static func value(_ type: ValueType, _ number: Int64) -> Value {
        if number % 3 == 0 { return .null }
        return Value.sample(of: type, number) ?? .null
    }

    func append(_ name: String, _ numbers: some Sequence<Int64>) throws {
        let definition = try definition(of: name)
        let append = Append(
            table: definition.id, definitionVersion: definition.version,
            batch: Self.batch(definition, numbers))
        _ = try storage.commit(Transaction(appends: [append]))
    }

    func drop(_ name: String) throws {
        _ = try storage.commit(
            Transaction(edits: [.dropTable(id: try definition(of: name).id)]))
    }

    func definition(of name: String) throws -> TableDefinition {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        guard let table = snapshot.table(schema: "public", name: name) else {
            throw DatabaseError(.undefinedTable, "no table \(name)")
        }
        return table.definition
    }

    /// Every row of a table as text, sorted; nil without the table.
    func rows(_ name: String) throws -> [String]? {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        guard let table = snapshot.table(schema: "public", name: name) else { return nil }
        return try Self.rows(table)
    }

    static func rows(_ table: TableView) throws -> [String] {
        var lines: [String] = []
        let columns = table.definition.columns
        for run in table.runs {
            let batch = try run.batch(columns: Array(columns.indices), rows: 0..<run.rowCount)
            for row in 0..<batch.rowCount {
                // By name, so that the order of columns does not count.
                let cells = zip(columns, batch.columns)
                    .map { "\($0.name)=\($1.value(at: row))" }.sorted()
                lines.append(cells.joined(separator: " "))
            }
        }
        return lines.sorted()
    }

    /// Everything the database shows: what must be the same after a failed restore.
    func contents() throws -> [String: [String]] {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        var found: [String: [String]] = [:]
        for table in snapshot.tables { found[table.name] = try Self.rows(table) }
        return found
    }

    func segments(_ name: String) throws -> [SegmentEntry] {
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        return snapshot.table(schema: "public", name: name)?.segments ?? []
    }

    /// Flips a bit of a table's first segment, which is returned.
    func damageSegment(of name: String) throws -> SegmentEntry {
        let victim = try #require(try segments(name).first)
        machine.disk.flipBit(
            storage.segmentPath(victim, of: try definition(of: name)), offset: 100)
        return victim
    }

    /// As DELETE and compaction do.
    func replaceSegments(
        _ old: [SegmentEntry], with new: [SegmentEntry], of name: String
    ) throws {
        let definition = try definition(of: name)
        let edit = SegmentReplacement(
            table: definition.id, definitionVersion: definition.version,
            removed: old.map(\.id), added: new)
        _ = try storage.commit(Transaction(edits: [.replaceSegments(edit)]))
    }

    // MARK: - Statements

    @discardableResult
    func backup(_ name: String, _ kind: BackupRequest.Kind = .full) throws -> BackupSummary {
        try service.backup(BackupRequest(scope: .database, kind: kind, name: name))
    }

    @discardableResult
    func restore(_ request: RestoreRequest, progress: any ProgressSink = SilentProgress())
        throws(DatabaseError) -> RestoreSummary
    {
        try service.restore(request, into: storage, progress: progress)
    }

    /// The error a restore ends with, nil when it succeeds.
    func refusal(of request: RestoreRequest) -> DatabaseError? {
        failure { () throws(DatabaseError) in try restore(request) }
    }

    /// Paths below `db/` of the database, and temporary ones.
    func files() -> [String] {
        machine.disk.paths().filter {
            $0.hasPrefix(Self.root + "/db/") || $0.hasPrefix(Self.root + "/tmp/")
        }
    }
}

extension RestoreRequest {
    /// A restore of one table, for tests.
    static func table(
        _ name: String, from source: String, _ mode: Mode = .refuse,
        partitions: PartitionChoice = .all, target: Target = .original, isLinked: Bool = false
    ) -> RestoreRequest {
        RestoreRequest(
            scope: .tables([Table(name: name)]), source: source, partitions: partitions,
            target: target, mode: mode, isLinked: isLinked)
    }
}

extension Value {
    /// Some value of a type that depends on a number; nil for types this test knows nothing of.
    static func sample(of type: ValueType, _ number: Int64) -> Value? {
        let integers: [ValueType] = [.byte, .short, .int, .long, .ipv4]
        if integers.contains(type) { return .integer(number % 100) }
        if type.geohashBits != nil { return .integer(number & 1) }
        if let shape = type.decimalShape {
            return .decimal(DecimalValue(units: Int128(number % 10), scale: shape.scale))
        }
        if case .array(let element, let dimensions) = type {
            let lengths = [Int](repeating: 1, count: Int(dimensions))
            let item = sample(of: element.type, number) ?? .null
            return .array(ArrayValue(element, lengths: lengths, [item]))
        }
        let samples: [ValueType: Value] = [
            .boolean: .boolean(number % 2 == 0), .float: .double(Double(number) / 4),
            .double: .double(Double(number) / 4), .date: .date(number),
            .timestamp: .timestamp(number), .symbol: .string("s\(number % 7)"),
            .varchar: .string("note of \(number)"),
            .binary: .binary([UInt8(truncatingIfNeeded: number), 0, 255]),
            .uuid: .uuid(UInt64(bitPattern: number), 7),
            .char: .string(number % 2 == 0 ? "x" : "ß"),
            .timestampNanos: .timestampNanos(number),
            .long256: .long256(Long256(UInt64(bitPattern: number), 1, 2, 3)),
        ]
        return samples[type]
    }
}
