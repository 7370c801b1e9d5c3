package import Diagnostics

/// What stands in parentheses behind the type of a column and holds for its values, though it is no
/// part of their type.
package enum TypeModifier: Sendable, Hashable {
    case length(TextLength)
    case precision(TimePrecision)

    /// The name of the type in DDL.
    package var name: String {
        switch self {
        case .length(let length): length.name
        case .precision(let precision): precision.name
        }
    }

    package var textLength: TextLength? {
        if case .length(let length) = self { return length }
        return nil
    }

    package var timePrecision: TimePrecision? {
        if case .precision(let precision) = self { return precision }
        return nil
    }

    /// Whether it can stand behind a type.
    package func suits(_ type: ValueType) -> Bool {
        switch self {
        case .length: type == .varchar
        case .precision: type == .timestamp
        }
    }

    /// Whether every value that `other` allows is allowed and stays as it is; nil allows all.
    package func takesAll(of other: TypeModifier?) -> Bool {
        switch self {
        case .length(let length): length.takesAll(of: other?.textLength)
        case .precision(let precision):
            precision.digits >= other?.timePrecision?.digits ?? TimePrecision.most
        }
    }

    /// Gives a value as a column holds it.
    ///
    /// - Throws: 22001 for a string that is too long, unless `isCast`.
    package func fit(_ value: Value, isCast: Bool) throws(DatabaseError) -> Value {
        switch (self, value) {
        case (.length(let length), .string(let text)):
            .string(try length.fit(text, isCast: isCast))
        case (.precision(let precision), .timestamp(let time)):
            .timestamp(precision.round(time))
        default: value
        }
    }

    /// - Throws: 22001 for a string and 22008 for a time that is no value of such a column as it is.
    package func check(_ value: Value) throws(DatabaseError) {
        if try fit(value, isCast: false) == value { return }
        switch self {
        case .length(let length):
            throw DatabaseError(
                .stringTooLong, "value too long for type \(length.postgresName)")
        case .precision(let precision):
            throw DatabaseError(
                .datetimeOverflow,
                "value has more digits of a second than type \(precision.postgresName)")
        }
    }
}
