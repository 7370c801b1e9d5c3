import HTTPWire
import Testing

@Suite("ResponseWriter")
struct ResponseWriterTests {
    func request(_ line: String, _ headers: String = "Host: h\r\n") -> RequestHead? {
        firstHead(parse(Array("\(line)\r\n\(headers)\r\n".utf8)))
    }

    func text(_ writer: inout ResponseWriter) -> String {
        String(decoding: writer.take(), as: UTF8.self)
    }

    @Test("a body of known length says so")
    func fixed() {
        var writer = ResponseWriter()

        writer.respond(
            .ok, answering: request("GET / HTTP/1.1"), contentType: "text/plain", body: "hi".utf8)

        let answer = text(&writer)
        #expect(
            answer == "HTTP/1.1 200 OK\r\nServer: Basalt/1.0\r\nContent-Type: text/plain\r\n"
                + "Content-Length: 2\r\n\r\nhi")
        #expect(!writer.closesConnection)
    }

    @Test("a streamed body is cut into chunks")
    func chunked() {
        var writer = ResponseWriter()

        writer.begin(.ok, answering: request("GET / HTTP/1.1"), body: .streamed)
        writer.write(Array(repeating: UInt8(ascii: "x"), count: 17))
        writer.write([])
        writer.end()

        let answer = text(&writer)
        #expect(
            answer.hasSuffix(
                "Transfer-Encoding: chunked\r\n\r\n11\r\nxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n"))
    }

    @Test("a client of HTTP/1.0 is told the end by closing")
    func oldClient() {
        var writer = ResponseWriter()

        writer.begin(.ok, answering: request("GET / HTTP/1.0", ""), body: .streamed)
        writer.write("abc".utf8)
        writer.end()

        let answer = text(&writer)
        #expect(answer.hasSuffix("Connection: close\r\n\r\nabc"))
        #expect(!answer.contains("chunked"))
        #expect(writer.closesConnection)
    }

    @Test("HEAD gets the head alone")
    func headOnly() {
        var writer = ResponseWriter()

        writer.respond(
            .ok, answering: request("HEAD / HTTP/1.1"), contentType: "a/b", body: "hi".utf8)

        let answer = text(&writer)
        #expect(answer.hasSuffix("Content-Length: 2\r\n\r\n"))
    }

    @Test("a header's value cannot begin another header")
    func splitting() {
        var writer = ResponseWriter()

        writer.begin(
            .ok, answering: nil, headers: [HTTPHeader("X", "a\r\nSet-Cookie: b")], body: .none)

        let answer = text(&writer)
        #expect(!answer.contains("\nSet-Cookie"))
    }

    @Test("refusals close")
    func refusal() {
        var writer = ResponseWriter()

        writer.refuse(HTTPFailure(.contentTooLarge, "no"))

        #expect(writer.closesConnection)
        let answer = text(&writer)
        #expect(answer.hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
    }
}
