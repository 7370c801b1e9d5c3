package import Values

/// What a bound operation does. Its arguments have the types it wants.
package enum Operation: Sendable, Hashable {
    /// Both sides LONG (checked against the node's type afterwards), DOUBLE, or a time and a LONG.
    case add, subtract, multiply, divide, remainder
    case negate
    case bitAnd, bitOr, bitXor, shiftLeft, shiftRight, bitNot
    /// Both sides of one type. Three-valued.
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    case isDistinctFrom, isNotDistinctFrom
    case and, or, not
    case isNull, isNotNull
    /// IS TRUE, IS FALSE; IS UNKNOWN is `isNull`.
    case isTrue, isNotTrue, isFalse, isNotFalse
    /// The first argument among the others.
    case inList
    /// The first argument from the second to the third.
    case between
    /// Operand, pattern and perhaps an escape character.
    case like(ignoringCase: Bool)
    case concatenate
    /// To the node's type.
    case cast
    /// A value to what a column with a modifier holds.
    case fit(TypeModifier, isCast: Bool)
    case coalesce
    /// Makes an array of its arguments.
    case array
    /// An array and a place in its first dimension, LONG, from 1.
    case element
    /// A value and an array: whether a comparison holds for some element, or for all.
    indirect case quantified(Operation, isAll: Bool)
    case function(ScalarFunction)
    /// Without arguments, once for every row.
    case call(RowCall)
}

/// Functions of a row's values, by their SQL names.
package enum ScalarFunction: String, Sendable, Hashable, CaseIterable {
    // The cases are spelt as the functions are.
    case abs, round, floor, ceil, sqrt, power, exp, ln
    case length, lower, upper, substring, trim, ltrim, rtrim, replace, concat
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case left, right, starts_with, strpos
    case greatest, least
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case date_trunc, year, month, day, hour, minute, second, micros
    case nullif
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case array_length, cardinality
}

/// An expression whose columns and types are settled.
package struct BoundExpression: Sendable, Hashable {
    package indirect enum Kind: Sendable, Hashable {
        case constant(Value)
        /// A column of the input, from 0.
        case column(Int)
        /// `$1` is 0.
        case parameter(Int)
        case operation(Operation, [BoundExpression])
        /// Conditions and results in turn, and what else.
        case conditional([BoundExpression], otherwise: BoundExpression?)
    }

    package let kind: Kind
    package let type: ValueType
    /// Where it stands in the text.
    package let position: Int

    package init(_ kind: Kind, _ type: ValueType, position: Int) {
        self.kind = kind
        self.type = type
        self.position = position
    }

    package static func == (left: BoundExpression, right: BoundExpression) -> Bool {
        left.type == right.type && left.kind == right.kind
    }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(type)
        hasher.combine(kind)
    }

    /// The expressions directly below.
    package var children: [BoundExpression] {
        switch kind {
        case .constant, .column, .parameter: []
        case .operation(_, let arguments): arguments
        case .conditional(let branches, let otherwise): branches + (otherwise.map { [$0] } ?? [])
        }
    }

    /// The same with other column numbers.
    package func mappingColumns(_ map: (Int) -> Int) -> BoundExpression {
        switch kind {
        case .constant, .parameter: self
        case .column(let index): BoundExpression(.column(map(index)), type, position: position)
        case .operation(let operation, let arguments):
            BoundExpression(
                .operation(operation, arguments.map { $0.mappingColumns(map) }), type,
                position: position)
        case .conditional(let branches, let otherwise):
            BoundExpression(
                .conditional(
                    branches.map { $0.mappingColumns(map) },
                    otherwise: otherwise?.mappingColumns(map)), type, position: position)
        }
    }

    /// Whether computing it may fail for some row: then it may not be computed for other rows
    /// than asked for.
    package var canFail: Bool {
        switch kind {
        case .constant, .column, .parameter: return false
        case .conditional: return children.contains { $0.canFail }
        case .operation(let operation, _):
            switch operation {
            case .add, .subtract, .multiply, .divide, .remainder, .negate, .cast, .fit, .function,
                .call, .shiftLeft, .shiftRight:
                return true
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
                .isDistinctFrom, .isNotDistinctFrom, .and, .or, .not, .isNull, .isNotNull,
                .isTrue, .isNotTrue, .isFalse, .isNotFalse, .inList, .between, .like, .concatenate,
                .coalesce, .array, .element, .quantified, .bitAnd, .bitOr, .bitXor, .bitNot:
                return children.contains { $0.canFail }
            }
        }
    }

    package var constantValue: Value? {
        if case .constant(let value) = kind { return value }
        return nil
    }
}
