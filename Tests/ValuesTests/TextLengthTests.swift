import Diagnostics
import Testing
import Values

@Suite struct TextLengthTests {
    private let three = TextLength(characters: 3, isBlankTrimmed: false)
    private let fixed = TextLength(characters: 3, isBlankTrimmed: true)

    @Test(
        "what fits stays, blanks beyond the length go",
        arguments: [
            ("", ""), ("abc", "abc"), ("äöü", "äöü"), ("ab ", "ab "), ("abc  ", "abc"),
            ("a    ", "a  "), ("😀😀😀 ", "😀😀😀"),
        ])
    func fits(text: String, expected: String) throws {
        #expect(try three.fit(text, isCast: false) == expected)
    }

    @Test("what is too long is refused, and cut by a cast", arguments: ["abcd", "äöüß", "abc d"])
    func tooLong(text: String) throws {
        var state: SQLState?
        do throws(DatabaseError) {
            _ = try three.fit(text, isCast: false)
        } catch {
            state = error.state
        }

        #expect(state == .stringTooLong)
        #expect(try three.fit(text, isCast: true).unicodeScalars.count == 3)
    }

    @Test("CHAR keeps no blanks at its end")
    func blanks() throws {
        #expect(try fixed.fit("a  ", isCast: false) == "a")
        #expect(try fixed.fit("   ", isCast: false) == "")
        #expect(try fixed.fit("a b    ", isCast: false) == "a b")
        #expect(try fixed.fit(" ab", isCast: false) == " ab")
    }

    @Test("a letter of several code points is cut between them, as PostgreSQL does")
    func codePoints() throws {
        let joined = "e\u{301}e\u{301}"

        #expect(try three.fit(joined, isCast: true).unicodeScalars.count == 3)
    }

    @Test("a length takes all of a shorter one of its kind")
    func takesAll() {
        let five = TextLength(characters: 5, isBlankTrimmed: false)

        #expect(five.takesAll(of: three))
        #expect(five.takesAll(of: fixed))
        #expect(!three.takesAll(of: five))
        #expect(!fixed.takesAll(of: three))
        #expect(!five.takesAll(of: nil))
    }
}
