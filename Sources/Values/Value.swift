/// One value of any type: for literals, statistics and the edges. Rows travel as `ColumnVector`s.
package enum Value: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// BYTE, SHORT, INT and LONG.
    case integer(Int64)
    /// FLOAT and DOUBLE.
    case double(Double)
    /// Milliseconds since 1970.
    case date(Int64)
    /// Microseconds since 1970.
    case timestamp(Int64)
    /// SYMBOL and VARCHAR.
    case string(String)
    case binary([UInt8])
    case uuid(UInt64, UInt64)
}
