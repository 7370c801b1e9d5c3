import Foundation

// bench [ROWS]   rows to append, 2,000,000 without an argument

let rows = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 2_000_000
do {
    let folder = FileManager.default.currentDirectoryPath + "/.build/bench"
    for line in try StorageBench(folder: folder, rows: max(rows, 1)).run() { print(line) }
} catch {
    print("bench: \(error)")
    exit(1)
}
