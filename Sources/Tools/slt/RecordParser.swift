/// Reads golden SQL files: records separated by empty lines, `#` at a line's start for comments.
struct RecordParser {
    private let lines: [String]
    private var index = 0
    private var records: [Record] = []
    private var loops: [Loop] = []
    /// Of the record that begins on the next line.
    private var conditions: [Record.Condition] = []

    private struct Loop {
        let variable: String
        let values: Range<Int>
        let firstRecord: Int
        let line: Int
    }

    /// Rounds of one loop and records of one file: more is a mistake in the file.
    static let roundLimit = 10_000

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    static func parse(_ text: String) throws(RecordFailure) -> [Record] {
        var parser = RecordParser(text)
        return try parser.run()
    }

    private mutating func run() throws(RecordFailure) -> [Record] {
        while index < lines.count {
            let line = lines[index]
            if line.isEmpty || line.hasPrefix("#") {
                guard conditions.isEmpty else {
                    throw failure("a condition must stand directly on its record", line: index)
                }
                index += 1
            } else {
                try takeRecord(line)
            }
        }
        guard conditions.isEmpty else {
            throw failure("onlyif and skipif stand directly in front of a record", line: index)
        }
        if let open = loops.last { throw failure("loop without endloop", line: open.line) }
        return records
    }

    private mutating func takeRecord(_ header: String) throws(RecordFailure) {
        let begin = index + 1
        let words = header.split(separator: " ").map(String.init)
        index += 1
        if words[0] == "onlyif" || words[0] == "skipif" {
            let feature = try argument(words, begin)
            conditions.append(
                Record.Condition(feature: feature, isWanted: words[0] == "onlyif"))
            return
        }
        try takeRecord(words, begin)
        if !conditions.isEmpty {
            guard !["loop", "endloop"].contains(words[0]) else {
                throw failure("a condition holds for one record, not a loop", line: begin)
            }
            records[records.count - 1].conditions = conditions
            conditions = []
        }
    }

    private mutating func takeRecord(_ words: [String], _ begin: Int) throws(RecordFailure) {
        switch words[0] {
        case "statement": try takeStatement(words, begin)
        case "query": try takeQuery(words, begin)
        case "restart": add(.restart, line: begin)
        case "crash": add(.crash, line: begin)
        case "halt": add(.halt, line: begin)
        case "connection": add(.connection(try argument(words, begin)), line: begin)
        case "require": add(.require(try argument(words, begin)), line: begin)
        case "loop": try beginLoop(words, begin)
        case "endloop": try endLoop(begin)
        default: throw failure("unknown record \"\(words[0])\"", line: begin)
        }
    }

    private mutating func takeStatement(_ words: [String], _ begin: Int) throws(RecordFailure) {
        let expectation: Record.Expectation
        switch words.count > 1 ? words[1] : "" {
        case "ok" where words.count == 2: expectation = .ok
        case "count":
            guard words.count == 3, let count = Int(words[2]) else {
                throw failure("statement count needs a number", line: begin)
            }
            expectation = .count(count)
        case "error":
            guard words.count > 2, words[2].utf8.count == 5 else {
                throw failure("statement error needs a SQLSTATE", line: begin)
            }
            expectation = .error(state: words[2], words: words.dropFirst(3).joined(separator: " "))
        default: throw failure("statement ok, count N or error SQLSTATE", line: begin)
        }
        let sql = try takeSQL(begin)
        records.append(
            Record(
                kind: .statement(expectation), sql: sql, expected: [], line: begin,
                answer: index..<index))
    }

    private mutating func takeQuery(_ words: [String], _ begin: Int) throws(RecordFailure) {
        guard words.count >= 2, words[1].allSatisfy({ "BIRTPD?".contains($0) }) else {
            throw failure("query needs one letter of BIRTPD? per column", line: begin)
        }
        guard words.count == 2 || (words.count == 3 && words[2] == "rowsort") else {
            throw failure("query TYPES [rowsort]", line: begin)
        }
        let sql = try takeSQL(begin)
        let isSorted = words.count == 3
        if !isSorted, !sql.lowercased().contains("order by"), !sql.lowercased().contains("limit 1"),
            sql.lowercased().contains(" from ")
        {
            throw failure("a query without ORDER BY must say rowsort", line: begin)
        }
        let answerBegin = index
        var expected: [String] = []
        if index < lines.count, lines[index] == "----" {
            index += 1
            while index < lines.count, !lines[index].isEmpty {
                expected.append(lines[index])
                index += 1
            }
        }
        records.append(
            Record(
                kind: .query(types: words[1], isSorted: isSorted), sql: sql, expected: expected,
                line: begin, answer: answerBegin..<index))
    }

    private mutating func takeSQL(_ begin: Int) throws(RecordFailure) -> String {
        var sql: [String] = []
        while index < lines.count, !lines[index].isEmpty, lines[index] != "----" {
            sql.append(lines[index])
            index += 1
        }
        guard !sql.isEmpty else { throw failure("record without SQL", line: begin) }
        return sql.joined(separator: "\n")
    }

    private mutating func beginLoop(_ words: [String], _ begin: Int) throws(RecordFailure) {
        guard words.count == 4, let first = Int(words[2]), let end = Int(words[3]), first <= end,
            end - first <= Self.roundLimit
        else { throw failure("loop VARIABLE FIRST END", line: begin) }
        loops.append(
            Loop(
                variable: words[1], values: first..<end, firstRecord: records.count, line: begin))
    }

    /// Writes the body out once per value, so that the runner knows nothing of loops.
    private mutating func endLoop(_ begin: Int) throws(RecordFailure) {
        guard let loop = loops.popLast() else { throw failure("endloop alone", line: begin) }
        let body = Array(records[loop.firstRecord...])
        records.removeSubrange(loop.firstRecord...)
        guard body.count * loop.values.count <= Self.roundLimit else {
            throw failure("loop of more than \(Self.roundLimit) records", line: begin)
        }
        for value in loop.values {
            for record in body { records.append(record.replacing(loop.variable, with: value)) }
        }
    }

    private mutating func add(_ kind: Record.Kind, line: Int) {
        records.append(Record(kind: kind, sql: "", expected: [], line: line, answer: index..<index))
    }

    private func argument(_ words: [String], _ line: Int) throws(RecordFailure) -> String {
        guard words.count == 2 else { throw failure("\(words[0]) NAME", line: line) }
        return words[1]
    }

    private func failure(_ message: String, line: Int) -> RecordFailure {
        RecordFailure(line: line, message: message)
    }
}

extension Record {
    fileprivate func replacing(_ variable: String, with value: Int) -> Record {
        func filled(_ text: String) -> String {
            var rest = text[...]
            var result = ""
            while let place = rest.firstRange(of: "${\(variable)}") {
                result += rest[..<place.lowerBound] + "\(value)"
                rest = rest[place.upperBound...]
            }
            return result + rest
        }
        return Record(
            kind: kind, sql: filled(sql), expected: expected.map(filled), line: line,
            answer: answer, conditions: conditions)
    }
}
