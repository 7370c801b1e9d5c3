import Foundation

// bench [ROWS]              rows to append, 2,000,000 without an argument
// bench compaction [ROWS]   write amplification of a stream with late rows

let arguments = CommandLine.arguments.dropFirst()
let rows = max(1, arguments.last.flatMap { Int($0) } ?? 2_000_000)
do {
    let folder = FileManager.default.currentDirectoryPath + "/.build/bench"
    let lines =
        arguments.first == "compaction"
        ? try CompactionBench(folder: folder, rows: rows).run()
        : try StorageBench(folder: folder, rows: rows).run()
    for line in lines { print(line) }
} catch {
    print("bench: \(error)")
    exit(1)
}
