import CPlatform
import Diagnostics
import Glibc

/// What a command does with its own process.
package enum Process {
    /// The directory relative paths start from; `/` when it has been removed.
    package static var workingDirectory: String {
        var bytes = [CChar](repeating: 0, count: Limits.pathBytes)
        // SAFETY: getcwd writes at most the length it is given, ending with a zero.
        guard unsafe getcwd(&bytes, bytes.count) != nil else { return "/" }
        return String(
            decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Lets the process open as many files as the administrator allows: what a shell or a cron job
    /// begins with is meant for small programs. Where it cannot be raised, it stays.
    package static func raiseFileLimit() { _ = basalt_raise_file_limit() }

    /// Writes a line for people to the standard error.
    package static func printError(_ line: String) { writeError(line.inOneLine + "\n") }

    /// Whether people see the standard error on a terminal.
    package static var isErrorTerminal: Bool { isatty(2) == 1 }

    /// Writes to the standard error as it is.
    package static func writeError(_ text: String) {
        let bytes = Array(text.utf8)
        // SAFETY: the array outlives the call. A closed terminal is nobody's business here.
        _ = unsafe Glibc.write(2, bytes, bytes.count)
    }

    /// Ends the process without unwinding; what was printed goes out first.
    package static func exit(_ code: Int32) -> Never {
        fflush(nil)
        Glibc._exit(code)
    }
}
