import Testing

@testable import slt

/// Answers with what the test says.
private final class Scripted: Target {
    var answers: [String: Answer] = [:]
    var moves: [String] = []
    var features: Set<String> = ["tables", "restart", "crash"]

    func run(_ sql: String, on connection: String) -> Answer {
        moves.append("\(connection): \(sql)")
        return answers[sql] ?? .command("OK")
    }
    func restart() { moves.append("restart") }
    func crash() { moves.append("crash") }
    func offers(_ feature: String) -> Bool { features.contains(feature) }
    func prepare(for records: [Record]) {}
    func close() -> String? { nil }
}

@Suite struct RunnerTests {
    private func run(
        _ text: String, _ answers: [String: Answer] = [:], features: Set<String>? = nil
    ) throws -> (Runner.Outcome, [String]) {
        let target = Scripted()
        target.answers = answers
        if let features { target.features = features }
        let outcome = Runner(target: target).run(try RecordParser.parse(text))
        return (outcome, target.moves)
    }

    @Test("a right answer passes, a wrong one is a difference with its line")
    func differences() throws {
        let text = "query I\nSELECT 1\n----\n1\n\nquery I\nSELECT 2\n----\n3\n"
        let (outcome, _) = try run(
            text, ["SELECT 1": .rows([["1"]]), "SELECT 2": .rows([["2"]])])

        #expect(outcome.passed == 1)
        #expect(outcome.differences.map(\.line) == [6])
    }

    @Test("an expected error must come, with its state and its words")
    func errors() throws {
        let text =
            "statement error 42P01 nix\na\n\nstatement error 42P01 other\na\n\n"
            + "statement error 42703\na\n\nstatement error 42P01\nb\n"
        let (outcome, _) = try run(text, ["a": .failure(state: "42P01", message: "no nix")])

        #expect(outcome.passed == 1)
        #expect(outcome.differences.count == 3)
    }

    @Test("NULL, the empty string and what is ignored have words of their own")
    func words() throws {
        let (outcome, _) = try run(
            "query TTT\nSELECT x\n----\n(null)\t(empty)\t(ignore)\n",
            ["SELECT x": .rows([[nil, "", "anything"]])])

        #expect(outcome.differences.isEmpty)
    }

    @Test("restart, crash and connection reach the target in order; an unmet need skips the rest")
    func moves() throws {
        let (outcome, moves) = try run(
            "restart\n\nconnection two\n\nstatement ok\na\n\ncrash\n\nrequire wings\n\n"
                + "statement ok\nb\n")

        #expect(moves == ["restart", "two: a", "crash"])
        #expect(outcome.skipped == "needs wings")
        #expect(outcome.skippedRecords == 1)
    }

    @Test("a condition holds for the one record behind it, and what it skips is counted")
    func conditions() throws {
        let (outcome, moves) = try run(
            "onlyif wings\nstatement ok\na\n\nskipif wings\nstatement ok\nb\n\n"
                + "onlyif tables\nskipif crash\nstatement ok\nc\n\nstatement ok\nd\n")

        #expect(moves == ["default: b", "default: d"])
        #expect(outcome.passed == 2)
        #expect(outcome.skippedRecords == 2)
    }

    @Test(
        "a restart or crash that the target cannot do says to require it",
        arguments: ["restart", "crash"])
    func impossible(word: String) throws {
        let (outcome, moves) = try run("\(word)\n\nstatement ok\na\n", features: [])

        #expect(moves == ["default: a"])
        #expect(outcome.differences.count == 1)
        #expect(outcome.differences[0].message.contains("`require \(word)`"))
    }
}
