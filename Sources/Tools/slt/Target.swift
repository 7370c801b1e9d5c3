/// Where the records of a file run: the engine in this process, or any server over the wire.
protocol Target: AnyObject {
    /// Runs one statement on a named connection, which is opened when it is new.
    func run(_ sql: String, on connection: String) -> Answer
    func restart() throws
    func crash() throws
    /// Tells whether `require NAME` holds.
    func offers(_ feature: String) -> Bool
    func close()
}

/// What a statement gave.
enum Answer: Equatable {
    /// Rows as text; nil is NULL.
    case rows([[String?]])
    /// A command tag such as `INSERT 0 2`.
    case command(String)
    case failure(state: String, message: String)
}
