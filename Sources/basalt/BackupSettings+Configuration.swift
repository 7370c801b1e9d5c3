import Backup
import Platform

extension BackupSettings {
    /// What the configuration of a root says about backups.
    ///
    /// - Parameter alsoAllowed: directories that the command line names.
    init(_ configuration: Configuration, root: String, alsoAllowed: [String] = []) {
        let rate = configuration.integer("backup.rate.limit")
        let reverify = Int64(configuration.integer("backup.reverify"))
        self.init(
            root: root, backupRoot: configuration.text("cairo.sql.backup.root"),
            allowedPaths: configuration.list("backup.allowed.paths") + alsoAllowed,
            software: "Basalt \(Version.text)", bytesPerSecond: rate > 0 ? rate : nil,
            reverifyMicroseconds: reverify > 0 ? reverify * 1_000 : nil)
    }
}
