import Foundation

/// Prints a line at once, so that it is there when the process dies.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

/// One target, tried with input after input until the time is over.
struct FuzzRun {
    let target: FuzzTarget
    let seed: UInt64
    /// The longest that one input may take.
    private static let slowest = Duration.seconds(2)

    private var folder: String { ".build/fuzz" }

    /// Returns whether everything held.
    func run(seconds: Double) throws -> Bool {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let path = "\(folder)/\(target.name).input"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        guard let file = FileHandle(forWritingAtPath: path) else {
            throw CocoaError(.fileWriteUnknown)
        }
        say("\(target.name): seed \(seed); should this die, its input is \(path)")
        let mutator = Mutator(seeds: try corpus(), seed: seed)
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        var number = 0
        while clock.now < end || number < mutator.seeds.count {
            let input = mutator.input(number)
            try keep(input, in: file)
            let began = clock.now
            let complaint = target.attempt(input)
            let isSlow = clock.now - began > Self.slowest
            if let complaint = complaint ?? (isSlow ? "it takes too long" : nil) {
                say("\(target.name): failed at input \(number), kept in \(path): \(complaint)")
                return false
            }
            number += 1
        }
        say("\(target.name): \(number) inputs, all well")
        return true
    }

    private func keep(_ input: [UInt8], in file: FileHandle) throws {
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(input))
    }

    /// The seeds of the table, and every file under the target's corpus.
    private func corpus() throws -> [[UInt8]] {
        let folder = "Tests/Fuzz/corpus/\(target.name)"
        let names = FileManager.default.subpaths(atPath: folder) ?? []
        let files = names.sorted().compactMap {
            FileManager.default.contents(atPath: "\(folder)/\($0)")
        }
        return target.makeSeeds() + files.map { Array($0) }
    }
}
