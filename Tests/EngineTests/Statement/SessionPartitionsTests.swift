import Diagnostics
import Platform
import Testing

@testable import Engine

@Suite("DETACH and ATTACH PARTITION and the files beside a table") struct SessionPartitionsTests {
    private static let attach = "ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'"

    /// What may become of a segment beside its table.
    enum Spoiling: CaseIterable { case shortened, emptied, overwritten, gone }

    private func rig() throws -> (rig: EngineRig, client: Client, segment: String) {
        let rig = try EngineRig()
        let client = rig.connect()
        try client.run("CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        try client.run("INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 2)")
        try client.run("ALTER TABLE t DETACH PARTITION LIST '2026-01-01'")
        let files = rig.platform.files
        let table = try #require(try files.list("\(rig.root)/db").first { $0.hasPrefix("t~") })
        let place = "\(rig.root)/db/\(table)/2026-01-01.detached"
        let segment = try #require(try files.list(place).first { $0.hasSuffix(".seg") })
        return (rig, client, "\(place)/\(segment)")
    }

    @Test(
        "ATTACH refuses what is no whole segment, and the table stays as it is",
        arguments: Spoiling.allCases)
    func refusesSpoilt(spoiling: Spoiling) throws {
        let (rig, client, segment) = try rig()
        let files = rig.platform.files
        let bytes = try files.readAll(segment, upTo: 1 << 20)
        try files.remove(segment)
        switch spoiling {
        case .shortened: try files.publish(Array(bytes.dropLast(7)), as: segment)
        case .emptied: try files.publish([], as: segment)
        case .overwritten:
            try files.publish([UInt8](repeating: 7, count: bytes.count), as: segment)
        case .gone: break
        }

        let error = client.failure(Self.attach)

        #expect(error?.state == (spoiling == .gone ? .missingFile : .corrupted))
        #expect(error?.message.contains(segment) == true)
        #expect(try client.run("SELECT n FROM t") == ["2"])
        if try files.info(segment) != nil { try files.remove(segment) }
        try files.publish(bytes, as: segment)
        try client.run(Self.attach)
        #expect(try client.run("SELECT n FROM t ORDER BY n") == ["1", "2"])
    }
}
