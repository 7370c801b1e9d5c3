/// Decodes what URLs and forms encode.
package enum PercentCoding {
    /// Decodes `%xx` and, in query strings and forms, `+` as a space.
    ///
    /// - Throws: 400 for a `%` without two hexadecimal digits and for bytes that are not UTF-8.
    package static func decode(
        _ text: some Sequence<UInt8>, plusIsSpace: Bool
    ) throws(HTTPFailure) -> String {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next().flatMap(digit),
                    let low = iterator.next().flatMap(digit)
                else { throw HTTPFailure(.badRequest, "malformed percent encoding") }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw HTTPFailure(.badRequest, "Bad UTF8 encoding in query text")
        }
        return decoded
    }

    /// Reads `a=1&b=2`: a query string, or a body of `application/x-www-form-urlencoded`.
    ///
    /// - Throws: 400 when it cannot be decoded or holds too many parameters.
    package static func parameters(
        _ text: some Collection<UInt8>
    ) throws(HTTPFailure) -> [QueryParameter] {
        var parameters: [QueryParameter] = []
        for part in text.split(separator: UInt8(ascii: "&")) {
            guard parameters.count < HTTPLimits.parameters else {
                throw HTTPFailure(.badRequest, "too many parameters")
            }
            let end = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let name = try decode(part[..<end], plusIsSpace: true)
            let value = try decode(part[end...].dropFirst(), plusIsSpace: true)
            parameters.append(QueryParameter(name, value))
        }
        return parameters
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
