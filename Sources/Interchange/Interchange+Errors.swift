import Diagnostics

extension DatabaseError {
    /// The same error with the place in the input where it happened.
    func inRecord(line: Int, column: String?) -> DatabaseError {
        var place = "Line \(line)"
        if let column { place += ", column \(column)" }
        let detail = self.detail.map { "\(place). \($0)" } ?? "\(place)."
        return with(detail: detail, hint: hint)
    }

    static func missingColumn(_ name: String) -> DatabaseError {
        DatabaseError(.badCopyFormat, "missing data for column \"\(name)\"")
    }

    static func extraColumn() -> DatabaseError {
        DatabaseError(.badCopyFormat, "extra data after last expected column")
    }

    static func unterminatedQuote() -> DatabaseError {
        DatabaseError(.badCopyFormat, "unterminated CSV quoted field")
    }

    static func carriageReturn() -> DatabaseError {
        DatabaseError(
            .badCopyFormat, "unquoted carriage return found in data",
            hint: "Use quotes around values with line breaks, and LF or CR LF as ends of lines.")
    }

    static func recordTooLong(line: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "record above \(Limits.recordBytes) bytes",
            detail: "Line \(line).", hint: "A quote may be missing.")
    }

    static func headerMismatch(_ found: String, expected: String) -> DatabaseError {
        DatabaseError(
            .badCopyFormat,
            "column name mismatch in header: got \"\(found)\", expected \"\(expected)\"")
    }

    static func badTextEncoding() -> DatabaseError {
        DatabaseError(.badEncoding, "invalid byte sequence for encoding \"UTF8\"")
    }

    static func badDialect(_ what: String) -> DatabaseError {
        DatabaseError(.invalidParameter, what)
    }

    static func badBinaryCopy(_ what: String) -> DatabaseError {
        DatabaseError(.badCopyFormat, what)
    }
}
