import Bytes
import Testing

@Suite("JSONReader")
struct JSONReaderTests {
    @Test("documents are read as they say")
    func documents() throws {
        let text = #" {"a":[1,-2.5,1e3,true,false,null],"b":{"c":"x\n\u00e9\ud83d\ude00"},"d":{}} "#

        let value = try JSONReader.read(Array(text.utf8))

        #expect(
            value["a"]?.elements == [
                .integer(1), .double(-2.5), .double(1000), .bool(true), .bool(false), .null,
            ])
        #expect(value["b"]?["c"]?.text == "x\né😀")
        #expect(value["d"]?.members == [])
        #expect(try JSONReader.read(value.encoded) == value)
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", " ", "{", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "01", "1.",
            "-", "+1", ".5", "1e", "nul", "truex", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
            "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\n\"", "[] []", "1e999", "'a'", "]", "{1:2}",
            "\"\\u12é4\"", "[}", "{\"a\":1]",
        ])
    func malformed(_ text: String) {
        #expect(throws: DecodeFailure.self) { try JSONReader.read(Array(text.utf8)) }
    }

    @Test("bytes that are not UTF-8 are refused inside a string")
    func encoding() {
        #expect(throws: DecodeFailure.self) { try JSONReader.read([0x22, 0xff, 0x22]) }
    }

    @Test("nesting has a bound")
    func depth() throws {
        let depth = JSONReader.maximumDepth
        func nested(_ count: Int) -> [UInt8] {
            Array(repeating: UInt8(ascii: "["), count: count)
                + Array(repeating: UInt8(ascii: "]"), count: count)
        }

        #expect(throws: Never.self) { try JSONReader.read(nested(depth)) }
        #expect(throws: DecodeFailure.self) { try JSONReader.read(nested(depth + 1)) }
        #expect(throws: DecodeFailure.self) {
            try JSONReader.read(Array(repeating: UInt8(ascii: "["), count: 1_000_000))
        }
    }

    @Test("every cut of a document is refused, never a trap")
    func cuts() {
        let text = Array(#"{"a":[1,2.5,"x\u00e9"],"b":null}"#.utf8)
        for end in 0..<text.count {
            #expect(throws: DecodeFailure.self) { try JSONReader.read(Array(text[..<end])) }
        }
    }

    @Test("the largest integers keep their value")
    func integers() throws {
        #expect(try JSONReader.read(Array("9223372036854775807".utf8)) == .integer(.max))
        #expect(try JSONReader.read(Array("-9223372036854775808".utf8)) == .integer(.min))
        #expect(try JSONReader.read(Array("9223372036854775808".utf8)) == .double(0x1p63))
    }
}
