/// Cuts requests out of a client's bytes: heads, parts of bodies, ends.
///
/// One request at a time: after `.end` nothing more comes until `nextRequest` says that the answer
/// has been written, whatever the client has sent ahead. After `.failed` nothing comes at all;
/// answer with its status and close.
///
/// INV-1 Bodies never exceed the bound their head was given.
/// INV-2 The buffer holds no more than one head, or `HTTPLimits.pendingInputBytes`, whatever is
/// larger, plus what one call of `receive` brought.
package struct RequestParser: Sendable {
    package enum Event: Sendable, Equatable {
        case head(RequestHead)
        /// A part of the body, never empty.
        case body([UInt8])
        case end
        case failed(HTTPFailure)
    }

    private enum State: Sendable {
        case head
        case fixedBody(remaining: Int)
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailer(consumed: Int)
        case waiting(keepsAlive: Bool)
        case over
    }

    private let bodyLimit: @Sendable (RequestHead) -> Int
    private var buffer: [UInt8] = []
    private var start = 0
    /// Where the search for a line's end goes on, so that slow senders cost no repeated search.
    private var searched = 0
    private var state = State.head
    private var keepsAlive = true
    private var bodyAllowance = 0
    private var skippedLeading = 0

    /// - Parameter bodyLimit: the largest body a request may have, by its head.
    package init(
        bodyLimit: @escaping @Sendable (RequestHead) -> Int = { _ in HTTPLimits.bodyBytes }
    ) {
        self.bodyLimit = bodyLimit
    }

    /// Tells whether the socket should be read.
    package var wantsInput: Bool {
        switch state {
        case .over: false
        case .waiting: buffered < HTTPLimits.pendingInputBytes
        case .head, .fixedBody, .chunkSize, .chunk, .chunkEnd, .trailer: true
        }
    }

    /// Tells whether no part of a request is held: the connection may be closed without loss.
    package var isIdle: Bool {
        if case .head = state { return buffered == 0 }
        return false
    }

    private var buffered: Int { buffer.count - start }

    /// Takes what the socket gave.
    package mutating func receive(_ bytes: some Collection<UInt8>) -> [Event] {
        if case .over = state { return [] }
        buffer.append(contentsOf: bytes)
        return run()
    }

    /// Goes on to the next request: the answer to the last one has been written.
    ///
    /// Returns no event after a request that ends the connection.
    package mutating func nextRequest() -> [Event] {
        guard case .waiting(let keepsAlive) = state else { return [] }
        state = keepsAlive ? .head : .over
        if !keepsAlive { buffer = [] }
        skippedLeading = 0
        return run()
    }

    private mutating func run() -> [Event] {
        var events: [Event] = []
        do throws(HTTPFailure) {
            while try step(&events) {}
        } catch {
            events.append(.failed(error))
            state = .over
            buffer = []
            start = 0
        }
        compact()
        return events
    }

    private mutating func step(_ events: inout [Event]) throws(HTTPFailure) -> Bool {
        switch state {
        case .head: return try readHead(&events)
        case .fixedBody(let remaining):
            guard let left = takeBody(remaining, &events) else { return false }
            state = .fixedBody(remaining: left)
            if left == 0 { end(&events) }
            return true
        case .chunkSize: return try readChunkSize()
        case .chunk(let remaining):
            guard let left = takeBody(remaining, &events) else { return false }
            state = left == 0 ? .chunkEnd : .chunk(remaining: left)
            return true
        case .chunkEnd: return try readChunkEnd()
        case .trailer(let consumed): return try readTrailer(consumed, &events)
        case .waiting, .over: return false
        }
    }

    private mutating func readHead(_ events: inout [Event]) throws(HTTPFailure) -> Bool {
        while start < buffer.count, buffer[start] == 0x0d || buffer[start] == 0x0a {
            guard skippedLeading < HTTPLimits.leadingBytes else {
                throw HTTPFailure(.badRequest, "empty lines instead of a request")
            }
            skippedLeading += 1
            start += 1
        }
        guard let end = headEnd() else {
            guard buffered <= HTTPLimits.headBytes else { throw tooLong() }
            return false
        }
        guard end - start <= HTTPLimits.headBytes else { throw tooLong() }
        let head = try RequestHead(lines: try lines(buffer[start..<end]))
        start = end
        searched = end
        try begin(head, &events)
        return true
    }

    /// Tells a target that is too long from headers that are.
    private func tooLong() -> HTTPFailure {
        let window = buffer[start..<min(buffer.count, start + HTTPLimits.targetBytes)]
        return window.contains(0x0a)
            ? HTTPFailure(.headersTooLarge, "request headers too large")
            : HTTPFailure(.targetTooLong, "request target too long")
    }

    /// Returns the offset behind the empty line, or nil while it has not come.
    private mutating func headEnd() -> Int? {
        var offset = max(start, searched)
        while offset < buffer.count {
            if buffer[offset] == 0x0a, offset > start {
                if buffer[offset - 1] == 0x0a { return offset + 1 }
                if offset - start >= 2, buffer[offset - 1] == 0x0d, buffer[offset - 2] == 0x0a {
                    return offset + 1
                }
            }
            offset += 1
        }
        searched = offset
        return nil
    }

    private func lines(_ head: ArraySlice<UInt8>) throws(HTTPFailure) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        for var line in head.split(separator: 0x0a) {
            if line.last == 0x0d { line.removeLast() }
            if line.isEmpty { break }
            guard !line.contains(0x0d) else {
                throw HTTPFailure(.badRequest, "carriage return inside a line")
            }
            lines.append(line)
        }
        return lines
    }

    private mutating func begin(
        _ head: RequestHead, _ events: inout [Event]
    ) throws(HTTPFailure) {
        keepsAlive = head.keepsAlive
        bodyAllowance = bodyLimit(head)
        switch head.framing {
        case .none: break
        case .length(let length):
            guard length <= bodyAllowance else { throw tooLarge() }
            state = .fixedBody(remaining: length)
        case .chunked: state = .chunkSize
        }
        events.append(.head(head))
        if head.framing == .none { end(&events) }
    }

    private func tooLarge() -> HTTPFailure {
        HTTPFailure(.contentTooLarge, "request body too large")
    }

    private mutating func takeBody(_ remaining: Int, _ events: inout [Event]) -> Int? {
        let count = min(remaining, buffered)
        guard count > 0 else { return nil }
        events.append(.body(Array(buffer[start..<start + count])))
        start += count
        return remaining - count
    }

    private mutating func end(_ events: inout [Event]) {
        events.append(.end)
        state = .waiting(keepsAlive: keepsAlive)
    }

    /// Takes one line of a chunked body, which must end in CR LF; nil while it is not complete.
    private mutating func takeLine(upTo limit: Int) throws(HTTPFailure) -> ArraySlice<UInt8>? {
        let window = buffer[start..<min(buffer.count, start + limit)]
        guard let end = window.firstIndex(of: 0x0a) else {
            guard window.count < limit else {
                throw HTTPFailure(.badRequest, "line of a chunked body too long")
            }
            return nil
        }
        guard end > start, buffer[end - 1] == 0x0d else {
            throw HTTPFailure(.badRequest, "line of a chunked body without carriage return")
        }
        let line = buffer[start..<end - 1]
        start = end + 1
        return line
    }

    private mutating func readChunkSize() throws(HTTPFailure) -> Bool {
        guard let line = try takeLine(upTo: HTTPLimits.chunkLineBytes) else { return false }
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
        guard !digits.isEmpty, digits.count <= 15,
            digits.allSatisfy({ $0 < 0x80 && Character(Unicode.Scalar($0)).isHexDigit }),
            let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw HTTPFailure(.badRequest, "malformed chunk size") }
        guard size <= bodyAllowance else { throw tooLarge() }
        bodyAllowance -= size
        state = size == 0 ? .trailer(consumed: 0) : .chunk(remaining: size)
        return true
    }

    private mutating func readChunkEnd() throws(HTTPFailure) -> Bool {
        guard buffered >= 2 else { return false }
        guard buffer[start] == 0x0d, buffer[start + 1] == 0x0a else {
            throw HTTPFailure(.badRequest, "chunk longer than its size")
        }
        start += 2
        state = .chunkSize
        return true
    }

    private mutating func readTrailer(
        _ consumed: Int, _ events: inout [Event]
    ) throws(HTTPFailure) -> Bool {
        let allowance = HTTPLimits.trailerBytes - consumed
        guard allowance > 0 else { throw HTTPFailure(.headersTooLarge, "trailer too large") }
        guard let line = try takeLine(upTo: allowance) else { return false }
        if line.isEmpty {
            end(&events)
        } else {
            _ = try RequestHead.header(line)
            state = .trailer(consumed: consumed + line.count + 2)
        }
        return true
    }

    private mutating func compact() {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.count <= HTTPLimits.compactionBytes)
        } else if start > HTTPLimits.compactionBytes, start > buffer.count / 2 {
            buffer.removeSubrange(..<start)
        } else {
            return
        }
        searched = max(0, searched - start)
        start = 0
    }
}
