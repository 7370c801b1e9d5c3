// What rooms that may not import each other have to say in the same words.
extension DatabaseError {
    /// SQL that other databases have and we do not have yet.
    package static func notSupported(_ what: String, at position: Int?) -> DatabaseError {
        DatabaseError(.featureNotSupported, "\(what) is not supported", position: position)
    }

    /// Somebody asked for a statement's end.
    ///
    /// - Parameter detail: what became of its work.
    package static func statementCancelled(detail: String? = nil) -> DatabaseError {
        DatabaseError(.cancelled, "canceling statement due to user request", detail: detail)
    }
}
