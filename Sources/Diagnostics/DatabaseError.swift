/// The one error type that crosses rooms.
///
/// It is built only by named factories in each room's `…+Errors.swift`, so that what can go wrong
/// there is a list one can read. `message` is lower case without a full stop and ends with the
/// values; `detail` and `hint` are full sentences.
package struct DatabaseError: Error, Sendable, Equatable {
    package let state: SQLState
    package let message: String
    package let detail: String?
    package let hint: String?
    /// Zero-based offset in characters (Unicode scalars) into the statement's text.
    package let position: Int?
    package let cause: Cause?
    /// The absolute path of the file or directory that is damaged, where one is: for those who act on
    /// it. People read it in the message.
    package let damagedPath: String?

    /// What lay beneath: the failed system call, so that callers may branch on its errno.
    package struct Cause: Sendable, Equatable {
        package let call: String
        package let path: String
        package let errorNumber: Int32

        package init(call: String, path: String, errorNumber: Int32) {
            self.call = call
            self.path = path
            self.errorNumber = errorNumber
        }
    }

    package init(
        _ state: SQLState, _ message: String, detail: String? = nil, hint: String? = nil,
        position: Int? = nil, cause: Cause? = nil, damagedPath: String? = nil
    ) {
        self.state = state
        self.message = message
        self.detail = detail
        self.hint = hint
        self.position = position
        self.cause = cause
        self.damagedPath = damagedPath
    }

    /// Returns the same error placed at an offset of the statement, unless it has a place already.
    package func at(_ position: Int?) -> DatabaseError {
        DatabaseError(
            state, message, detail: detail, hint: hint, position: self.position ?? position,
            cause: cause, damagedPath: damagedPath)
    }

    /// Returns the same error told with another detail and hint.
    package func with(detail: String?, hint: String?) -> DatabaseError {
        DatabaseError(
            state, message, detail: detail, hint: hint, position: position, cause: cause,
            damagedPath: damagedPath)
    }
}

extension DatabaseError: CustomStringConvertible {
    /// One line for logs and terminals: message, detail, hint, state.
    package var description: String {
        var line = message
        if let detail { line += "; \(detail)" }
        if let hint { line += "; \(hint)" }
        return "\(line) [\(state.code)]"
    }
}
