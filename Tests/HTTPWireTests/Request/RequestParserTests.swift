import HTTPWire
import Testing

/// Joins neighbouring body parts, whose borders depend on how the bytes came.
func joined(_ events: [RequestParser.Event]) -> [RequestParser.Event] {
    var result: [RequestParser.Event] = []
    for event in events {
        if case .body(let part) = event, case .body(let before)? = result.last {
            result[result.count - 1] = .body(before + part)
        } else {
            result.append(event)
        }
    }
    return result
}

/// Feeds pieces and goes on after every end, as a server that answers at once.
func parse(_ text: [UInt8], piece: Int = .max) -> [RequestParser.Event] {
    var parser = RequestParser()
    var events: [RequestParser.Event] = []
    var offset = 0
    while offset < text.count {
        let end = piece < text.count - offset ? offset + piece : text.count
        var more = parser.receive(text[offset..<end])
        offset = end
        while !more.isEmpty {
            events += more
            more = more.last == .end ? parser.nextRequest() : []
        }
    }
    return joined(events)
}

func firstHead(_ events: [RequestParser.Event]) -> RequestHead? {
    guard case .head(let head)? = events.first else { return nil }
    return head
}

func failure(_ events: [RequestParser.Event]) -> HTTPStatus? {
    guard case .failed(let failure)? = events.last else { return nil }
    return failure.status
}

@Suite("RequestParser")
struct RequestParserTests {
    static let stream = Array(
        ("GET /exec?query=select%201%2B1&limit=1,2&x=a+b&flag HTTP/1.1\r\nHost: h\r\nX-A:  b \r\n\r\n"
            + "\r\nPOST /imp HTTP/1.1\r\nhost: h\r\nContent-Length: 5\r\n\r\nhello"
            + "POST /imp HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
            + "GET /ping HTTP/1.0\r\n\r\n").utf8)

    @Test("a request in the URL is decoded")
    func query() throws {
        let head = try #require(firstHead(parse(Self.stream)))

        #expect(head.method == "GET")
        #expect(head.path == "/exec")
        #expect(head.parameter("query") == "select 1+1")
        #expect(head.parameter("limit") == "1,2")
        #expect(head.parameter("x") == "a b")
        #expect(head.parameter("flag") == "")
        #expect(head.header("x-a") == "b")
        #expect(head.keepsAlive)
    }

    @Test("pipelined requests come one after another with their bodies")
    func pipeline() {
        let events = parse(Self.stream)

        let bodies = events.compactMap { event -> [UInt8]? in
            if case .body(let bytes) = event { bytes } else { nil }
        }
        #expect(bodies == [Array("hello".utf8), Array("abc0123456789".utf8)])
        #expect(events.filter { $0 == .end }.count == 4)
        #expect(failure(events) == nil)
    }

    @Test("cuts at any place change nothing")
    func cuts() {
        let whole = parse(Self.stream)
        for piece in 1...40 { #expect(parse(Self.stream, piece: piece) == whole) }
    }

    @Test("a request waits until the one before is answered")
    func oneAtATime() {
        var parser = RequestParser()

        let first = parser.receive(Self.stream)

        #expect(first.filter { $0 == .end }.count == 1)
        #expect(first.last == .end)
        let second = parser.receive(Array("GET".utf8))
        #expect(second.isEmpty)
    }

    @Test("nothing follows a request that ends the connection")
    func close() {
        let text = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n"
        let events = parse(Array(text.utf8))

        #expect(events.count == 2)
        #expect(firstHead(events)?.keepsAlive == false)
    }

    @Test(
        "what cannot be understood is refused with its status",
        arguments: [
            ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\n\r\n", 505), ("GET / HTTP/1.2\r\n\r\n", 505),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
            ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /?a=%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n", 413),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n", 400
            ),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n", 400),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "7fffffffffffffff\r\n", 400
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "7ffffffffffffff\r\n", 413
            ),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417),
        ])
    func refusals(_ text: String, _ status: Int) {
        let events = parse(Array(text.utf8))

        #expect(failure(events)?.rawValue == status)
        #expect(failure(parse(Array(text.utf8), piece: 1))?.rawValue == status)
    }

    @Test("targets and headers without end are refused while they come")
    func limits() {
        let long = [UInt8](repeating: UInt8(ascii: "a"), count: HTTPLimits.headBytes + 10)

        #expect(failure(parse(Array("GET /".utf8) + long)) == .targetTooLong)
        #expect(
            failure(parse(Array("GET / HTTP/1.1\r\nX: ".utf8) + long)) == .headersTooLarge)
        let many = String(repeating: "a: b\r\n", count: HTTPLimits.headers + 1)
        #expect(
            failure(parse(Array("GET / HTTP/1.1\r\n\(many)\r\n".utf8))) == .headersTooLarge)
    }

    @Test("credentials are read")
    func credentials() throws {
        let text = "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YWRtaW46cXU6ZXN0\r\n\r\n"
        let head = try #require(firstHead(parse(Array(text.utf8))))

        #expect(head.basicCredentials?.user == "admin")
        #expect(head.basicCredentials?.password == "qu:est")
        #expect(head.bearerToken == nil)
    }

    @Test("random bytes never trap", arguments: 0..<20)
    func noise(_ seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        for _ in 0..<100 {
            var text = Self.stream
            for _ in 0..<4 {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                text[Int(state % UInt64(text.count))] = UInt8(truncatingIfNeeded: state >> 32)
            }
            _ = parse(text, piece: 1 + Int(state >> 40 & 63))
        }
    }
}
