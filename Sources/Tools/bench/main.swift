import Foundation

// bench [storage] [ROWS]     append, flush, scan and backup; 2,000,000 rows without an argument
// bench compaction [ROWS [FLUSH [RATE]]]  write amplification of a stream with late rows, unpaced and at
//                            RATE rows a second (10,000,000, flushes of 1,000,000, 200,000 a second)
// bench point [ROWS]         queries for a few rows of 20,000,000
// bench pour [--rows ROWS] [--limit BYTES]  peak memory while rows pour in (10,000,000, 64 MiB)
// bench open [TABLES [N]]    opens a root of so many tables with N segments each (1,000 and 10)
// bench csv ROWS FILE        writes the trades that the comparisons load
// bench decode FILE          decodes such a file on one thread

var arguments = Array(CommandLine.arguments.dropFirst())
let folder = FileManager.default.currentDirectoryPath + "/.build/bench"
let what = arguments.first.flatMap { Int($0) == nil ? arguments.removeFirst() : nil } ?? "storage"

/// The number behind an option.
@MainActor func option(_ name: String) -> Int? {
    arguments.firstIndex(of: name).flatMap { Int(arguments.dropFirst($0 + 1).first ?? "") }
}
let numbers = arguments.compactMap { Int($0) }.map { max($0, 1) }
do {
    var lines: [String] = []
    switch what {
    case "storage":
        lines = try StorageBench(folder: folder, rows: numbers.first ?? 2_000_000).run()
    case "compaction":
        var load = CompactionBench.Load(rows: numbers.first ?? 10_000_000)
        if numbers.count > 1 { load.flushRows = numbers[1] }
        lines = try CompactionBench(folder: folder, load: load).run()
        load.rate = numbers.count > 2 ? numbers[2] : 200_000
        lines += try CompactionBench(folder: folder, load: load).run()
    case "point":
        lines = try PointBench(folder: folder, rows: numbers.first ?? 20_000_000).run()
    case "pour":
        lines = try PourBench(
            folder: folder, rows: option("--rows") ?? 10_000_000,
            limit: option("--limit") ?? 64 << 20
        ).run()
    case "open":
        lines = try OpenBench(
            folder: folder, tables: numbers.first ?? 1_000,
            segmentsOfTable: numbers.count > 1 ? numbers[1] : 10
        ).run()
    case "csv":
        guard arguments.count == 2, let rows = numbers.first else {
            print("bench: csv needs ROWS and FILE")
            exit(2)
        }
        try TradesFile.write(rows: rows, to: arguments[1])
    case "decode":
        guard let path = arguments.first else {
            print("bench: decode needs FILE")
            exit(2)
        }
        lines = try DecodeBench(path: path).run()
    default:
        print("bench: unknown \"\(what)\"")
        exit(2)
    }
    for line in lines { print(line) }
} catch {
    print("bench: \(error)")
    exit(1)
}
