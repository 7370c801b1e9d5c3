import CPlatform
import Diagnostics

extension DatabaseError {
    /// Makes the error of a failed network call from its errno.
    static func network(_ call: String, _ subject: String, errorNumber: Int32) -> DatabaseError {
        // SAFETY: the C function returns a string constant that is never freed.
        let text = unsafe String(cString: cnet_error_text(errorNumber))
        return DatabaseError(
            .connectionFailure, "cannot \(call): \(text.lowercased()) \"\(subject)\"",
            cause: Cause(call: call, path: subject, errorNumber: errorNumber))
    }

    /// The address cannot be listened on: it stands in the configuration, so it is reported as such.
    static func cannotListen(_ address: String, errorNumber: Int32) -> DatabaseError {
        // SAFETY: the C function returns a string constant that is never freed.
        let text = unsafe String(cString: cnet_error_text(errorNumber))
        return DatabaseError(
            .configuration, "cannot listen: \(text.lowercased()) \"\(address)\"",
            hint: "Another process may hold the port; choose another with the bind.to keys.",
            cause: Cause(call: "bind", path: address, errorNumber: errorNumber))
    }

    static func slowReceiver(_ peer: String, queued: Int) -> DatabaseError {
        DatabaseError(
            .connectionFailure,
            "peer does not take what is sent to it, \(queued) bytes are queued \"\(peer)\"")
    }

    static func networkTimeout(_ call: String, _ peer: String) -> DatabaseError {
        DatabaseError(.connectionFailure, "cannot \(call): time is up \"\(peer)\"")
    }

    static func connectionClosed(_ peer: String) -> DatabaseError {
        DatabaseError(.connectionFailure, "peer closed the connection \"\(peer)\"")
    }
}
