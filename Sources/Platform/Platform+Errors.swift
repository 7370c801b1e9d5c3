import Diagnostics

extension DatabaseError {
    static func lengthMismatch(path: String, expected: Int, found: Int) -> DatabaseError {
        DatabaseError(
            .inputOutput,
            "cannot publish file, expected \(expected) bytes and found \(found) \"\(path)\"",
            hint: "The disk may be failing; look at the kernel's log.")
    }

    static func fileTooLong(path: String, size: Int, limit: Int) -> DatabaseError {
        DatabaseError(
            .corrupted, "file of \(size) bytes is above its limit of \(limit) bytes \"\(path)\"")
    }

    /// A simulated machine lost its power; the caller's process does not exist any more.
    static func machineIsDown(_ call: FileCall, _ path: String) -> DatabaseError {
        DatabaseError(
            .inputOutput, "simulated machine has lost its power \"\(path)\"",
            cause: DatabaseError.Cause(
                call: call.rawValue, path: path, errorNumber: ErrorNumber.stale))
    }
}
