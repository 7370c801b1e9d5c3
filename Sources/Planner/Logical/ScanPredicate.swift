package import Values

/// What a filter says of single columns: enough to leave out rows of which only bounds are known.
///
/// It may be true for more rows than the filter, never for fewer: whoever uses it still asks the
/// filter about the rows that are left. Only comparisons with what does not depend on the row are
/// looked at; casts that keep the order are looked through.
package indirect enum ScanPredicate: Sendable, Hashable {
    /// A column by its index in the table's definition, and the type as which it is compared.
    package struct Operand: Sendable, Hashable {
        package let column: Int
        package let stored: ValueType
        package let compared: ValueType
    }

    package enum Comparison: Sendable, Hashable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    }

    /// With an expression without columns, of the compared type.
    case comparison(Operand, Comparison, BoundExpression)
    case isNull(Int)
    case isNotNull(Int)
    /// True when all of these are; of none it says nothing.
    case all([ScanPredicate])
    case any([ScanPredicate])

    /// What a filter says of a table's columns; nil when that is nothing.
    ///
    /// - Parameter columns: the table's column that each of the filter's columns is.
    package init?(_ filter: BoundExpression, columns: [Int]) {
        guard let found = Self.derive(filter.mappingColumns { columns[$0] }) else { return nil }
        self = found
    }

    /// The columns that it asks about, ascending and each once.
    package var columns: [Int] {
        switch self {
        case .comparison(let operand, _, _): [operand.column]
        case .isNull(let column), .isNotNull(let column): [column]
        case .all(let parts), .any(let parts): Set(parts.flatMap(\.columns)).sorted()
        }
    }

    private static func derive(_ filter: BoundExpression) -> ScanPredicate? {
        switch filter.kind {
        case .constant, .parameter, .conditional: return nil
        case .column(let index):
            return filter.type == .boolean ? boolean(index, true, filter.position) : nil
        case .operation(let operation, let arguments):
            return derive(operation, arguments)
        }
    }

    private static func derive(_ operation: Operation, _ arguments: [BoundExpression])
        -> ScanPredicate?
    {
        switch operation {
        case .and:
            let parts = arguments.compactMap { derive($0) }
            // Even of one part: its negation is not the whole's.
            return parts.isEmpty ? nil : .all(parts)
        case .or:
            let parts = arguments.compactMap { derive($0) }
            return parts.count == arguments.count ? .any(parts) : nil
        case .not: return derive(arguments[0])?.negated
        // Where it is not true its argument may be NULL: its negation is not the argument's.
        case .isTrue: return derive(arguments[0]).map { .all([$0]) }
        case .isFalse: return derive(arguments[0])?.negated.map { .all([$0]) }
        case .isNull: return arguments[0].plainColumn.map { .isNull($0) }
        case .isNotNull: return arguments[0].plainColumn.map { .isNotNull($0) }
        case .between:
            let parts = [
                compare(.greaterOrEqual, arguments[0], arguments[1]),
                compare(.lessOrEqual, arguments[0], arguments[2]),
            ].compactMap(\.self)
            return parts.isEmpty ? nil : .all(parts)
        case .inList:
            let parts = arguments.dropFirst().map { compare(.equal, arguments[0], $0) }
            let known = parts.compactMap(\.self)
            return known.count == parts.count && !known.isEmpty ? .any(known) : nil
        default:
            guard let comparison = Comparison(operation), arguments.count == 2 else { return nil }
            return compare(comparison, arguments[0], arguments[1])
                ?? compare(comparison.mirrored, arguments[1], arguments[0])
        }
    }

    private static func compare(
        _ comparison: Comparison, _ left: BoundExpression, _ right: BoundExpression
    ) -> ScanPredicate? {
        guard let operand = Operand(left), right.isFixed else { return nil }
        return .comparison(operand, comparison, right)
    }

    private static func boolean(_ column: Int, _ flag: Bool, _ position: Int) -> ScanPredicate {
        .comparison(
            Operand(column: column, stored: .boolean, compared: .boolean), .equal,
            BoundExpression(.constant(.boolean(flag)), .boolean, position: position))
    }

    /// What is true where this is false. NULL is neither, on both sides.
    private var negated: ScanPredicate? {
        switch self {
        case .comparison(let operand, let comparison, let value):
            return .comparison(operand, comparison.negated, value)
        case .isNull(let column): return .isNotNull(column)
        case .isNotNull(let column): return .isNull(column)
        // What `all` left out would be missing in the negation: that would be true of too few rows.
        case .all: return nil
        case .any(let parts):
            let negated = parts.compactMap(\.negated)
            return negated.isEmpty ? nil : .all(negated)
        }
    }
}

extension ScanPredicate.Operand {
    /// The column that an expression is, directly or through casts that keep the order.
    fileprivate init?(_ expression: BoundExpression) {
        switch expression.kind {
        case .column(let index):
            self.init(column: index, stored: expression.type, compared: expression.type)
        case .operation(.cast, let arguments):
            guard let below = Self(arguments[0]), below.stored == below.compared,
                below.stored.keepsOrder(as: expression.type)
            else { return nil }
            self.init(column: below.column, stored: below.stored, compared: expression.type)
        case .constant, .parameter, .operation, .conditional: return nil
        }
    }
}

extension ScanPredicate.Comparison {
    fileprivate init?(_ operation: Operation) {
        switch operation {
        // IS [NOT] DISTINCT FROM means another thing of NULL, and a parameter may be NULL.
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        default: return nil
        }
    }

    /// The comparison with its sides exchanged.
    fileprivate var mirrored: Self {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }

    fileprivate var negated: Self {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }
}

extension BoundExpression {
    fileprivate var plainColumn: Int? {
        if case .column(let index) = kind { return index }
        return nil
    }

    /// Whether it is the same for all rows, and may be computed once more without anyone noticing.
    fileprivate var isFixed: Bool {
        switch kind {
        case .constant, .parameter: true
        case .column, .operation(.call, _): false
        case .operation, .conditional: children.allSatisfy { $0.isFixed }
        }
    }
}

extension ValueType {
    /// Whether casting never puts two values into the opposite order.
    fileprivate func keepsOrder(as type: ValueType) -> Bool {
        switch (self, type) {
        case (.byte, .short), (.byte, .int), (.byte, .long), (.short, .int), (.short, .long),
            (.int, .long):
            true
        case (.byte, .decimal), (.short, .decimal), (.int, .decimal), (.long, .decimal),
            (.decimal, .decimal):
            true
        case (.byte, .double), (.short, .double), (.int, .double), (.long, .double),
            (.float, .double), (.decimal, .double):
            true
        case (.date, .timestamp), (.date, .timestampNanos), (.timestamp, .timestampNanos): true
        case (.symbol, .varchar), (.char, .varchar): true
        default: false
        }
    }
}
