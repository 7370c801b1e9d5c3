import Bytes

/// One header of a request or response.
package struct HTTPHeader: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One name and value of a query string or form, decoded.
package struct QueryParameter: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// How a request's body is cut out of the stream.
package enum BodyFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
}

/// A request without its body.
package struct RequestHead: Sendable, Equatable {
    package let method: String
    /// As sent, such as `/exec?query=select%201`.
    package let target: String
    /// Decoded, without the query string.
    package let path: String
    package let parameters: [QueryParameter]
    package let headers: [HTTPHeader]
    /// The digit behind `HTTP/1.`.
    package let minorVersion: Int
    package let framing: BodyFraming
    /// Whether another request may follow on the connection.
    package let keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    package let expectsContinue: Bool

    /// Returns the first header of a name, whatever its case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// Returns the first parameter of a name.
    package func parameter(_ name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// Tells whether a parameter says `true`.
    package func isSet(_ name: String) -> Bool { parameter(name)?.lowercased() == "true" }

    /// The credentials of `Authorization: Basic`, or nil when there are none that can be read.
    package var basicCredentials: (user: String, password: String)? {
        guard let encoded = credentials(scheme: "basic"),
            let bytes = Base64.decode(encoded.utf8),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: bytes[..<colon], as: UTF8.self),
            let password = String(validating: bytes[(colon + 1)...], as: UTF8.self)
        else { return nil }
        return (user, password)
    }

    /// The token of `Authorization: Bearer`, or nil.
    package var bearerToken: String? { credentials(scheme: "bearer") }

    private func credentials(scheme: String) -> String? {
        guard let value = header("authorization") else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == scheme else { return nil }
        return String(parts[1])
    }
}
