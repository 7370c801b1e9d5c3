/// Runs the records of one file against a target and says what differs.
struct Runner {
    struct Difference: Equatable {
        let line: Int
        let message: String
    }

    struct Outcome {
        var passed = 0
        var differences: [Difference] = []
        /// Records passed over, and why the rest of the file was, if it was.
        var skippedRecords = 0
        var skipped: String?
        /// For `--complete`: the answers found, by the line their record begins on.
        var answers: [Int: [String]] = [:]
    }

    let target: any Target
    /// Only the record that begins on this line, when given, is judged; those before it still run.
    var onlyLine: Int?

    func run(_ records: [Record]) -> Outcome {
        var outcome = Outcome()
        var connection = "default"
        for (index, record) in records.enumerated() {
            guard holds(record.conditions) else {
                outcome.skippedRecords += 1
                continue
            }
            switch record.kind {
            case .connection(let name): connection = name
            case .halt: return outcome
            case .require(let feature):
                guard target.offers(feature) else {
                    outcome.skipped = "needs \(feature)"
                    outcome.skippedRecords += records[index...].count { $0.isJudged }
                    return outcome
                }
            case .restart: move(record, "restart", &outcome) { try target.restart() }
            case .crash: move(record, "crash", &outcome) { try target.crash() }
            case .statement(let expectation):
                let answer = target.run(record.sql, on: connection)
                judge(record, difference(answer, expectation), &outcome)
            case .query(let types, let isSorted):
                let answer = target.run(record.sql, on: connection)
                if case .rows(let rows) = answer {
                    outcome.answers[record.line] = Self.text(rows, isSorted: isSorted)
                }
                judge(record, difference(answer, record, types, isSorted), &outcome)
            }
        }
        return outcome
    }

    private func holds(_ conditions: [Record.Condition]) -> Bool {
        conditions.allSatisfy { target.offers($0.feature) == $0.isWanted }
    }

    private func move(
        _ record: Record, _ feature: String, _ outcome: inout Outcome, _ body: () throws -> Void
    ) {
        guard target.offers(feature) else {
            let reason = "this target cannot \(feature); put `require \(feature)` in front"
            judge(record, reason, &outcome)
            return
        }
        do {
            try body()
        } catch {
            judge(record, "the engine did not come back: \(error)", &outcome)
        }
    }

    private func judge(_ record: Record, _ difference: String?, _ outcome: inout Outcome) {
        if let onlyLine, onlyLine != record.line { return }
        if let difference {
            outcome.differences.append(Difference(line: record.line, message: difference))
        } else {
            outcome.passed += 1
        }
    }

    private func difference(_ answer: Answer, _ expectation: Record.Expectation) -> String? {
        switch (expectation, answer) {
        case (.ok, .rows), (.ok, .command): return nil
        case (.count(let count), .command(let tag)):
            let found = tag.split(separator: " ").last.flatMap { Int($0) }
            return found == count ? nil : "expected \(count) rows, the tag is \(tag)"
        case (.error(let state, let words), .failure(let found, let message)):
            guard state == found else {
                return "expected error \(state), found \(found): \(message)"
            }
            return words.isEmpty || message.contains(words)
                ? nil : "the message lacks \"\(words)\": \(message)"
        case (.ok, .failure(let state, let message)), (.count, .failure(let state, let message)):
            return "error \(state): \(message)"
        case (.count, .rows(let rows)): return "expected a count, found \(rows.count) rows"
        case (.error(let state, _), .rows), (.error(let state, _), .command):
            return "expected error \(state), but it succeeded"
        }
    }

    private func difference(
        _ answer: Answer, _ record: Record, _ types: String, _ isSorted: Bool
    ) -> String? {
        switch answer {
        case .failure(let state, let message): return "error \(state): \(message)"
        case .command(let tag): return "expected rows, found \(tag)"
        case .rows(let rows):
            if let row = rows.first, row.count != types.count {
                return "expected \(types.count) columns, found \(row.count)"
            }
            let found = Self.text(rows, isSorted: isSorted)
            let expected = isSorted ? record.expected.sorted() : record.expected
            guard !Self.match(found, expected) else { return nil }
            return "expected:\n" + expected.joined(separator: "\n") + "\nfound:\n"
                + found.joined(separator: "\n")
        }
    }

    /// Rows as the file writes them: tabs between columns, words for what has no text.
    static func text(_ rows: [[String?]], isSorted: Bool) -> [String] {
        let lines = rows.map { row in
            row.map { cell in
                guard let cell else { return "(null)" }
                return cell.isEmpty ? "(empty)" : cell
            }.joined(separator: "\t")
        }
        // The file cannot tell a line of a text from the next row, and need not where rows stay.
        return isSorted
            ? lines.sorted()
            : lines.flatMap { line in
                line.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            }
    }

    private static func match(_ found: [String], _ expected: [String]) -> Bool {
        guard found.count == expected.count else { return false }
        return zip(found, expected).allSatisfy { found, expected in
            let cells = found.split(separator: "\t", omittingEmptySubsequences: false)
            let wanted = expected.split(separator: "\t", omittingEmptySubsequences: false)
            return cells.count == wanted.count
                && zip(cells, wanted).allSatisfy { $1 == "(ignore)" || $0 == $1 }
        }
    }
}

extension Record {
    /// Whether it passes or fails, rather than setting the scene for others.
    fileprivate var isJudged: Bool {
        switch kind {
        case .statement, .query: true
        case .restart, .crash, .connection, .require, .halt: false
        }
    }
}
