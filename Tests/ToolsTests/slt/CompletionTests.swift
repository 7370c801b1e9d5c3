import Testing

@testable import slt

@Suite struct CompletionTests {
    @Test("answers are filled in and replaced, everything else stays as it is")
    func completes() throws {
        let text = "# c\n\nquery I\nSELECT 1\n\nquery I\nSELECT 2\n----\nold\n\nstatement ok\nx\n"
        let records = try RecordParser.parse(text)

        let completed = Completion.apply([3: ["1"], 6: ["2", "3"]], to: text, records)

        #expect(
            completed
                == "# c\n\nquery I\nSELECT 1\n----\n1\n\nquery I\nSELECT 2\n----\n2\n3\n\n"
                + "statement ok\nx\n")
    }
}
