import Bytes
import Testing

@Suite("Base64")
struct Base64Tests {
    @Test(
        "the examples of RFC 4648 hold both ways",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func examples(_ plain: String, _ encoded: String) {
        #expect(Base64.encode(plain.utf8) == Array(encoded.utf8))
        #expect(Base64.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test(
        "anything else is refused",
        arguments: ["Zg", "Zg=", "Z===", "====", "Zg==Zg==x", "Zm9v\n", "Zh==", "Zm9=", "Z g="])
    func malformed(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test("all bytes survive")
    func roundTrip() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ count) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }
}
