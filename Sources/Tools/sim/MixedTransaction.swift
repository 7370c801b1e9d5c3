/// A transaction of one writer: what it sends, and what the writer's rows are afterwards.
struct MixedTransaction {
    let statements: [String]
    let result: MixedModel.Content

    /// - Parameter time: the timestamp of a row, which follows from its id.
    init(
        writer: Int, model: MixedModel, time: (Int64) -> Int64, random: inout SplitMix
    ) {
        var content = model.content(writer)
        var statements = ["BEGIN"]
        var isKept = true
        for step in 0..<1 + random.next() % 3 {
            let before = content
            let isUndone = random.next() % 6 == 0
            if isUndone { statements.append("SAVEPOINT s\(step)") }
            let divisor = Int64(2 + random.next() % 4)
            let rest = Int64(random.next() % UInt64(divisor))
            switch random.next() % 8 {
            case 0:
                statements += ["a", "b"].map {
                    "DELETE FROM \($0) WHERE w = \(writer) AND id % \(divisor) = \(rest)"
                }
                content.plain = content.plain.filter { $0.key % divisor != rest }
            case 1:
                statements += ["a", "b"].map {
                    "UPDATE \($0) SET v = v + \(divisor) WHERE w = \(writer) AND id % \(divisor) = \(rest)"
                }
                for id in content.plain.keys where id % divisor == rest {
                    content.plain[id]? += divisor
                }
            case 2:
                statements.append(
                    "UPDATE u SET v = v + \(divisor) WHERE w = \(writer) AND v % \(divisor) = \(rest)"
                )
                for (id, value) in content.upserted where value % divisor == rest {
                    content.upserted[id] = value + divisor
                }
            case 3:
                statements.append(
                    "DELETE FROM u WHERE w = \(writer) AND v % \(divisor) = \(rest)")
                content.upserted = content.upserted.filter { $0.value % divisor != rest }
            case 4, 5:
                let old = content.upserted.keys.sorted()
                let ids =
                    old.isEmpty
                    ? model.issueIDs(2)
                    : (0..<3).map { _ in old[Int(random.next() % UInt64(old.count))] }
                let rows = ids.map { ($0, Int64(random.next() % 1_000)) }
                statements.append(Self.insert("u", writer, rows, time))
                for (id, value) in rows { content.upserted[id] = value }
            default:
                let rows = model.issueIDs(1 + Int(random.next() % 9)).map {
                    ($0, Int64(random.next() % 1_000))
                }
                statements += ["a", "b", "u"].map { Self.insert($0, writer, rows, time) }
                for (id, value) in rows {
                    content.plain[id] = value
                    content.upserted[id] = value
                }
            }
            if isUndone {
                statements.append("ROLLBACK TO SAVEPOINT s\(step)")
                content = before
            }
        }
        if random.next() % 10 == 0 {
            statements.append("ROLLBACK")
            isKept = false
        } else {
            statements.append("COMMIT")
        }
        self.statements = statements
        result = isKept ? content : model.content(writer)
    }

    private static func insert(
        _ table: String, _ writer: Int, _ rows: [(Int64, Int64)], _ time: (Int64) -> Int64
    ) -> String {
        let values = rows.map { id, value in
            "(\(time(id))::timestamp, \(writer), \(id), \(value), 's\(id % 5)')"
        }
        return "INSERT INTO \(table) (ts, w, id, v, s) VALUES \(values.joined(separator: ", "))"
    }
}
