/// Cuts a `multipart/form-data` body, as uploads of CSV come, into its parts, as a stream.
package struct MultipartParser: Sendable {
    package enum Event: Sendable, Equatable {
        /// A part begins. `filename` is nil for a plain field.
        case part(name: String, filename: String?)
        /// A piece of the part's content, never empty.
        case data([UInt8])
        case partEnd
        /// The last boundary was seen; what follows it is passed over.
        case end
    }

    private enum State: Sendable { case preamble, afterBoundary, headers, content, over }

    /// What ends a part: CR LF, two dashes, the boundary.
    private let delimiter: [UInt8]
    /// Begins with CR LF that was never sent, so that the first boundary looks like all others.
    private var buffer: [UInt8] = [0x0d, 0x0a]
    private var state = State.preamble

    package init(boundary: String) { delimiter = Array("\r\n--\(boundary)".utf8) }

    /// Returns a parser for a request's `Content-Type`, or nil when it is no form with parts.
    package init?(contentType: String) {
        let parts = contentType.split(separator: ";")
        guard parts.first?.lowercased() == "multipart/form-data",
            let boundary = MultipartParser.attribute("boundary", in: contentType),
            !boundary.isEmpty, boundary.utf8.count <= 70
        else { return nil }
        self.init(boundary: boundary)
    }

    package var isComplete: Bool { state == .over }

    /// Takes a piece of the body.
    ///
    /// - Throws: 400 for a body out of shape.
    package mutating func receive(_ bytes: some Collection<UInt8>) throws(HTTPFailure) -> [Event] {
        if state == .over { return [] }
        buffer.append(contentsOf: bytes)
        var events: [Event] = []
        while try step(&events) {}
        return events
    }

    private mutating func step(_ events: inout [Event]) throws(HTTPFailure) -> Bool {
        switch state {
        case .preamble, .content: return passContent(&events)
        case .afterBoundary: return try readBoundaryEnd(&events)
        case .headers: return try readHeaders(&events)
        case .over: return false
        }
    }

    /// Hands out content up to the next delimiter, keeping back what may be the start of one.
    private mutating func passContent(_ events: inout [Event]) -> Bool {
        let found = delimiterStart()
        let end = found ?? buffer.count - heldBack()
        if state == .content, end > 0 { events.append(.data(Array(buffer[..<end]))) }
        buffer.removeSubrange(..<end)
        guard found != nil else { return false }
        buffer.removeSubrange(..<delimiter.count)
        if state == .content { events.append(.partEnd) }
        state = .afterBoundary
        return true
    }

    private func delimiterStart() -> Int? {
        var offset = 0
        while let found = buffer[offset...].firstIndex(of: 0x0d) {
            if buffer.count - found < delimiter.count { return nil }
            if buffer[found..<found + delimiter.count].elementsEqual(delimiter) { return found }
            offset = found + 1
        }
        return nil
    }

    /// Returns how many bytes at the end could begin a delimiter.
    private func heldBack() -> Int {
        let tail = buffer.suffix(delimiter.count - 1)
        var offset = tail.startIndex
        while let found = tail[offset...].firstIndex(of: 0x0d) {
            if delimiter.starts(with: tail[found...]) { return tail.endIndex - found }
            offset = found + 1
        }
        return 0
    }

    private mutating func readBoundaryEnd(_ events: inout [Event]) throws(HTTPFailure) -> Bool {
        guard buffer.count >= 2 else { return false }
        switch (buffer[0], buffer[1]) {
        case (0x0d, 0x0a):
            // The CR LF stays: a part without headers has its empty line at once.
            state = .headers
        case (0x2d, 0x2d):
            state = .over
            buffer = []
            events.append(.end)
        default: throw HTTPFailure(.badRequest, "malformed boundary")
        }
        return true
    }

    private mutating func readHeaders(_ events: inout [Event]) throws(HTTPFailure) -> Bool {
        let window = buffer.prefix(HTTPLimits.partHeaderBytes)
        guard let end = Self.emptyLine(window) else {
            guard window.count < HTTPLimits.partHeaderBytes else {
                throw HTTPFailure(.badRequest, "headers of a part too large")
            }
            return false
        }
        var name = ""
        var filename: String?
        for var line in window[..<end].split(separator: 0x0a) {
            if line.last == 0x0d { line.removeLast() }
            if line.isEmpty { continue }
            let header = try RequestHead.header(line)
            guard header.name.lowercased() == "content-disposition" else { continue }
            name = Self.attribute("name", in: header.value) ?? ""
            filename = Self.attribute("filename", in: header.value)
        }
        buffer.removeSubrange(..<(end + 4))
        state = .content
        // Content may be empty: then its delimiter's CR LF must still be there to be found.
        events.append(.part(name: name, filename: filename))
        return true
    }

    private static func emptyLine(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for offset in bytes.startIndex...bytes.endIndex - 4
        where bytes[offset] == 0x0d
            && bytes[offset..<offset + 4].elementsEqual([0x0d, 0x0a, 0x0d, 0x0a])
        {
            return offset
        }
        return nil
    }

    /// Returns `name="value"` or `name=value` behind a semicolon.
    private static func attribute(_ wanted: String, in text: String) -> String? {
        var rest = text.utf8.drop { $0 != UInt8(ascii: ";") }
        while let first = rest.first, first == UInt8(ascii: ";") {
            rest = rest.dropFirst().drop { $0 == 0x20 || $0 == 0x09 }
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
            rest = rest.dropFirst(name.count)
            var value: [UInt8] = []
            if rest.first == UInt8(ascii: "=") { rest = rest.dropFirst() }
            if rest.first == UInt8(ascii: "\"") {
                rest = rest.dropFirst()
                while let byte = rest.first, byte != UInt8(ascii: "\"") {
                    rest = rest.dropFirst()
                    if byte == UInt8(ascii: "\\"), let next = rest.first {
                        value.append(next)
                        rest = rest.dropFirst()
                    } else {
                        value.append(byte)
                    }
                }
                rest = rest.drop { $0 != UInt8(ascii: ";") }
            } else {
                let bare = rest.prefix { $0 != UInt8(ascii: ";") }
                value = Array(bare)
                rest = rest.dropFirst(bare.count)
            }
            if String(decoding: Array(name), as: UTF8.self).lowercased() == wanted {
                return String(decoding: value, as: UTF8.self)
            }
        }
        return nil
    }
}
