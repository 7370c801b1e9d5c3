import Diagnostics

extension DatabaseError {
    static func authenticationTimeout() -> DatabaseError {
        DatabaseError(.invalidAuthorization, "canceling authentication due to timeout")
    }

    static func tooManyConnections(limit: Int) -> DatabaseError {
        DatabaseError(
            .tooManyConnections, "too many connections, the limit is \(limit)",
            hint: "Close idle connections or put a connection pool in front.")
    }

    static func tooBusy() -> DatabaseError {
        DatabaseError(
            .limitExceeded, "the queue of the workers is full",
            hint: "Run fewer statements at once, or try again.")
    }

    static func shuttingDown() -> DatabaseError {
        DatabaseError(.shutdown, "terminating connection because the server is stopping")
    }

    static func multipleStatements() -> DatabaseError {
        DatabaseError(
            .syntaxError, "cannot insert multiple commands into a prepared statement",
            hint: "Send them one by one, or as one simple query.")
    }

    static func noSession(_ command: String) -> DatabaseError {
        DatabaseError(
            .featureNotSupported, "\(command) has no effect over HTTP",
            detail: "Each request is a session of its own and commits by itself.",
            hint: "Use a PostgreSQL client for transactions and settings of a session.",
            position: 0)
    }

    static func wrongParameterCount(expected: Int, found: Int) -> DatabaseError {
        DatabaseError(
            .protocolViolation,
            "bind message supplies \(found) parameters, but the statement requires \(expected)")
    }
}

extension DatabaseError {
    static func lostStatement() -> DatabaseError {
        DatabaseError(.internalError, "the statement of a known name is missing")
    }

    static func copyGivenUp(_ reason: String) -> DatabaseError {
        DatabaseError(.cancelled, "COPY from stdin failed: \(reason)")
    }

    static func clientGone() -> DatabaseError {
        DatabaseError(.connectionFailure, "unexpected EOF on client connection")
    }

    static func copyNeedsPostgres() -> DatabaseError {
        DatabaseError(
            .featureNotSupported, "COPY with STDIN or STDOUT over HTTP",
            hint: "Use the PostgreSQL protocol, or read the rows with a query.")
    }
}
