/// Where the records of a file run: the engine in this process, or any server over the wire.
protocol Target: AnyObject {
    /// Runs one statement on a named connection, which is opened when it is new.
    func run(_ sql: String, on connection: String) -> Answer
    func restart() throws
    func crash() throws
    /// Tells whether `require NAME` holds: `restart`, `crash`, `backup`, `wire`, and the product's
    /// name, `basalt` or `postgresql`.
    func offers(_ feature: String) -> Bool
    /// Takes away what an earlier, broken-off run of the same file may have left.
    func prepare(for records: [Record])
    /// Ends the connections and takes away whatever the file made; says what could not be.
    func close() -> String?
}

/// What a statement gave.
enum Answer: Equatable {
    /// Rows as text; nil is NULL.
    case rows([[String?]])
    /// A command tag such as `INSERT 0 2`.
    case command(String)
    case failure(state: String, message: String)
}
