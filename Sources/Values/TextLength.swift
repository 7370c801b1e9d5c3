package import Diagnostics

/// How long the strings of a column may be: the n of `VARCHAR(n)` and `CHAR(n)`.
package struct TextLength: Sendable, Hashable {
    /// Characters as PostgreSQL counts them: code points.
    package let characters: Int
    /// CHAR(n): blanks at the end mean nothing and are not kept. PostgreSQL fills up with them
    /// when it shows such a value; here it is shown as it is compared.
    package let isBlankTrimmed: Bool

    /// That of CHAR, in which a blank is a character.
    package static let one = TextLength(characters: 1, isBlankTrimmed: false)

    /// PostgreSQL's.
    package static let most = 10_485_760

    package init(characters: Int, isBlankTrimmed: Bool) {
        precondition((1...Self.most).contains(characters), "the caller has checked the length")
        self.characters = characters
        self.isBlankTrimmed = isBlankTrimmed
    }

    /// The name of the type in DDL.
    package var name: String { (isBlankTrimmed ? "CHAR" : "VARCHAR") + "(\(characters))" }

    /// The name of the type in PostgreSQL's messages.
    package var postgresName: String {
        (isBlankTrimmed ? "character" : "character varying") + "(\(characters))"
    }

    /// Whether whatever fits `other` fits and stays as it is; nil is any length.
    package func takesAll(of other: TextLength?) -> Bool {
        guard let other else { return false }
        return characters >= other.characters && (!isBlankTrimmed || other.isBlankTrimmed)
    }

    /// Gives a string as a column of this length holds it. Blanks beyond the length go silently, as
    /// the standard has it; everything beyond goes when `isCast`.
    ///
    /// - Throws: 22001 when it is too long.
    package func fit(_ text: String, isCast: Bool) throws(DatabaseError) -> String {
        var kept = text[...]
        let scalars = text.unicodeScalars
        if text.utf8.count > characters,
            let end = scalars.index(
                scalars.startIndex, offsetBy: characters, limitedBy: scalars.endIndex),
            end != scalars.endIndex
        {
            guard isCast || scalars[end...].allSatisfy({ $0 == " " }) else {
                throw .textTooLong(for: postgresName)
            }
            kept = Substring(scalars[..<end])
        }
        if isBlankTrimmed {
            while kept.utf8.last == 32 { kept = Substring(kept.unicodeScalars.dropLast()) }
        }
        return kept.endIndex == text.endIndex ? text : String(kept)
    }
}
