/// Writes the answers that were found into a golden file. The difference must be read by a person.
enum Completion {
    static func apply(_ answers: [Int: [String]], to text: String, _ records: [Record]) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for record in records.reversed() {
            guard case .query = record.kind, let answer = answers[record.line] else { continue }
            lines.replaceSubrange(record.answer, with: ["----"] + answer)
        }
        return lines.joined(separator: "\n")
    }
}
