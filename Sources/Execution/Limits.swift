/// What running a query may cost.
package enum Limits {
    /// Rows read from a run at a time: a few vectors of this length fit a core's second cache.
    package static let batchRows = 8192
    /// Rows of a batch that carries no column and is only counted.
    static let countedRows = 1 << 24
    /// Bytes one query may gather when no setting says otherwise.
    package static let memoryBytes = 512 << 20
    /// A top-N sort throws away what cannot come first whenever it holds this many rows.
    static let topRows = 65_536
    /// Bytes of the strings that an UPDATE makes for one column of one segment: with the old ones
    /// they are reached by offsets of 4 bytes.
    static let columnHeapBytes = 1 << 31
    /// Rows that a merge of overlapping sources gives at first: often a few are all that is wanted.
    static let firstMergedRows = 1_024
    /// Rows that it gives at a time later on: dictionaries are put together once for each batch.
    static let mergedRows = 65_536
    /// Pairs of rows that a join puts together at a time; one row of the left side may have more.
    static let joinPairs = 65_536
    /// Comparisons of a sort between two looks at whether the query was cancelled.
    static let comparisons = 65_536
    /// Bytes of one value that an expression makes: PostgreSQL's.
    static let valueBytes = 0x3fff_ffff
    /// Bytes of the strings that an expression makes for one batch: offsets have 4 bytes.
    static let batchHeapBytes = 1 << 31
    /// Work of expressions, about one for each byte, between two looks at whether the statement was
    /// cancelled.
    static let workUnits = 1 << 18
    /// Bytes of one string that are searched or mapped before they are counted as work: the mask of
    /// a power of two.
    static let searchMask = 0xffff
}
