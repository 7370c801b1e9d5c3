/// The bounds of this room, each with its unit and reason.
enum Limits {
    /// Bytes of one record: what must be held to see its end.
    static let recordBytes = 64 << 20
    /// Bytes of one chunk: offsets of cells have 30 bits.
    static let chunkBytes = 1 << 30
    /// Rows whose cells are found before they are read: few enough to stay in the cache.
    static let blockRows = 2_048
    /// Cells found at a time, for tables with many columns.
    static let blockCells = 65_536
    /// Columns of a binary row, as PostgreSQL's 16-bit count allows.
    static let columns = 32_767
    /// Records from which types are guessed.
    static let guessedRecords = 10_000
    /// Bytes of a value shown in an error.
    static let shownBytes = 100
}
