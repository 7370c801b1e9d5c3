import HTTPWire
import Testing

@Suite("PercentCoding")
struct PercentCodingTests {
    @Test("a form reads like a query string")
    func form() throws {
        let parameters = try PercentCoding.parameters("query=a%3Db%26c+d&e=&f&=g&&".utf8)

        #expect(
            parameters == [
                QueryParameter("query", "a=b&c d"), QueryParameter("e", ""),
                QueryParameter("f", ""), QueryParameter("", "g"),
            ])
    }

    @Test("a plus in a path stays one")
    func path() throws {
        #expect(try PercentCoding.decode("/a+b%20c".utf8, plusIsSpace: false) == "/a+b c")
    }

    @Test("broken encodings are refused", arguments: ["%", "%1", "%g0", "%ff", "%c3%28"])
    func malformed(_ text: String) {
        #expect(throws: HTTPFailure.self) {
            try PercentCoding.decode(text.utf8, plusIsSpace: true)
        }
    }
}
