import Diagnostics
import Platform
import Storage
import Values

/// A new root for one benchmark, removed when that has ended well.
struct BenchRoot {
    let platform = Platform.linux(log: SilentLog())
    let path: String

    init(in folder: String) {
        path = "\(folder)/root-\(platform.chance.next())"
    }

    /// Makes the root, runs the benchmark and removes the root.
    func use<R>(_ body: () throws(DatabaseError) -> R) throws(DatabaseError) -> R {
        try platform.files.makeDurableDirectory(path)
        let result = try body()
        try platform.files.removeTree(path)
        return result
    }

    /// The same with a database that is open for the whole of it.
    func use<R>(
        _ settings: StorageSettings, _ body: (Storage) throws(DatabaseError) -> R
    ) throws(DatabaseError) -> R {
        try use { () throws(DatabaseError) in
            let storage = try Storage.open(root: path, platform: platform, settings: settings)
            let result = try body(storage)
            try storage.close()
            return result
        }
    }

    /// How long a body takes, in nanoseconds.
    func time(_ body: () throws(DatabaseError) -> Void) throws(DatabaseError) -> UInt64 {
        let begin = platform.clock.monotonicNanoseconds()
        try body()
        return platform.clock.monotonicNanoseconds() - begin
    }
}

extension Storage {
    func createTrades() throws(DatabaseError) -> UInt64 {
        let table = reserveTableID()
        _ = try commit(
            Transaction(edits: [.createTable(TradesStream.definition(id: table))]))
        return table
    }

    /// Commits rows of a table's first version.
    func append(_ batch: Batch, to table: UInt64) throws(DatabaseError) {
        _ = try commit(
            Transaction(appends: [Append(table: table, definitionVersion: 1, batch: batch)]))
    }
}
