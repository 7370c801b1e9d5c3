import Diagnostics

// Everything that can be wrong with a text before anything is looked up.
extension DatabaseError {
    /// The grammar allows something else here.
    ///
    /// - Parameter word: the text of the token, nil at the end of the input.
    static func unexpected(_ word: String?, at position: Int) -> DatabaseError {
        guard let word else {
            return DatabaseError(.syntaxError, "syntax error at end of input", position: position)
        }
        return DatabaseError(
            .syntaxError, "syntax error at or near \"\(word)\"", position: position)
    }

    /// One of few words must stand here.
    static func expected(_ words: String, at position: Int) -> DatabaseError {
        DatabaseError(.syntaxError, "\(words) expected", position: position)
    }

    /// A quote, comment or dollar quote that never ends.
    static func unterminated(_ what: String, near text: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "unterminated \(what) at or near \"\(text)\"", position: position)
    }

    /// A clause was written twice, or two of which only one may stand.
    static func conflictingClauses(_ clause: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "conflicting or redundant \(clause)", position: position)
    }

    /// A token that is wrong in itself, such as `1abc`.
    static func malformed(_ what: String, _ text: String, at position: Int) -> DatabaseError {
        DatabaseError(.syntaxError, "\(what) at or near \"\(text)\"", position: position)
    }

    /// A `\` escape in an E'…' string that gives no character.
    static func badEscape(at position: Int) -> DatabaseError {
        DatabaseError(.syntaxError, "invalid escape in string", position: position)
    }

    /// A text holds a character that no text may hold.
    static func zeroCharacter(at position: Int) -> DatabaseError {
        DatabaseError(.badEncoding, "invalid character U+0000 in text", position: position)
    }

    /// A number stands where only a smaller one makes sense.
    static func numberOutOfRange(_ text: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "number is out of range \"\(text)\"", position: position)
    }

    /// PARALLEL with more workers than anybody has, or none.
    static func parallelismOutOfRange(_ workers: Int, at position: Int) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "number of workers is out of range \"\(workers)\"",
            hint: "PARALLEL takes 1 to \(Limits.parallelWorkers), or no number: one per core.",
            position: position)
    }

    /// A word where one of a fixed list is allowed.
    static func unknownWord(
        _ what: String, _ word: String, allowed: [String], at position: Int
    ) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "unknown \(what) \"\(word)\"",
            hint: "Allowed are \(allowed.joined(separator: ", ")).", position: position)
    }

    static func nameTooLong(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .nameTooLong, "name has more than \(Limits.nameBytes) bytes \"\(name.prefix(64))…\"",
            position: position)
    }

    static func emptyName(at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "zero-length delimited identifier at or near \"\"\"\"", position: position
        )
    }

    static func noSuchParameter(_ text: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .undefinedParameter, "there is no parameter \"\(text)\"",
            hint: "Parameters are $1 to $\(Limits.parameters).", position: position)
    }

    static func statementTooLong(bytes: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded,
            "statement is longer than \(Limits.statementBytes) bytes \"\(bytes)\"",
            hint: "Send the rows with COPY, or in several statements.")
    }

    static func nestedTooDeeply(at position: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "statement is nested too deeply", position: position)
    }

    static func expressionTooDeep(at position: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded,
            "expression has more than \(Limits.expressionDepth) levels",
            hint: "Put parts of it in parentheses, or use a function of many arguments.",
            position: position)
    }
}
