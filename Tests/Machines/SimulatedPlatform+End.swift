package import Platform

extension SimulatedPlatform {
    /// Ends a machine that no test looks at any more, and empties its files.
    ///
    /// Tasks that a power cut or `stop` ends never give back what they hold, and that is the disk. A
    /// test that makes a machine for every call of a statement would keep the bytes of hundreds. From
    /// the thread that made the machine only.
    package func end() {
        stop()
        disk.clearFaults()
        disk.crashAtCall(nil)
        restart()
        let files = platform.files
        for path in disk.paths() where !path.hasSuffix("/") {
            // What cannot be emptied costs memory and nothing else.
            try? files.open(path, .readWrite, permissions: 0).truncate(to: 0)
        }
        // Else the disk remembers what a power cut would bring back.
        try? files.syncFileSystem(of: "/")
        stop()
    }
}
