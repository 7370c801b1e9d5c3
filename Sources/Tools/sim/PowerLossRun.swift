import Platform

/// One seed of backups and restores beside writers, through many power losses.
struct PowerLossRun {
    static let losses = 50

    let seed: UInt64
    let tally: Tally

    /// What was wrong, and how often the power was lost.
    func run() -> (complaints: [String], losses: Int) {
        let machine = SimulatedPlatform(seed: seed)
        // As on btrfs and XFS; the others are as on ext4.
        if seed.isMultiple(of: 2) { machine.disk.shareBlocks() }
        let model = SimulationModel()
        let complaints = Complaints()
        var random = SplitMix(state: seed &* 77 &+ 5)
        var losses = 0
        var boots = 0

        while losses < Self.losses, complaints.all.isEmpty, boots < 10_000 {
            boots += 1
            // Small numbers hit recovery itself, large ones the work behind it.
            let reach: UInt64 = [60, 600, 3_000][Int(random.next() % 3)]
            machine.disk.crashAtCall(1 + Int(random.next() % reach))
            let boot = SimulatedBoot(
                platform: machine.platform, model: model, complaints: complaints, commits: 12)
            machine.runTask("boot") { boot.run() }
            if machine.isDown {
                losses += 1
                machine.restart()
            } else {
                machine.disk.crashAtCall(nil)
            }
        }
        machine.stop()
        tally.add("seeds of backups")
        tally.add("power losses beside backups", losses)
        tally.add("backups through power losses", model.completeBackups.count)
        return (complaints.all, losses)
    }
}
