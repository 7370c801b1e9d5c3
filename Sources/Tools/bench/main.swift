import Foundation

// bench [storage] [ROWS]     append, flush, scan and backup; 2,000,000 rows without an argument
// bench compaction [ROWS [FLUSH [RATE]]]  write amplification of a stream with late rows, unpaced and at
//                            RATE rows a second (10,000,000, flushes of 1,000,000, 200,000 a second)
// bench point [ROWS]         queries for a few rows of 20,000,000
// bench pour [ROWS [BYTES]]  peak memory while rows pour in (10,000,000, a limit of 64 MiB)
// bench open [TABLES [N]]    opens a root of so many tables with N segments each (1,000 and 10)
// bench csv ROWS FILE        writes the trades that the comparisons load
// bench decode FILE          decodes such a file on one thread

let folder = FileManager.default.currentDirectoryPath + "/.build/bench"

@MainActor func run(_ arguments: [String]) throws -> [String] {
    var arguments = BenchArguments(arguments)
    let name = arguments.takeName() ?? "storage"
    let root = BenchRoot(in: folder)
    switch name {
    case "storage":
        let rows = try arguments.number("ROWS", or: 2_000_000)
        try arguments.end()
        return try StorageBench(root: root, rows: rows).run()
    case "compaction":
        var load = CompactionBench.Load(rows: try arguments.number("ROWS", or: 10_000_000))
        load.flushRows = try arguments.number("FLUSH", or: load.flushRows)
        let rate = try arguments.number("RATE", or: 200_000)
        try arguments.end()
        let unpaced = try CompactionBench(root: root, load: load).run()
        load.rate = rate
        return try unpaced + CompactionBench(root: root, load: load).run()
    case "point":
        let rows = try arguments.number("ROWS", or: 20_000_000)
        try arguments.end()
        return try PointBench(root: root, rows: rows).run()
    case "pour":
        let rows = try arguments.number("ROWS", or: 10_000_000)
        let limit = try arguments.number("BYTES", or: 64 << 20)
        try arguments.end()
        return try PourBench(root: root, rows: rows, limit: limit).run()
    case "open":
        let tables = try arguments.number("TABLES", or: 1_000)
        let segments = try arguments.number("N", or: 10)
        try arguments.end()
        return try OpenBench(root: root, tables: tables, segmentsOfTable: segments).run()
    case "csv":
        let rows = try arguments.number("ROWS", or: nil)
        let path = try arguments.path("FILE")
        try arguments.end()
        try TradesFile.write(rows: rows, to: path)
        return []
    case "decode":
        let path = try arguments.path("FILE")
        try arguments.end()
        return try DecodeBench(path: path, platform: root.platform).run()
    default:
        throw BenchArguments.UsageError(message: "unknown \"\(name)\"")
    }
}

do {
    for line in try run(Array(CommandLine.arguments.dropFirst())) { print(line) }
} catch let error as BenchArguments.UsageError {
    print("bench: \(error.message)")
    exit(2)
} catch {
    print("bench: \(error)")
    exit(1)
}
