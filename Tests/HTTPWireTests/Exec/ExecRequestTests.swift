import HTTPWire
import Testing

@Suite("ExecRequest")
struct ExecRequestTests {
    func request(_ query: String) throws -> ExecRequest {
        let text = "GET /exec?\(query) HTTP/1.1\r\nHost: h\r\nStatement-Timeout: 250\r\n\r\n"
        return ExecRequest(try #require(firstHead(parse(Array(text.utf8)))))
    }

    @Test(
        "a limit counts from one and includes both ends",
        arguments: [
            ("limit=5", 0, 5), ("limit=2,4", 1, 3), ("limit=,4", 0, 4), ("limit=3,", 2, nil),
            ("limit=x", 0, nil), ("limit=4,2", 3, 0), ("limit=0", 0, 0), ("", 0, nil),
            ("limit=-9223372036854775808,9223372036854775807", 0, Int64.max),
        ] as [(String, Int64, Int64?)])
    func limits(_ query: String, _ skipped: Int64, _ maximum: Int64?) throws {
        let request = try request(query)

        #expect(request.skippedRows == skipped)
        #expect(request.maximumRows == maximum)
    }

    @Test("switches are off unless they say true")
    func switches() throws {
        let request = try request("query=%20&nm=true&count=1&quoteLargeNum=TRUE&cols=a,b")

        #expect(request.query == nil)
        #expect(!request.includesMetadata)
        #expect(!request.countsAll)
        #expect(request.quotesLargeNumbers)
        #expect(request.columns == ["a", "b"])
        #expect(request.timeoutMilliseconds == 250)
    }
}
