import Diagnostics

extension DatabaseError {
    static func unknownCopyOption(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "option \"\(name)\" not recognized",
            hint: "Known are FORMAT, HEADER, DELIMITER, NULL, QUOTE, ESCAPE and ENCODING.",
            position: position)
    }

    static func repeatedCopyOption(at position: Int) -> DatabaseError {
        DatabaseError(.syntaxError, "conflicting or redundant options", position: position)
    }

    static func copyFormat(_ name: String, at position: Int?) -> DatabaseError {
        DatabaseError(
            .invalidParameter, "COPY format \"\(name)\" not recognized",
            hint: "Known are csv, text and binary.", position: position)
    }

    static func copyOptionInBinary(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "cannot specify \(name.uppercased()) in BINARY mode", position: position)
    }

    static func copyOptionNeedsValue(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "COPY option needs a value \"\(name)\"", position: position)
    }

    static func copyOptionNeedsByte(_ name: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .featureNotSupported, "COPY \(name.lowercased()) must be a single one-byte character",
            position: position)
    }

    static func copyHeader(at position: Int) -> DatabaseError {
        DatabaseError(
            .syntaxError, "header requires a Boolean value or \"match\"", position: position)
    }

    static func outsideImport(_ path: String, _ directory: String, at position: Int)
        -> DatabaseError
    {
        DatabaseError(
            .insufficientPrivilege, "permission denied for file \"\(path)\"",
            hint: "COPY reads files below \(directory); links are not followed. "
                + "For files of the client use \\copy or COPY FROM STDIN.",
            position: position)
    }

    static func missingImport(_ path: String, at position: Int) -> DatabaseError {
        DatabaseError(
            .missingFile, "could not open file for reading \"\(path)\"", position: position)
    }
}
