/// Reads the lines of a request head.
extension RequestHead {
    /// - Parameter lines: the request line and the headers, without line ends.
    init(lines: [ArraySlice<UInt8>]) throws(HTTPFailure) {
        guard let first = lines.first else { throw HTTPFailure(.badRequest, "empty request") }
        let line = try RequestLine(first)
        var headers: [HTTPHeader] = []
        for line in lines.dropFirst() {
            guard headers.count < HTTPLimits.headers else {
                throw HTTPFailure(.headersTooLarge, "too many headers")
            }
            headers.append(try Self.header(line))
        }
        let query = line.target.firstIndex(of: UInt8(ascii: "?")) ?? line.target.endIndex
        method = String(decoding: line.method, as: UTF8.self)
        target = String(decoding: line.target, as: UTF8.self)
        path = try PercentCoding.decode(Self.path(line.target[..<query]), plusIsSpace: false)
        parameters = try PercentCoding.parameters(line.target[query...].dropFirst())
        self.headers = headers
        minorVersion = line.minorVersion
        framing = try Self.framing(headers, minorVersion: line.minorVersion)
        keepsAlive = Self.keepsAlive(headers, minorVersion: line.minorVersion)
        let expectations = Self.values("expect", headers)
        guard expectations.allSatisfy({ $0.lowercased() == "100-continue" }) else {
            throw HTTPFailure(.expectationFailed, "unknown expectation")
        }
        expectsContinue = !expectations.isEmpty && line.minorVersion >= 1 && framing != .none
        guard minorVersion == 0 || Self.values("host", headers).count == 1 else {
            throw HTTPFailure(.badRequest, "request without exactly one Host header")
        }
    }

    /// Leaves the scheme and the host of an absolute target out.
    private static func path(_ target: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        for scheme in ["http://", "https://"] where target.starts(with: scheme.utf8) {
            let rest = target.dropFirst(scheme.utf8.count)
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return [0x2f] }
            return rest[slash...]
        }
        return target
    }

    static func header(_ line: ArraySlice<UInt8>) throws(HTTPFailure) -> HTTPHeader {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
            RequestLine.isToken(line[..<colon])
        else { throw HTTPFailure(.badRequest, "malformed header") }
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var value = line[(colon + 1)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
            throw HTTPFailure(.badRequest, "control character in a header")
        }
        return HTTPHeader(
            String(decoding: line[..<colon], as: UTF8.self),
            String(decoding: value, as: UTF8.self))
    }

    private static func values(_ name: String, _ headers: [HTTPHeader]) -> [String] {
        headers.filter { $0.name.lowercased() == name }.map(\.value)
    }

    private static func framing(
        _ headers: [HTTPHeader], minorVersion: Int
    ) throws(HTTPFailure) -> BodyFraming {
        let lengths = values("content-length", headers)
        let codings = values("transfer-encoding", headers)
        if !codings.isEmpty {
            guard lengths.isEmpty, minorVersion >= 1 else {
                throw HTTPFailure(.badRequest, "body with two lengths")
            }
            guard codings.count == 1, codings[0].lowercased() == "chunked" else {
                throw HTTPFailure(.notImplemented, "unknown transfer encoding")
            }
            return .chunked
        }
        guard let first = lengths.first else { return .none }
        guard lengths.allSatisfy({ $0 == first }), !first.isEmpty,
            first.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { throw HTTPFailure(.badRequest, "malformed content length") }
        guard let length = Int(first) else {
            throw HTTPFailure(.contentTooLarge, "body too large")
        }
        return length == 0 ? .none : .length(length)
    }

    private static func keepsAlive(_ headers: [HTTPHeader], minorVersion: Int) -> Bool {
        let options = values("connection", headers).flatMap { value in
            value.lowercased().split(separator: ",").map { option in
                String(option.drop { $0 == " " }.prefix { $0 != " " })
            }
        }
        if options.contains("close") { return false }
        return minorVersion >= 1 || options.contains("keep-alive")
    }
}

/// The three parts of a request's first line.
struct RequestLine {
    let method: ArraySlice<UInt8>
    let target: ArraySlice<UInt8>
    let minorVersion: Int

    init(_ line: ArraySlice<UInt8>) throws(HTTPFailure) {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, Self.isToken(parts[0]),
            parts[0].count <= HTTPLimits.methodBytes
        else { throw HTTPFailure(.badRequest, "malformed request line") }
        guard parts[1].count <= HTTPLimits.targetBytes else {
            throw HTTPFailure(.targetTooLong, "request target too long")
        }
        guard !parts[1].isEmpty, parts[1].allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw HTTPFailure(.badRequest, "malformed request target")
        }
        let version = parts[2]
        guard version.starts(with: "HTTP/".utf8), version.count == 8 else {
            throw HTTPFailure(.badRequest, "malformed request line")
        }
        switch version.last {
        case UInt8(ascii: "0") where version.starts(with: "HTTP/1.".utf8): minorVersion = 0
        case UInt8(ascii: "1") where version.starts(with: "HTTP/1.".utf8): minorVersion = 1
        default: throw HTTPFailure(.versionNotSupported, "only HTTP/1.0 and HTTP/1.1 are spoken")
        }
        method = parts[0]
        target = parts[1]
    }

    /// Tells whether bytes are a token as RFC 9110 says: a name without blanks or separators.
    static func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e, 0x5f, 0x60, 0x7c, 0x7e: true
                default: false
                }
            }
    }
}
