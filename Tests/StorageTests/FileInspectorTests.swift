import Catalog
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

@Suite struct FileInspectorTests {
    private let world = SimulatedPlatform(seed: 8)

    private func describe(_ path: String, isLong: Bool = false) throws(DatabaseError) -> [String] {
        try FileInspector.describe(path, files: world.platform.files, isLong: isLong)
    }

    // MARK: - A prepared snapshot

    private func prepare(_ kind: PreparedKind) throws -> String {
        let storage = try Storage.open(root: "/root", platform: world.platform)
        let id = try storage.makeTrades()
        _ = try storage.commit(TradesTable.append(id, 0..<40))
        try storage.flush()
        _ = try storage.prepareSnapshot(kind, preparedAt: 86_400_000_000)
        return "/root/" + kind.directory
    }

    @Test(
        "the small files of a prepared snapshot are sound and told one by one",
        arguments: PreparedKind.allCases)
    func preparedFiles(kind: PreparedKind) throws {
        defer { world.stop() }
        let place = try prepare(kind)

        let lines = try describe(place + "/_files")

        #expect(lines[1].hasPrefix("\(kind.rawValue) prepared at 1970-01-02 00:00:00"))
        #expect(lines.contains { $0.hasPrefix("db/_database, ") && $0.contains("the identity") })
        #expect(lines.contains { $0.hasSuffix("\"public\".\"trades\", 1 segments, 40 rows") })
        #expect(lines.last == "all checksums are right")
    }

    @Test("the record of a prepared snapshot lists them with their digests")
    func record() throws {
        defer { world.stop() }
        let place = try prepare(.snapshot)

        let lines = try describe(place + "/_snapshot")

        #expect(lines.contains { $0.hasPrefix("db/_database, ") && $0.contains("SHA-256") })
        #expect(lines.last == "the checksum is right")
    }

    @Test("a flipped bit, a cut or a byte more of a prepared snapshot is XX001 with its file")
    func damagedSnapshot() throws {
        defer { world.stop() }
        let place = try prepare(.checkpoint)
        for name in ["_files", "_snapshot"] {
            let path = "\(place)/\(name)"
            let sound = try #require(world.disk.contents(of: path))
            var cases = [Array(sound.dropLast()), sound + [0]]
            for offset in stride(from: 0, to: sound.count, by: 29) {
                cases.append(sound)
                cases[cases.count - 1][offset] ^= 4
            }
            for bytes in cases {
                try replace(path, bytes)
                let error = failure { _ = try describe(path) }
                #expect(error?.state == .corrupted)
                #expect(error?.message.contains(path) == true)
            }
            try replace(path, sound)
        }
    }

    @Test("small files without their record are refused as such, never as a damaged identity")
    func withoutRecord() throws {
        defer { world.stop() }
        let place = try prepare(.snapshot)
        let bytes = try #require(world.disk.contents(of: place + "/_files"))
        try world.platform.files.makeDirectory("/elsewhere", permissions: 0o700)
        try replace("/elsewhere/_files", bytes)

        let error = failure { _ = try describe("/elsewhere/_files") }

        #expect(error?.state == .invalidParameter)
        #expect(error?.message.contains("without their record") == true)
    }

    // MARK: - The identity

    @Test("the way out of a damaged identity names the root, and no root where none is known")
    func identityAdvice() throws {
        defer { world.stop() }
        _ = try prepare(.snapshot)
        var bytes = try #require(world.disk.contents(of: "/root/db/_database"))
        bytes[20] ^= 1
        try replace("/root/db/_database", bytes)
        try replace("/root/copy", bytes)

        let inPlace = failure { _ = try describe("/root/db/_database") }
        let copied = failure { _ = try describe("/root/copy") }

        #expect(inPlace?.state == .corrupted)
        #expect(inPlace?.hint?.contains("repair -d \"/root\" --rebuild-identity") == true)
        #expect(copied?.state == .corrupted)
        #expect(copied?.hint?.contains("repair -d \"ROOT\" --rebuild-identity") == true)
    }

    // MARK: - Statistics of a segment

    private func segment(_ rows: Int, _ type: ValueType, _ value: (Int) -> Value) throws -> String {
        var builder = ColumnBuilder(type: type)
        for row in 0..<rows { builder.append(value(row)) }
        let definition = TableDefinition(
            id: 1, name: "t", columns: [ColumnDefinition(id: 1, name: "c", type: type)],
            timestampIndex: nil, partitionUnit: .none)
        let bytes = SegmentWriter.encode(
            Batch(rowCount: rows, columns: [builder.makeVector()]), definition: definition,
            firstLSN: LSN(1), lastLSN: LSN(1))
        try world.platform.files.makeDurableDirectory("/segments")
        let path = "/segments/\(rows).seg"
        try replace(path, bytes)
        return path
    }

    @Test("statistics are values as people write them, by type")
    func readableStatistics() throws {
        defer { world.stop() }
        let cases: [(ValueType, Value, Value, String)] = [
            (.int, .integer(-3), .integer(9), "min -3, max 9, 1 NULL"),
            (.boolean, .boolean(false), .boolean(true), "min f, max t, 1 NULL"),
            (
                .timestamp, .timestamp(0), .timestamp(1_500_000),
                "min 1970-01-01 00:00:00, max 1970-01-01 00:00:01.5, 1 NULL"
            ),
            (
                .decimal(try #require(DecimalShape(checking: 10, 2))),
                .decimal(DecimalValue(units: 150, scale: 2)),
                .decimal(DecimalValue(units: 275, scale: 2)), "min 1.50, max 2.75, 1 NULL"
            ),
            (.ipv4, .integer(1), .integer(256), "min 0.0.0.1, max 0.0.1.0, 1 NULL"),
            (.uuid, .uuid(0, 1), .uuid(0, 2), "min 00000000-0000-0000-0000-000000000001, "),
            (.double, .double(.nan), .double(2.5), "min 2.5, max 2.5, 1 NULL, 1 NaN"),
            (.symbol, .string("a"), .string("b\u{1b}[0m"), "min 'a', max 'b\\u001b[0m', 1 NULL"),
            (
                .varchar, .string("a"), .string(String(repeating: "z", count: 40)),
                "min 'a', max 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz{'…"
            ),
            (.binary, .binary([1]), .binary([1, 2]), "min \\x01, max \\x0102, 1 NULL"),
        ]
        for (type, low, high, expected) in cases {
            let lines = try describe(try segment(3, type) { [low, .null, high][$0] })
            let line = try #require(lines.first { $0.hasPrefix("  all rows: ") })
            #expect(line.dropFirst(12).hasPrefix(expected), "\(type.name): \(line)")
        }
    }

    @Test("the first blocks of statistics are told, what is left out is counted, --long tells all")
    func manyBlocks() throws {
        defer { world.stop() }
        let share = SegmentStatistics.rowsPerEntry
        let path = try segment(6 * share + 10, .long) { row in
            row == 2 * share ? .null : .integer(Int64(row))
        }

        let short = try describe(path).filter { $0.hasPrefix("  ") }
        let long = try describe(path, isLong: true).filter { $0.hasPrefix("  ") }

        #expect(short.count == 2 + Limits.inspectedEntries)
        #expect(short[0] == "  all rows: min 0, max \(6 * share + 9), 1 NULL")
        #expect(short[1] == "  rows 0 to 16383: min 0, max 16383, 0 NULL")
        #expect(short[3] == "  rows 32768 to 49151: min 32769, max 49151, 1 NULL")
        #expect(short.last == "  and 3 more blocks of statistics, which --long shows")
        #expect(long.count == 8)
        #expect(long.last == "  rows 98304 to 98313: min 98304, max 98313, 0 NULL")
    }

    private func replace(_ path: String, _ bytes: [UInt8]) throws {
        let files = world.platform.files
        if try files.info(path) != nil { try files.remove(path) }
        let file = try files.open(path, .create, permissions: 0o600)
        try file.write(bytes, at: 0)
        try file.sync()
    }
}
