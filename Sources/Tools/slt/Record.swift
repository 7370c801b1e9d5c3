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
        /// The rest of the file is passed over when the target cannot do this.
        case require(String)
        case halt
    }

    enum Expectation: Equatable {
        case ok
        case count(Int)
        /// The SQLSTATE and words that the message must contain.
        case error(state: String, words: String)
    }

    /// What the target must offer, or must not, for one record to run.
    struct Condition: Equatable {
        let feature: String
        let isWanted: Bool
    }

    let kind: Kind
    let sql: String
    /// What a query answers: one line per row, tabs between columns.
    let expected: [String]
    /// The line of the file the record begins on, from one.
    let line: Int
    /// The lines after the SQL that `--complete` writes anew: the range of the answer.
    let answer: Range<Int>
    /// From `onlyif` and `skipif` lines in front of the record; all must hold.
    var conditions: [Condition] = []
}

/// A file that is not what golden SQL files are.
struct RecordFailure: Error, Equatable {
    let line: Int
    let message: String
}
