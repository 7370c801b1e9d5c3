package import Diagnostics

extension Platform {
    /// The real world.
    package static func linux(
        log: any LogSink, workerThreads: Int = Machine.coreCount,
        queueLimit: Int = Limits.queuedTasks
    ) -> Platform {
        Platform(
            files: LinuxFileSystem(), clock: LinuxClock(), chance: LinuxChance(),
            workers: LinuxWorkers(threads: workerThreads, queueLimit: queueLimit), log: log)
    }
}
