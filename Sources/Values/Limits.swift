/// What a value may hold.
enum Limits {
    /// Dimensions of an array: PostgreSQL's limit, which drivers know.
    static let arrayDimensions = 6
    /// Elements of one array: 32 MiB of doubles, so that one cell cannot fill a batch's offsets.
    static let arrayElements = 1 << 22
    /// Digits of a number's text that are looked at; more is no number anybody wrote.
    static let numberDigits = 1_000
}
