extension Printer {
    mutating func write(_ query: Query) {
        append(query.isDistinct ? "SELECT DISTINCT " : "SELECT ")
        for (index, item) in query.items.enumerated() {
            if index > 0 { append(", ") }
            write(item)
        }
        if let from = query.from {
            append(" FROM ")
            write(from)
        }
        if let filter = query.filter {
            append(" WHERE ")
            write(filter)
        }
        if let latestOn = query.latestOn {
            append(" LATEST ON \(Printer.text(latestOn.timestamp)) PARTITION BY ")
            writeList(latestOn.partitionBy)
        }
        if let sampleBy = query.sampleBy { write(sampleBy) }
        if !query.groupBy.isEmpty {
            append(" GROUP BY ")
            writeList(query.groupBy)
        }
        if let having = query.having {
            append(" HAVING ")
            write(having)
        }
        if !query.orderBy.isEmpty {
            append(" ORDER BY ")
            write(query.orderBy)
        }
        writeLimits(query)
    }

    private mutating func writeLimits(_ query: Query) {
        switch query.limit {
        case .count(let count):
            append(" LIMIT ")
            write(count)
        case .range(let lower, let upper):
            append(" LIMIT ")
            writeList([lower, upper])
        case nil: break
        }
        if let offset = query.offset {
            append(" OFFSET ")
            write(offset, .sum)
        }
    }

    private mutating func write(_ item: SelectItem) {
        switch item {
        case .star(let qualifier, _):
            append(qualifier.map { Printer.text($0) + "." }.joined() + "*")
        case .expression(let expression, let alias):
            write(expression)
            if let alias { append(" AS \(Printer.text(alias))") }
        }
    }

    private mutating func write(_ from: FromItem) {
        switch from {
        case .table(let table, let alias):
            append(Printer.text(table))
            writeAlias(alias)
        case .function(let call, let alias):
            write(call)
            writeAlias(alias)
        case .subquery(let query, let alias):
            writeParenthesized(query)
            writeAlias(alias)
        case .join(let join): write(join)
        }
    }

    private mutating func writeAlias(_ alias: Name?) {
        if let alias { append(" AS \(Printer.text(alias))") }
    }

    private mutating func write(_ join: Join) {
        write(join.left)
        append(" \(join.kind.rawValue) JOIN ")
        if case .join = join.right {
            append("(")
            write(join.right)
            append(")")
        } else {
            write(join.right)
        }
        switch join.condition {
        case .always: break
        case .on(let predicate):
            append(" ON ")
            write(predicate)
        case .using(let names):
            append(" USING (\(names.map { Printer.text($0) }.joined(separator: ", ")))")
        }
    }

    mutating func write(_ order: [OrderItem]) {
        for (index, item) in order.enumerated() {
            if index > 0 { append(", ") }
            write(item.expression)
            if item.direction == .descending { append(" DESC") }
            if let nulls = item.nulls { append(" NULLS \(nulls.rawValue)") }
        }
    }

    private mutating func write(_ sampleBy: SampleBy) {
        append(" SAMPLE BY \(sampleBy.count)\(sampleBy.unit)")
        if !sampleBy.fills.isEmpty {
            append(" FILL(")
            for (index, fill) in sampleBy.fills.enumerated() {
                if index > 0 { append(", ") }
                switch fill {
                case .none: append("NONE")
                case .null: append("NULL")
                case .previous: append("PREV")
                case .linear: append("LINEAR")
                case .value(let value): write(value)
                }
            }
            append(")")
        }
        switch sampleBy.alignment {
        case .firstObservation: append(" ALIGN TO FIRST OBSERVATION")
        case .calendar(let timeZone, let offset):
            append(" ALIGN TO CALENDAR")
            if let timeZone { append(" TIME ZONE \(Printer.text(timeZone))") }
            if let offset { append(" WITH OFFSET \(Printer.text(offset))") }
        case nil: break
        }
    }
}
