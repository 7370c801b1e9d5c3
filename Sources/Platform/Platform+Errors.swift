package import Diagnostics

extension DatabaseError {
    static func lengthMismatch(path: String, expected: Int, found: Int) -> DatabaseError {
        DatabaseError(
            .inputOutput,
            "cannot publish file, expected \(expected) bytes and found \(found) \"\(path)\"",
            hint: "The disk may be failing; look at the kernel's log.")
    }

    package static func unreadablePage(_ path: String) -> DatabaseError {
        DatabaseError(
            .inputOutput, "cannot read a page of mapped file \"\(path)\"",
            detail: "The file was cut, or its disk does not answer.",
            hint: "Look at the kernel's log; RESTORE the partition if the file is damaged.")
    }

    static func fileTooLong(path: String, size: Int, limit: Int) -> DatabaseError {
        DatabaseError(
            .corrupted, "file of \(size) bytes is above its limit of \(limit) bytes \"\(path)\"",
            damagedPath: path)
    }

    /// A simulated machine lost its power; the caller's process does not exist any more.
    static func machineIsDown(_ call: FileCall, _ path: String) -> DatabaseError {
        DatabaseError(
            .inputOutput, "simulated machine has lost its power \"\(path)\"",
            cause: DatabaseError.Cause(
                call: call.rawValue, path: path, errorNumber: ErrorNumber.stale))
    }
}

extension DatabaseError {
    /// A call on a file failed: the one place where errno becomes a state.
    ///
    /// - Parameter target: the second name of a rename or link.
    package static func fileCall(
        _ call: FileCall, _ path: String, to target: String? = nil, _ errorNumber: Int32
    ) -> DatabaseError {
        let (state, hint) = meaning(of: errorNumber)
        return DatabaseError(
            state,
            "cannot \(call.attempt)\(target.map { " to \"\($0)\"" } ?? ""), "
                + "\(ErrorNumber.text(errorNumber)) \"\(path)\"",
            hint: hint,
            cause: Cause(call: call.rawValue, path: path, errorNumber: errorNumber))
    }

    private static func meaning(of errorNumber: Int32) -> (SQLState, hint: String?) {
        switch errorNumber {
        case ErrorNumber.noSpace, ErrorNumber.quotaExceeded:
            (.diskFull, "Free some space on the file system, or raise the quota.")
        case ErrorNumber.accessDenied, ErrorNumber.notPermitted:
            (
                .inputOutput,
                "The server runs with uid \(Machine.userID); "
                    + "look at owner and permissions of the path and of the directories above it."
            )
        case ErrorNumber.readOnly:
            (.inputOutput, "The file system is mounted read-only.")
        case ErrorNumber.noEntry: (.missingFile, nil)
        case ErrorNumber.exists: (.existingFile, nil)
        case ErrorNumber.tooManyOpen, ErrorNumber.fileTableFull:
            (.inputOutput, "Raise the limit of open files (ulimit -n, LimitNOFILE).")
        default: (.inputOutput, nil)
        }
    }

    /// A pipe, a device or a directory lies where a file is due.
    static func notAFile(_ path: String) -> DatabaseError {
        DatabaseError(
            .corrupted, "not a regular file \"\(path)\"",
            hint: "Something else was put in its place; look at the path with `ls -l`.",
            damagedPath: path)
    }

    /// Someone else holds the lock of a root or of a destination.
    static func lockHeld(path: String, processID: Int?, errorNumber: Int32) -> DatabaseError {
        let holder = processID.map { "process \($0)" } ?? "another process"
        return DatabaseError(
            .inUse, "root is in use by \(holder) \"\(path)\"",
            hint: "Only one server may have a root open. Stop the other one, or use another root.",
            cause: Cause(call: FileCall.lock.rawValue, path: path, errorNumber: errorNumber))
    }
}
