import Catalog
import Diagnostics
import Foundation
import Platform
import Storage
import Values

/// A small root of which one file at a time is replaced by hostile bytes, then opened and read.
final class FuzzRoot: Sendable {
    /// A file of the root, as it was when it was good.
    struct Sample: Sendable {
        let path: String
        let bytes: [UInt8]
    }

    let segment: Sample
    let manifest: Sample
    let log: Sample
    private let root: String
    private let platform: Platform

    /// Made once in a process, by the first target that needs it.
    static let shared = Result { () throws(DatabaseError) in try FuzzRoot() }

    private init() throws(DatabaseError) {
        platform = .linux(log: SilentLog(), workerThreads: 1)
        let folder = FileManager.default.currentDirectoryPath + "/.build/fuzz"
        root = "\(folder)/root-\(platform.chance.next())"
        try Self.fill(root, platform)
        var found: [String: Sample] = [:]
        for path in try Self.files(below: root + "/db", platform) {
            let bytes = try platform.files.readAll(path, upTo: 1 << 20)
            let ending = path.split(separator: ".").last.map(String.init) ?? ""
            let kind = path.contains("/_manifest.") ? "manifest" : ending
            found[kind] = Sample(path: path, bytes: bytes)
        }
        guard let segment = found["seg"], let manifest = found["manifest"], let log = found["wal"]
        else { preconditionFailure("a filled root has a segment, a manifest and a log") }
        self.segment = segment
        self.manifest = manifest
        self.log = log
    }

    private static func files(below directory: String, _ platform: Platform)
        throws(DatabaseError) -> [String]
    {
        var found: [String] = []
        for name in try platform.files.list(directory) {
            let path = Path.join(directory, name)
            if try platform.files.info(path)?.kind == .directory {
                found += try files(below: path, platform)
            } else {
                found.append(path)
            }
        }
        return found
    }

    /// One table of every type: forty rows in a segment, forty more in the log.
    private static func fill(_ root: String, _ platform: Platform) throws(DatabaseError) {
        try platform.files.makeDurableDirectory(root)
        let storage = try Storage.open(root: root, platform: platform)
        let types: [ValueType] = [.timestamp] + ValueType.storable
        let columns = types.enumerated().map { index, type in
            ColumnDefinition(id: UInt32(index), name: "c\(index)", type: type)
        }
        let id = storage.reserveTableID()
        let definition = TableDefinition(
            id: id, name: "t", columns: columns, timestampIndex: 0, partitionUnit: .none)
        _ = try storage.commit(Transaction(edits: [.createTable(definition)]))
        for round in 0..<2 {
            if round == 1 { try storage.flush() }
            let append = Append(table: id, definitionVersion: 1, batch: batch(types))
            _ = try storage.commit(Transaction(appends: [append]))
        }
    }

    private static func batch(_ types: [ValueType]) -> Batch {
        let vectors = types.enumerated().map { index, type in
            var builder = ColumnBuilder(type: type)
            for row in 0..<40 {
                let isNull = index > 0 && row % 7 == 3
                builder.append(isNull ? .null : value(type, Int64(row)))
            }
            return builder.makeVector()
        }
        return Batch(rowCount: 40, columns: vectors)
    }

    private static func value(_ type: ValueType, _ row: Int64) -> Value {
        switch type {
        case .boolean: .boolean(row % 2 == 0)
        case .byte, .short, .int, .long, .ipv4: .integer(row)
        case .float, .double: .double(Double(row) / 3)
        case .date: .date(row)
        case .timestamp: .timestamp(row)
        case .timestampNanos: .timestampNanos(row)
        case .char: .string(row % 2 == 0 ? "x" : "ß")
        case .symbol, .varchar: .string("text \(row % 5)")
        case .binary: .binary([UInt8(truncatingIfNeeded: row)])
        case .uuid: .uuid(UInt64(row), 7)
        case .long256: .long256(Long256(UInt64(row), 1, 2, 3))
        case .decimal(let shape):
            .decimal(DecimalValue(units: Int128(row % 10), scale: shape.scale))
        case .geohash: .integer(row % 2)
        case .array(let element, let dimensions):
            .array(array(element, Int(dimensions), row))
        case .interval, .catalogName, .objectID, .registered, .catalogChar, .shortVector,
            .record, .json, .void:
            .null
        }
    }

    private static func array(_ element: ArrayElement, _ dimensions: Int, _ row: Int64)
        -> ArrayValue
    {
        let count = Int(row % 3)
        let lengths = [count] + [Int](repeating: 1, count: dimensions - 1)
        let elements = (0..<count).map { index -> Value in
            index == 1 ? .null : value(element.type, row)
        }
        return ArrayValue(element, lengths: count == 0 ? [] : lengths, elements)
    }

    /// Puts bytes in a file's place, reads the whole root and puts the good file back.
    ///
    /// Returns what is wrong with the answer; a refusal is a good one unless it is our own bug.
    func attempt(_ sample: Sample, _ bytes: [UInt8]) -> String? {
        do throws(DatabaseError) {
            try replace(sample.path, with: bytes)
        } catch {
            return "cannot prepare the file: \(error)"
        }
        do throws(DatabaseError) {
            defer { restore(sample) }
            try readEverything()
            return nil
        } catch {
            return error.state == .internalError ? "our own bug: \(error)" : nil
        }
    }

    /// Reads a segment without a manifest that would refuse its length.
    func inspect(_ bytes: [UInt8]) -> String? {
        do throws(DatabaseError) {
            defer { restore(segment) }
            try replace(segment.path, with: bytes)
            _ = try SegmentInspector.describe(
                segment.path, files: platform.files, isLong: true)
            return nil
        } catch {
            return error.state == .internalError ? "our own bug: \(error)" : nil
        }
    }

    private func restore(_ sample: Sample) {
        // The next attempt replaces the file anyway.
        do throws(DatabaseError) { try replace(sample.path, with: sample.bytes) } catch _ {}
    }

    private func replace(_ path: String, with bytes: [UInt8]) throws(DatabaseError) {
        if try platform.files.info(path) != nil { try platform.files.remove(path) }
        try platform.files.open(path, .create, permissions: 0o600).write(bytes, at: 0)
    }

    private func readEverything() throws(DatabaseError) {
        var settings = StorageSettings()
        settings.isReadOnly = true
        let storage = try Storage.open(root: root, platform: platform, settings: settings)
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        for table in snapshot.tables {
            for run in table.runs {
                let columns = Array(table.definition.columns.indices)
                let batch = try run.batch(columns: columns, rows: 0..<run.rowCount)
                for vector in batch.columns {
                    for row in 0..<min(batch.rowCount, 1_000) { _ = vector.value(at: row) }
                }
            }
        }
        try storage.close()
    }
}
