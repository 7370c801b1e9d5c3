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
}
