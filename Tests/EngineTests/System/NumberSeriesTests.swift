import Diagnostics
import Planner
import Testing
import Values

@testable import Engine

@Suite("NumberSeries")
struct NumberSeriesTests {
    private func counts(_ name: String, _ arguments: [Int64]) throws -> [Int] {
        let series = NumberSeries(name: name)
        var counts: [Int] = []
        while let batch = try series.makeBatch(
            arguments: arguments.map(Value.integer), piece: counts.count)
        {
            counts.append(batch.rowCount)
        }
        return counts
    }

    @Test("many numbers come in pieces, so that a query can be ended between them")
    func pieces() throws {
        #expect(try counts("long_sequence", [0]).isEmpty)
        #expect(try counts("long_sequence", [1]) == [1])
        #expect(try counts("long_sequence", [65_537]) == [65_536, 1])
        #expect(try counts("generate_series", [5, 5]) == [1])
        #expect(try counts("generate_series", [5, 4]).isEmpty)
        #expect(try counts("generate_series", [.max - 65_536, .max]) == [65_536, 1])
        #expect(try counts("generate_series", [.min, .min + 65_535]) == [65_536])
    }

    @Test("the numbers are those of one piece after the other")
    func numbers() throws {
        let rig = try EngineRig()
        let client = rig.connect()

        let rows = try client.run(
            "SELECT count(*), min(x), max(x), sum(x), count(DISTINCT x) FROM long_sequence(200000)")

        #expect(rows == ["200000|1|200000|20000100000|200000"])
        #expect(
            try client.run("SELECT * FROM generate_series(-2, 0)") == ["-2", "-1", "0"])
        #expect(
            client.failure("SELECT * FROM generate_series(1)")?.state != nil)
    }
}
