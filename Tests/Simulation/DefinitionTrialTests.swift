import Testing

@testable import sim

/// A statement that meets a power loss, an error or a full disk: some of its calls here, every one
/// with `make sim LOAD=definitions`.
@Suite("Definitions and faults")
struct DefinitionTrialTests {
    @Test(
        "leave the old state or the new one, no file, and can be sent again",
        arguments: DefinitionTrial.all.indices)
    func leaveOldOrNew(index: Int) {
        let trial = DefinitionTrial.all[index]
        let trials = DefinitionTrials(stride: 59, tally: Tally())

        for (place, fault) in DefinitionTrial.Fault.allCases.enumerated() {
            let seed = UInt64(index * 7 + place * 11)
            #expect(trials.run(trial, fault, seed: seed).isEmpty)
        }
    }

    /// The partition is in its table or beside it, never in both and never in neither, and nothing
    /// stays of a DETACH that was taken back.
    @Test(
        "partitions that leave or come back in a block are in one place, whatever call is the last",
        arguments: DefinitionTrial.movedInBlocks.indices)
    func movedInBlocks(index: Int) {
        let trials = DefinitionTrials(stride: 5, tally: Tally())

        for fault in [DefinitionTrial.Fault.powerLoss, .kill] {
            let trial = DefinitionTrial.movedInBlocks[index]
            #expect(trials.run(trial, fault, seed: UInt64(index)).isEmpty)
        }
    }
}
