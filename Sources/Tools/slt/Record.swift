/// One record of a golden SQL file.
struct Record: Equatable {
    enum Kind: Equatable {
        case statement(Expectation)
        case query(types: String, isSorted: Bool)
        /// Closes the engine cleanly and opens it again on the same root.
        case restart
        /// Drops the engine without a word, as kill -9 does, and opens it again.
        case crash
        /// The records that follow run on the connection of this name.
        case connection(String)
        /// The file is passed over when the target cannot do this.
        case require(String)
        case halt
    }

    enum Expectation: Equatable {
        case ok
        case count(Int)
        /// The SQLSTATE and words that the message must contain.
        case error(state: String, words: String)
    }

    let kind: Kind
    let sql: String
    /// What a query answers: one line per row, tabs between columns.
    let expected: [String]
    /// The line of the file the record begins on, from one.
    let line: Int
    /// The lines after the SQL that `--complete` writes anew: the range of the answer.
    let answer: Range<Int>
}

/// A file that is not what golden SQL files are.
struct RecordFailure: Error, Equatable {
    let line: Int
    let message: String
}
