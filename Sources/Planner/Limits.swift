/// What binding a statement may cost.
enum Limits {
    /// How deep `CASE operand WHEN` may stand in such an operand: it is computed once per branch,
    /// so the work grows with the branches to the power of this.
    static let operandCases = 4
    /// Columns of a table, as in Storage.
    static let columns = 4_096
    /// Columns of a result. The wire counts them in 16 bits, and some clients in 15: below that there is
    /// room for all columns of three of the widest tables that are joined. PostgreSQL has 1664.
    static let resultColumns = 3 * columns
    /// Constraints of a table, as in Storage.
    static let constraints = 1_024
}
