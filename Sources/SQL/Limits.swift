/// What one text may cost, so that hostile input ends in an error.
package enum Limits {
    /// Bytes of a geohash literal: sixty bits and their number.
    static let geohashBytes = 80
    /// Bytes of one text, all its statements together. Large enough for a multi-row INSERT of a
    /// driver; bulk data comes through COPY.
    package static let statementBytes = 16 << 20
    /// How deep parentheses, subqueries and other nesting may go. A level such as `f(a = …` takes 45
    /// KB of stack in a debug build: this many stay well below the 8 MiB of a thread.
    package static let nesting = 100
    /// Levels of an expression's tree, which also bounds chains such as `a + b + c …`. Walking
    /// such a tree recursively is safe. Chains of AND and OR are balanced and hardly count.
    package static let expressionDepth = 500
    /// Parameters of the wire protocol are counted in 16 bits.
    package static let parameters = 65_535
    /// Bytes of a name, as everywhere in Basalt.
    package static let nameBytes = 255
    /// Workers a statement may ask for with PARALLEL n; more than any machine we know has cores.
    package static let parallelWorkers = 1_024
    /// Digits of a second that TIMESTAMP(p) can keep: microseconds are what there is.
    static let secondDigits = 6
}
