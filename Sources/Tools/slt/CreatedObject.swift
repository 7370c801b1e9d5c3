/// A table, schema or backup that a golden file makes on a server it shares with others, and how to
/// be rid of it.
struct CreatedObject: Hashable {
    /// In the order in which they are dropped: what rests on others first.
    enum Kind: Int, CaseIterable {
        case view, table, sequence, type, schema, backup
    }

    let kind: Kind
    /// As it is written in SQL, with quotes and schema.
    let name: String

    /// The statement that takes it away, and is content when it is not there.
    ///
    /// - Parameter cascades: Whether what rests on it goes too.
    func removal(cascades: Bool) -> String {
        switch kind {
        case .view, .table, .sequence, .type:
            "DROP \(word) IF EXISTS \(name)\(cascades ? " CASCADE" : "")"
        case .schema: "DROP SCHEMA IF EXISTS \(name) CASCADE"
        case .backup: "DROP BACKUP \(name)"
        }
    }

    private var word: String {
        switch kind {
        case .view: "VIEW"
        case .table: "TABLE"
        case .sequence: "SEQUENCE"
        case .type: "TYPE"
        case .schema: "SCHEMA"
        case .backup: "BACKUP"
        }
    }

    /// Whatever the statements of a text make, should they succeed.
    static func found(in sql: String) -> [CreatedObject] {
        var words = SQLWords(sql)
        var found: [CreatedObject] = []
        while let word = words.next() {
            switch word.uppercased() {
            case "CREATE": if let object = created(&words) { found.append(object) }
            case "RENAME":
                // ALTER TABLE … RENAME TO, and RENAME TABLE … TO: a column has a word between.
                if let object = renamed(&words) { found.append(object) }
            case "RESTORE", "BACKUP":
                let isBackup = word.uppercased() == "BACKUP"
                while let next = words.next(), next != ";" {
                    guard next.uppercased() == "AS", let name = words.next() else { continue }
                    if isBackup == name.hasPrefix("'") {
                        found.append(.init(kind: isBackup ? .backup : .table, name: name))
                    }
                }
            default: break
            }
        }
        return found
    }

    private static let kinds: [String: Kind] = [
        "TABLE": .table, "VIEW": .view, "SCHEMA": .schema, "SEQUENCE": .sequence, "TYPE": .type,
    ]
    private static let between: Set<String> = [
        "OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "GLOBAL", "LOCAL", "ATOMIC",
    ]

    private static func created(_ words: inout SQLWords) -> CreatedObject? {
        while let word = words.next(), word != ";" {
            if between.contains(word.uppercased()) { continue }
            guard let kind = kinds[word.uppercased()] else { return nil }
            return words.name(after: ["IF", "NOT", "EXISTS"]).map { .init(kind: kind, name: $0) }
        }
        return nil
    }

    private static func renamed(_ words: inout SQLWords) -> CreatedObject? {
        guard let word = words.next() else { return nil }
        switch word.uppercased() {
        case "TO": break
        case "TABLE":
            guard words.name(after: []) != nil, words.next()?.uppercased() == "TO" else {
                return nil
            }
        default: return nil
        }
        return words.name(after: []).map { .init(kind: .table, name: $0) }
    }
}

/// The words of SQL: identifiers and numbers, quoted names and texts as one each, single signs;
/// without comments. It knows no dialect, because servers differ in theirs.
struct SQLWords {
    private var rest: Substring

    init(_ sql: String) { rest = sql[...] }

    mutating func next() -> String? {
        skipSpace()
        guard let first = rest.first else { return nil }
        if first == "'" || first == "\"" { return takeQuoted(first) }
        guard Self.isWordly(first) else {
            rest.removeFirst()
            return String(first)
        }
        let word = rest.prefix(while: Self.isWordly)
        rest = rest[word.endIndex...]
        return String(word)
    }

    /// Takes a name with its schema, and before it any of `fillers`.
    mutating func name(after fillers: Set<String>) -> String? {
        guard var name = next() else { return nil }
        while fillers.contains(name.uppercased()) {
            guard let further = next() else { return nil }
            name = further
        }
        while rest.first == "." {
            rest.removeFirst()
            guard let part = next() else { return nil }
            name += "." + part
        }
        return name
    }

    private static func isWordly(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == "$"
    }

    private mutating func takeQuoted(_ quote: Character) -> String {
        var taken = String(rest.removeFirst())
        while let character = rest.popFirst() {
            taken.append(character)
            guard character == quote else { continue }
            // A doubled quote is part of the text.
            guard rest.first == quote else { break }
            taken.append(rest.removeFirst())
        }
        return taken
    }

    private mutating func skipSpace() {
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if rest.hasPrefix("--") {
                rest = rest.drop { !$0.isNewline }
            } else if rest.hasPrefix("/*") {
                let end = rest.firstRange(of: "*/")?.upperBound ?? rest.endIndex
                rest = rest[end...]
            } else {
                return
            }
        }
    }
}
