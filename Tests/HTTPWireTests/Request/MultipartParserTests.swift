import HTTPWire
import Testing

@Suite("MultipartParser")
struct MultipartParserTests {
    static let body = Array(
        ("ignored\r\n--b\r\nContent-Disposition: form-data; name=\"schema\"\r\n\r\n[]\r\n--b\r\n"
            + "Content-Type: text/csv\r\ncontent-disposition: form-data; name=data; "
            + "filename=\"a\\\"b.csv\"\r\n\r\nx,y\r\n--\r\n--c\r\n1,2\r\n\r\n--b\r\n\r\n"
            + "\r\n--b--\r\nbehind").utf8)

    func parse(_ bytes: [UInt8], piece: Int = .max) throws -> [MultipartParser.Event] {
        var parser = try #require(
            MultipartParser(contentType: "multipart/form-data; charset=x; boundary=\"b\""))
        var events: [MultipartParser.Event] = []
        var offset = 0
        while offset < bytes.count {
            let end = piece < bytes.count - offset ? offset + piece : bytes.count
            for event in try parser.receive(bytes[offset..<end]) {
                if case .data(let part) = event, case .data(let before)? = events.last {
                    events[events.count - 1] = .data(before + part)
                } else {
                    events.append(event)
                }
            }
            offset = end
        }
        return events
    }

    @Test("parts come with names and content, whatever looks like a boundary in them")
    func parts() throws {
        #expect(
            try parse(Self.body) == [
                .part(name: "schema", filename: nil), .data(Array("[]".utf8)), .partEnd,
                .part(name: "data", filename: "a\"b.csv"),
                .data(Array("x,y\r\n--\r\n--c\r\n1,2\r\n".utf8)), .partEnd,
                .part(name: "", filename: nil), .partEnd, .end,
            ])
    }

    @Test("cuts at any place change nothing")
    func cuts() throws {
        let whole = try parse(Self.body)
        for piece in 1...30 { #expect(try parse(Self.body, piece: piece) == whole) }
    }

    @Test("other content types are none of its business")
    func contentTypes() {
        for text in ["", "text/csv", "multipart/form-data", "multipart/form-data; boundary="] {
            #expect(MultipartParser(contentType: text) == nil)
        }
    }

    @Test("a boundary with something behind it is refused")
    func malformed() {
        #expect(throws: HTTPFailure.self) { try parse(Array("--bx\r\n\r\n".utf8)) }
        let endless = Array("--b\r\n".utf8) + [UInt8](repeating: 0x61, count: 10_000)
        #expect(throws: HTTPFailure.self) { try parse(endless) }
    }
}
