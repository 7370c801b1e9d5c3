import Testing

@testable import Platform

@Suite("PropertiesParser") struct PropertiesParserTests {
    private func parse(_ text: String) -> [Property] { PropertiesParser.parse(Array(text.utf8)) }

    @Test(
        "an assignment is read in each of its forms",
        arguments: ["a.b=c d", "a.b = c d", "a.b:c d", "a.b c d", "  a.b\t=\tc d  ", "a.b=c d\r"])
    func forms(line: String) {
        #expect(parse(line) == [Property(name: "a.b", value: "c d", line: 1)])
    }

    @Test("comments and empty lines are passed over, and lines counted")
    func comments() {
        let found = parse("# one=1\n\n  ! two=2\nthree=3\n#\n four = \n")

        #expect(
            found == [
                Property(name: "three", value: "3", line: 4),
                Property(name: "four", value: "", line: 6),
            ])
    }

    @Test("a backslash at the end continues the line, two of them do not")
    func continuation() {
        let found = parse("a=1,\\\n    2,\\\n    3\nb=x\\\\\nc=4\\")

        #expect(
            found == [
                Property(name: "a", value: "1,2,3", line: 1),
                Property(name: "b", value: "x\\", line: 4),
                Property(name: "c", value: "4", line: 5),
            ])
    }

    @Test("escapes stand for what they stand for in Java")
    func escapes() {
        let found = parse("a\\=b\\ c=\\u00e9\\t\\:\\q\\u12")

        #expect(found == [Property(name: "a=b c", value: "é\t:qu12", line: 1)])
    }

    @Test("any bytes are read without a trap")
    func anyBytes() {
        var state: UInt64 = 1
        for _ in 0..<2000 {
            let bytes = (0..<20).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1
                return Array("\\=: \n\r#!u0a\u{c}é".utf8)[Int(state >> 33) % 14]
            }
            let lines = bytes.count { $0 == 10 || $0 == 12 || $0 == 13 } + 1
            #expect(PropertiesParser.parse(bytes).count <= lines)
        }
    }
}
