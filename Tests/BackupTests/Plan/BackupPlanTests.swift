import Testing

@testable import Backup

@Suite("BackupPlan")
struct BackupPlanTests {
    /// A segment as the parent has it, or nearly so.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var id = "5f3c"
        var bytes = 100
        var digest = [UInt8](repeating: 7, count: 32)
        let isLinked: Bool
    }

    static let cases = [
        Case(testDescription: "the same", isLinked: true),
        Case(testDescription: "another id", id: "5f3d", isLinked: false),
        Case(testDescription: "another length", bytes: 101, isLinked: false),
        Case(
            testDescription: "another digest",
            digest: [UInt8](repeating: 7, count: 31) + [8], isLinked: false),
    ]

    @Test(
        "a parent's file is linked only when id, length and digest are the segment's",
        arguments: cases)
    func identity(_ tried: Case) throws {
        let file = BackupManifest.File(
            path: "db/t~1/all/5f3c.seg", bytes: 100,
            sha256: hexadecimal([UInt8](repeating: 7, count: 32)), origin: .copied, segment: "5f3c")
        var parent = BackupManifestTests.manifest()
        parent.files = [file]
        let segment = PinnedDatabase.Segment(
            id: tried.id, partition: "all", rows: 1, minTimestamp: nil, maxTimestamp: nil,
            bytes: tried.bytes, sha256: tried.digest, source: "/root/db/t~1/all/\(tried.id).seg",
            path: "t~1/all/\(tried.id).seg")
        let table = PinnedDatabase.Table(
            id: 1, schema: "public", name: "t", directory: "t~1",
            manifest: .init(path: "t~1/_manifest.1", bytes: []), segments: [segment])
        let pin = PinnedDatabase(
            lsn: 1, database: "d", timeline: "t", tables: [table], files: [], release: {})

        let plan = try BackupPlan.make(
            pin, tables: [table], configuration: [],
            parent: .init(path: "/backup/parent", manifest: parent))

        let links = plan.operations.count { if case .link = $0 { true } else { false } }
        #expect(links == (tried.isLinked ? 1 : 0))
        let copies = plan.operations.count { if case .copy = $0 { true } else { false } }
        #expect(copies == (tried.isLinked ? 0 : 1))
    }
}
