/// An identifier as it was written.
///
/// Names are case-insensitive but keep their spelling; two names are equal when they mean the same.
package struct Name: Sendable, Hashable, CustomStringConvertible {
    /// The spelling, without quotes.
    package let text: String
    package let position: Int

    package init(_ text: String, position: Int = 0) {
        self.text = text
        self.position = position
    }

    /// The form under which names are compared and looked up.
    package var folded: String { text.lowercased() }
    package var description: String { text }

    package static func == (left: Name, right: Name) -> Bool { left.folded == right.folded }
    package func hash(into hasher: inout Hasher) { hasher.combine(folded) }
}

/// The name of a table, with the schema if one was written.
package struct TableName: Sendable, Hashable {
    package let schema: Name?
    package let name: Name

    package init(schema: Name? = nil, name: Name) {
        self.schema = schema
        self.name = name
    }

    package var position: Int { schema?.position ?? name.position }

    /// Takes a name apart that stands in a string, as `nextval` has it: `"a ""b""".c` is `a "b"`
    /// and `c`. A quote opens only at the beginning of a part; elsewhere it is a character.
    package static func parts(of text: String) -> [String] {
        var parts: [String] = []
        var rest = text.unicodeScalars[...]
        repeat {
            var part = String.UnicodeScalarView()
            if rest.first == "\"" { part = quotedPart(&rest) }
            while let next = rest.first, next != "." {
                part.append(next)
                rest.removeFirst()
            }
            parts.append(String(part))
        } while rest.popFirst() != nil
        return parts
    }

    private static func quotedPart(_ rest: inout Substring.UnicodeScalarView)
        -> String.UnicodeScalarView
    {
        var part = String.UnicodeScalarView()
        rest.removeFirst()
        while let next = rest.popFirst() {
            if next == "\"" {
                // Two of them stand for one.
                guard rest.first == "\"" else { break }
                rest.removeFirst()
            }
            part.append(next)
        }
        return part
    }
}

/// A quoted string where the grammar asks for text: a path, a backup's name, a pattern.
package struct TextLiteral: Sendable, Hashable {
    package let text: String
    package let position: Int

    package init(_ text: String, position: Int = 0) {
        self.text = text
        self.position = position
    }

    package static func == (left: TextLiteral, right: TextLiteral) -> Bool {
        left.text == right.text
    }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// A type as it was written, such as `varchar(10)`, `double precision` or `int[]`.
package struct TypeName: Sendable, Hashable {
    package let schema: Name?
    /// The name in lower case, words joined by one blank: `timestamp with time zone`.
    package let name: String
    /// The numbers in parentheses; a geohash's are its bits, however they were written.
    package let arguments: [Int]
    /// How many `[]` follow.
    package let arrayDimensions: Int
    package let position: Int

    /// The name of the type that is not CHAR because it stands in quotes.
    package static let quotedChar = "\"char\""

    package init(
        schema: Name? = nil, name: String, arguments: [Int] = [], arrayDimensions: Int = 0,
        position: Int = 0
    ) {
        self.schema = schema
        self.name = name
        self.arguments = arguments
        self.arrayDimensions = arrayDimensions
        self.position = position
    }

    package static func == (left: TypeName, right: TypeName) -> Bool {
        left.name == right.name && left.arguments == right.arguments
            && left.arrayDimensions == right.arrayDimensions && left.schema == right.schema
    }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(arguments)
    }
}
