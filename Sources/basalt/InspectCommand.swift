import Backup
import Diagnostics
import Platform
import Storage

/// `basalt inspect FILE`: what is in one file of a root or of a backup, whatever kind it is.
struct InspectCommand {
    let path: String
    let isLong: Bool

    func run() -> ExitCode {
        let files = LinuxFileSystem()
        do throws(DatabaseError) {
            for line in try describe(files) { print(line) }
            return .done
        } catch {
            Process.printError("basalt: \(error)")
            return ExitCode(error)
        }
    }

    private func describe(_ files: any FileSystem) throws(DatabaseError) -> [String] {
        if Path.name(of: path) == BackupManifest.fileName {
            return try BackupManifest.describe(path, files: files)
        }
        return try FileInspector.describe(path, files: files, isLong: isLong)
    }
}
