import Catalog
import Testing
import Values

@testable import Storage

@Suite struct PartitionNameTests {
    private static let stamp: Int64 = 1_763_649_000_000_000  // 2025-11-20T14:30:00

    @Test(
        "partitions are named by their calendar unit",
        arguments: [
            (PartitionUnit.none, "default"), (.hour, "2025-11-20T14"), (.day, "2025-11-20"),
            (.week, "2025-W47"), (.month, "2025-11"), (.year, "2025"),
        ])
    func names(unit: PartitionUnit, name: String) {
        let partition = PartitionName.partition(of: Self.stamp, unit: unit)

        #expect(partition.name == name)
        #expect(partition.range.contains(Self.stamp))
    }

    @Test(
        "a partition's bounds are its own and their neighbours are not",
        arguments: [PartitionUnit.hour, .day, .week, .month, .year])
    func bounds(unit: PartitionUnit) {
        for stamp in [Self.stamp, 0, -1, -86_400_000_001, 951_782_400_000_000] as [Int64] {
            let partition = PartitionName.partition(of: stamp, unit: unit)
            let range = partition.range
            for inside in [range.lowerBound, range.upperBound] {
                let found = PartitionName.partition(of: inside, unit: unit)
                #expect(found.range == range)
                #expect(found.name == partition.name)
            }
            for outside in [range.lowerBound - 1, range.upperBound + 1] {
                #expect(PartitionName.partition(of: outside, unit: unit).name != partition.name)
            }
        }
    }

    @Test(
        "a pattern fits whole names",
        arguments: [
            ("2026-01-05", true), ("2026-01-%", true), ("%-05", true), ("2026-0?-05", true),
            ("%", true), ("%2%2%5%", true), ("??????????", true), ("2026-01-05%", true),
            ("", false), ("2026", false), ("%-06", false), ("?????????", false), ("%5?", false),
            ("2026_01_05", false), (String(repeating: "%", count: 5_000), true),
            // Whoever tries all ways to share the name out never ends.
            (String(repeating: "%", count: 60) + "x", false),
        ])
    func patterns(pattern: String, fits: Bool) {
        #expect(PartitionName.matches("2026-01-05", pattern: pattern) == fits)
    }
}
