import Diagnostics
import Platform

/// Taking a dropped table's directory away so that a crash never brings the table back.
enum DroppedTable {
    /// What its segments take on disk.
    static func bytes(_ directory: String, files: any FileSystem) throws(DatabaseError) -> Int {
        var sum = 0
        for name in try files.list(directory) {
            let path = Path.join(directory, name)
            guard try files.info(path)?.kind == .directory else { continue }
            for file in try files.list(path) {
                sum += try files.info(Path.join(path, file))?.size ?? 0
            }
        }
        return sum
    }

    /// The manifest that says "dropped" goes last.
    ///
    /// - Returns: false when a snapshot was prepared meanwhile, which keeps the rest: it must all be
    ///   done again in this order.
    static func remove(_ directory: String, files: any FileSystem, keepingLast mark: String)
        throws(DatabaseError) -> Bool
    {
        guard try files.info(directory) != nil else { return true }
        for name in try files.list(directory) where name != mark {
            let path = Path.join(directory, name)
            if try files.info(path)?.kind == .directory {
                try files.removeTree(path)
            } else {
                try files.remove(path)
                if try files.info(path) != nil { return false }
            }
        }
        try files.syncDirectory(directory)
        if try files.info(Path.join(directory, mark)) != nil {
            try files.remove(Path.join(directory, mark))
            if try files.info(Path.join(directory, mark)) != nil { return false }
        }
        try files.removeDirectory(directory)
        return true
    }
}
