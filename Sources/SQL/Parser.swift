package import Diagnostics

/// Turns text into statements.
package enum Parser {
    /// Parses every statement of a text before any of them is run.
    ///
    /// Empty statements are dropped; a text of nothing but blanks gives an empty list.
    ///
    /// - Throws: 42601 where the grammar breaks, 54000 above the limits, 0A000 for SQL that
    ///   Basalt does not have; always with a position.
    package static func parse(_ text: String) throws(DatabaseError) -> [ParsedStatement] {
        throw .notSupported("parsing", at: 0)
    }
}
