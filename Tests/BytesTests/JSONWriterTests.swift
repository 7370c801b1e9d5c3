import Bytes
import Testing

@Suite("JSONWriter")
struct JSONWriterTests {
    @Test("commas stand between values and nowhere else")
    func commas() {
        var writer = JSONWriter()

        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.integer(1)
        writer.beginArray()
        writer.endArray()
        writer.null()
        writer.endArray()
        writer.key("b")
        writer.bool(true)
        writer.endObject()

        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":[1,[],null],"b":true}"#)
    }

    @Test("taking what is written does not disturb the rest")
    func taking() {
        var writer = JSONWriter()
        var whole: [UInt8] = []

        writer.beginArray()
        for number in 0..<4 {
            writer.integer(number)
            whole += writer.take()
        }
        writer.endArray()
        whole += writer.take()

        #expect(String(decoding: whole, as: UTF8.self) == "[0,1,2,3]")
    }

    @Test("strings are escaped so that they read back")
    func strings() throws {
        let text = "\u{0}\u{1}\u{8}\t\n\u{c}\r\u{1f}\"\\/\u{7f}é\u{2028}😀"

        let encoded = JSONValue.string(text).encoded

        #expect(encoded.allSatisfy { $0 >= 0x20 })
        #expect(try JSONReader.read(encoded) == .string(text))
    }

    @Test("numbers read back, and what is no number is null")
    func numbers() throws {
        for value in [0, -0.5, 0.1, 1e300, .leastNonzeroMagnitude, .pi, 123_456_789.125] as [Double]
        {
            var writer = JSONWriter()
            writer.double(value)
            #expect(Double(String(decoding: writer.bytes, as: UTF8.self)) == value)
            #expect(throws: Never.self) { try JSONReader.read(writer.bytes) }
        }
        for value in [Double.nan, .infinity, -.infinity] {
            #expect(JSONValue.double(value).encoded == Array("null".utf8))
        }
    }
}
