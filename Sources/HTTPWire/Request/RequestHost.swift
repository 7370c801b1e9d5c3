/// By what name or address a client has reached the server: its `Host` header without the port.
package struct RequestHost: Sendable, Equatable {
    /// In small letters, without a point at the end; an IPv6 address in its brackets.
    package let name: String

    /// Takes a header's value.
    package init(_ header: String) {
        var text = Substring(header.lowercased())
        // An IPv6 address has colons of its own, but stands in brackets.
        let end = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[end...].firstIndex(of: ":") { text = text[..<colon] }
        if text.hasSuffix(".") { text.removeLast() }
        name = String(text)
    }

    /// Whether it is an address or localhost. Those come from no name server, so nobody else can make
    /// them mean this server: a page's own name, which can, is neither.
    package var isLocal: Bool {
        name == "localhost" || name.hasSuffix(".localhost") || isIPv4 || isIPv6
    }

    /// Whether it is one of some names; those may have ports, which do not count.
    package func isAmong(_ names: [String]) -> Bool {
        names.contains { !$0.isEmpty && RequestHost($0).name == name }
    }

    private var isIPv4: Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { (48...57) ~= $0 } && UInt8(part) != nil
            }
    }

    private var isIPv6: Bool {
        guard name.hasPrefix("["), name.hasSuffix("]") else { return false }
        let inner = name.dropFirst().dropLast().utf8
        return inner.contains(UInt8(ascii: ":"))
            && inner.allSatisfy { byte in
                (48...57) ~= byte || (97...102) ~= byte || byte == UInt8(ascii: ":")
                    || byte == UInt8(ascii: ".")
            }
    }
}
