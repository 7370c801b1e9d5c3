package import Diagnostics

/// How rows are spelled as text: COPY's `csv` and `text` formats and their options.
package struct TextDialect: Sendable, Equatable {
    package enum Format: Sendable {
        /// Quotes around values; the marker of NULL counts only without them.
        case csv
        /// Backslash sequences, PostgreSQL's own.
        case text
    }

    package enum Header: Sendable {
        case none
        /// The first record is passed over, or written.
        case present
        /// The first record must have the names of the columns.
        case matching
    }

    package let format: Format
    package let delimiter: UInt8
    package let quote: UInt8
    package let escape: UInt8
    /// What stands for NULL.
    package let null: [UInt8]
    package let header: Header

    /// - Throws: 22023 for options that contradict each other.
    package init(
        _ format: Format, delimiter: UInt8? = nil, quote: UInt8? = nil, escape: UInt8? = nil,
        null: [UInt8]? = nil, header: Header = .none
    ) throws(DatabaseError) {
        self.format = format
        switch format {
        case .csv:
            self.delimiter = delimiter ?? UInt8(ascii: ",")
            self.quote = quote ?? UInt8(ascii: "\"")
            self.escape = escape ?? self.quote
            self.null = null ?? []
        case .text:
            if quote != nil { throw .badDialect("COPY quote is available only in CSV mode") }
            if escape != nil { throw .badDialect("COPY escape is available only in CSV mode") }
            self.delimiter = delimiter ?? UInt8(ascii: "\t")
            self.quote = UInt8(ascii: "\\")
            self.escape = UInt8(ascii: "\\")
            self.null = null ?? Array("\\N".utf8)
        }
        self.header = header
        try check()
    }

    private func check() throws(DatabaseError) {
        let lineEnds: [UInt8] = [10, 13]
        for byte in [delimiter, quote, escape] where lineEnds.contains(byte) || byte >= 128 {
            throw .badDialect("COPY delimiter, quote and escape must be single ASCII characters")
        }
        if null.contains(where: lineEnds.contains) {
            throw .badDialect("COPY null representation cannot use newline or carriage return")
        }
        if null.contains(delimiter) {
            throw .badDialect("COPY delimiter must not appear in the NULL specification")
        }
        switch format {
        case .csv:
            if delimiter == quote {
                throw .badDialect("COPY delimiter and quote must be different")
            }
            if null.contains(quote) {
                throw .badDialect("CSV quote character must not appear in the NULL specification")
            }
        case .text:
            let taken = Array("\\.abcdefghijklmnopqrstuvwxyz0123456789".utf8)
            if taken.contains(delimiter) {
                throw .badDialect(
                    "COPY delimiter cannot be a letter, a digit, a dot or a backslash")
            }
        }
    }
}
