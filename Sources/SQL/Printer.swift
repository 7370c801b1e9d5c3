/// Writes expressions and queries back as SQL, so that parsing the text gives an equal tree.
///
/// Parentheses stand where precedence asks for them and nowhere else; names are quoted unless they
/// are plain words the grammar does not know.
package struct Printer {
    private(set) var text = ""

    package static func text(_ expression: Expression) -> String {
        var printer = Printer()
        printer.write(expression)
        return printer.text
    }

    package static func text(_ query: Query) -> String {
        var printer = Printer()
        printer.write(query)
        return printer.text
    }

    /// A name as it must be written to mean itself.
    package static func text(_ name: Name) -> String {
        let bytes = Array(name.text.utf8)
        let isPlain =
            bytes.first.map { Lexer.isNameStart($0) && $0 < 0x80 } == true
            && bytes.allSatisfy { Lexer.isNamePart($0) && $0 < 0x80 && $0 != UInt8(ascii: "$") }
            && Keyword.named(name.folded) == nil
        return isPlain ? name.text : doubled(name.text, "\"")
    }

    package static func text(_ table: TableName) -> String {
        (table.schema.map { text($0) + "." } ?? "") + text(table.name)
    }

    package static func text(_ type: TypeName) -> String {
        var text = type.schema.map { Printer.text($0) + "." } ?? ""
        let unit = type.name == "geohash" ? "b" : ""
        let list = type.arguments.map { "\($0)\(unit)" }.joined(separator: ", ")
        let arguments = type.arguments.isEmpty ? "" : "(\(list))"
        let zone = type.name.firstRange(of: " with")
        if let zone, type.name.hasSuffix(" time zone") {
            text += type.name[..<zone.lowerBound] + arguments + type.name[zone.lowerBound...]
        } else if Printer.plainTypes.contains(type.name) {
            text += type.name + arguments
        } else if let keyword = Keyword.named(type.name), !keyword.isReserved {
            text += type.name + arguments
        } else {
            text += Printer.text(Name(type.name)) + arguments
        }
        return text + String(repeating: "[]", count: type.arrayDimensions)
    }

    private static let plainTypes = [
        "double precision", "character varying", "bit varying", TypeName.quotedChar,
    ]

    /// A string literal.
    package static func text(_ literal: TextLiteral) -> String { doubled(literal.text, "'") }

    private static func doubled(_ text: String, _ quote: Unicode.Scalar) -> String {
        var result = String.UnicodeScalarView([quote])
        for scalar in text.unicodeScalars {
            if scalar == quote { result.append(quote) }
            result.append(scalar)
        }
        result.append(quote)
        return String(result)
    }

    // MARK: - Expressions

    mutating func write(_ expression: Expression, _ minimum: Precedence = .or) {
        guard Printer.precedence(of: expression.kind) < minimum else {
            return writeBare(expression.kind)
        }
        text += "("
        writeBare(expression.kind)
        text += ")"
    }

    static func precedence(of kind: Expression.Kind) -> Precedence {
        switch kind {
        case .literal, .column, .parameter, .cast, .call, .conditional, .subquery, .exists,
            .array, .element:
            .postfix
        case .unary(let sign, _):
            switch sign {
            case .not: .not
            case .minus, .plus: .sign
            // Takes everything to its right down to sums, so it may stand only at the far left.
            case .bitNot: .otherOperator
            }
        case .binary(let binaryOperator, _, _): binaryOperator.precedence
        case .isNull, .isTruth: .is
        case .inList, .inQuery, .inInterval, .between, .like: .membership
        case .quantified: .comparison
        }
    }

    private mutating func writeBare(_ kind: Expression.Kind) {
        switch kind {
        case .literal(let literal): write(literal)
        case .column(let column):
            text += (column.qualifier + [column.name]).map { Printer.text($0) }
                .joined(separator: ".")
        case .parameter(let number): text += "$\(number)"
        case .unary(let sign, let operand): writeUnary(sign, operand)
        case .binary(let binaryOperator, let left, let right):
            writeBinary(binaryOperator, left, right)
        case .isNull(let operand, let negated):
            write(operand, .is)
            text += negated ? " IS NOT NULL" : " IS NULL"
        case .isTruth(let operand, let truth, let negated):
            write(operand, .is)
            text += negated ? " IS NOT " : " IS "
            text += truth.map { $0 ? "TRUE" : "FALSE" } ?? "UNKNOWN"
        case .inList, .inQuery, .inInterval, .between, .like: writeMembership(kind)
        case .cast(let operand, let type):
            // Not CAST(…): a chain of casts would nest deeper than the parser goes.
            write(operand, .postfix)
            text += "::\(Printer.text(type))"
        case .call(let call): write(call)
        case .conditional(let conditional): write(conditional)
        case .subquery(let query): writeParenthesized(query)
        case .exists(let query):
            text += "EXISTS "
            writeParenthesized(query)
        case .quantified(let quantified): write(quantified)
        case .array(let elements):
            text += "ARRAY["
            writeList(elements)
            text += "]"
        case .element(let array, let index):
            // Brackets directly after a cast would belong to the type.
            if case .cast = array.kind {
                text += "("
                write(array)
                text += ")"
            } else {
                write(array, .postfix)
            }
            text += "["
            write(index)
            text += "]"
        }
    }

    private mutating func write(_ literal: Literal) {
        switch literal {
        case .null: text += "NULL"
        case .boolean(let value): text += value ? "TRUE" : "FALSE"
        case .integer(let digits), .decimal(let digits): text += digits
        case .exact(let digits): text += digits + "m"
        case .string(let content): text += Printer.text(TextLiteral(content))
        case .geohash(let hash): text += hash
        }
    }

    private mutating func writeUnary(_ sign: UnaryOperator, _ operand: Expression) {
        text += sign.rawValue
        switch sign {
        case .not:
            text += " "
            write(operand, .not)
        case .minus, .plus:
            // Two minus signs together would begin a comment.
            if case .unary = operand.kind { text += " " }
            write(operand, .sign)
        case .bitNot: write(operand, .sum)
        }
    }

    private mutating func writeBinary(
        _ binaryOperator: BinaryOperator, _ left: Expression, _ right: Expression
    ) {
        let precedence = binaryOperator.precedence
        switch binaryOperator {
        case .and, .or:
            // The parser balances a chain, whatever its parentheses were.
            write(left, precedence)
            text += " \(binaryOperator.rawValue) "
            write(right, precedence)
        case .equal, .notEqual, .less, .lessOrEqual,
            .greater, .greaterOrEqual:
            // Comparisons do not chain.
            write(left, precedence.tighter)
            text += " \(binaryOperator.rawValue) "
            write(right, precedence.tighter)
        case .isDistinctFrom, .isNotDistinctFrom, .matches, .matchesIgnoringCase, .doesNotMatch,
            .doesNotMatchIgnoringCase, .concatenate, .bitAnd, .bitOr, .bitXor, .shiftLeft,
            .shiftRight, .add, .subtract, .multiply, .divide, .remainder, .power:
            write(left, precedence)
            text += " \(binaryOperator.rawValue) "
            write(right, precedence.tighter)
        }
    }

    private mutating func writeMembership(_ kind: Expression.Kind) {
        switch kind {
        case .inList(let operand, let list, let negated):
            write(operand, .membership)
            text += negated ? " NOT IN (" : " IN ("
            writeList(list)
            text += ")"
        case .inQuery(let operand, let query, let negated):
            write(operand, .membership)
            text += negated ? " NOT IN " : " IN "
            writeParenthesized(query)
        case .inInterval(let operand, let interval, let negated):
            write(operand, .membership)
            text += negated ? " NOT IN " : " IN "
            write(interval, .otherOperator)
        case .between(let operand, let lower, let upper, let negated):
            write(operand, .membership)
            text += negated ? " NOT BETWEEN " : " BETWEEN "
            write(lower, .otherOperator)
            text += " AND "
            write(upper, .otherOperator)
        case .like(let like):
            write(like.operand, .membership)
            text += like.negated ? " NOT" : ""
            text += like.letterCase == .ignored ? " ILIKE " : " LIKE "
            write(like.pattern, .otherOperator)
            if let escape = like.escape {
                text += " ESCAPE "
                write(escape, .otherOperator)
            }
        case .literal, .column, .parameter, .unary, .binary, .isNull, .isTruth, .cast, .call,
            .conditional, .subquery, .exists, .quantified, .array, .element:
            preconditionFailure("only membership tests are written here")
        }
    }

    mutating func write(_ call: FunctionCall) {
        text += call.schema.map { Printer.text($0) + "." } ?? ""
        text += Printer.text(call.name) + "("
        switch call.arguments {
        case .star: text += "*"
        case .all(let list): writeList(list)
        case .distinct(let list):
            text += "DISTINCT "
            writeList(list)
        }
        text += ")"
        guard let window = call.window else { return }
        text += " OVER ("
        if !window.partitionBy.isEmpty {
            text += "PARTITION BY "
            writeList(window.partitionBy)
        }
        if !window.orderBy.isEmpty {
            text += window.partitionBy.isEmpty ? "ORDER BY " : " ORDER BY "
            write(window.orderBy)
        }
        text += ")"
    }

    private mutating func write(_ conditional: Conditional) {
        text += "CASE"
        if let operand = conditional.operand {
            text += " "
            write(operand)
        }
        for branch in conditional.branches {
            text += " WHEN "
            write(branch.condition)
            text += " THEN "
            write(branch.result)
        }
        if let otherwise = conditional.otherwise {
            text += " ELSE "
            write(otherwise)
        }
        text += " END"
    }

    private mutating func write(_ quantified: Quantified) {
        write(quantified.left, .membership)
        text += " \(quantified.comparison.rawValue) \(quantified.quantifier.rawValue) "
        if case .subquery(let query) = quantified.right.kind {
            return writeParenthesized(query)
        }
        text += "("
        write(quantified.right)
        text += ")"
    }

    mutating func writeParenthesized(_ query: Query) {
        text += "("
        write(query)
        text += ")"
    }

    mutating func writeList(_ list: [Expression]) {
        for (index, element) in list.enumerated() {
            if index > 0 { text += ", " }
            write(element)
        }
    }

    mutating func append(_ more: String) { text += more }
}
