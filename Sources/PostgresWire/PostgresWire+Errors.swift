package import Diagnostics

extension DatabaseError {
    /// A message whose content contradicts itself; the session goes on.
    static func malformedMessage(_ what: String) -> DatabaseError {
        DatabaseError(.protocolViolation, "invalid message format: \(what)")
    }

    static func wrongPhase(_ what: String) -> DatabaseError {
        DatabaseError(.protocolViolation, "message not expected now: \(what)")
    }

    static func unknownMessageType(_ type: UInt8) -> DatabaseError {
        DatabaseError(.protocolViolation, "invalid frontend message type \(type)")
    }

    static func badMessageLength(_ length: Int) -> DatabaseError {
        DatabaseError(.protocolViolation, "invalid message length \(length)")
    }

    static func badStartupLength(_ length: Int) -> DatabaseError {
        DatabaseError(.protocolViolation, "invalid length of startup packet \(length)")
    }

    static func unsupportedProtocol(major: Int, minor: Int) -> DatabaseError {
        DatabaseError(
            .featureNotSupported,
            "unsupported frontend protocol \(major).\(minor): server supports 3.0")
    }

    static func plaintextBehindEncryptionRequest() -> DatabaseError {
        DatabaseError(
            .protocolViolation, "received unencrypted data after an encryption request",
            detail: "This could be a client fault or an attempt to smuggle in statements.")
    }

    static func encryptionRequired() -> DatabaseError {
        DatabaseError(.invalidAuthorization, "this server accepts encrypted connections only")
    }

    static func missingUser() -> DatabaseError {
        DatabaseError(
            .invalidAuthorization, "no PostgreSQL user name specified in startup packet")
    }

    static func replicationRefused() -> DatabaseError {
        DatabaseError(.featureNotSupported, "replication connections are not supported")
    }

    static func textNotUTF8() -> DatabaseError {
        DatabaseError(.badEncoding, "invalid byte sequence for encoding \"UTF8\"")
    }

    /// The one answer for a wrong password and for a user that does not exist.
    package static func passwordFailed(user: String) -> DatabaseError {
        DatabaseError(.invalidPassword, "password authentication failed for user \"\(user)\"")
    }

    static func malformedScram(_ what: String) -> DatabaseError {
        DatabaseError(.protocolViolation, "malformed SCRAM message", detail: "The message \(what).")
    }

    static func duplicateStatement(_ name: String) -> DatabaseError {
        DatabaseError(.duplicateStatement, "prepared statement \"\(name)\" already exists")
    }

    static func undefinedStatement(_ name: String) -> DatabaseError {
        DatabaseError(
            .undefinedStatement,
            name.isEmpty
                ? "unnamed prepared statement does not exist"
                : "prepared statement \"\(name)\" does not exist")
    }

    static func duplicatePortal(_ name: String) -> DatabaseError {
        DatabaseError(.duplicateCursor, "cursor \"\(name)\" already exists")
    }

    static func undefinedPortal(_ name: String) -> DatabaseError {
        DatabaseError(.undefinedCursor, "portal \"\(name)\" does not exist")
    }

    static func tooManyStatements(limit: Int) -> DatabaseError {
        DatabaseError(.limitExceeded, "too many prepared statements, limit \(limit)")
    }

    static func tooManyPortals(limit: Int) -> DatabaseError {
        DatabaseError(.limitExceeded, "too many open portals, limit \(limit)")
    }

    static func functionCallRefused() -> DatabaseError {
        DatabaseError(.featureNotSupported, "the function call protocol is not supported")
    }
}
