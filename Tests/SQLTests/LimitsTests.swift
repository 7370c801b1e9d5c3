import Diagnostics
import Testing

@testable import SQL

@Suite("Limits and hostile input")
struct LimitsTests {
    @Test(
        "nesting beyond the limit is an error, never a crash",
        arguments: [
            ("SELECT ", "(", ""), ("SELECT ", "- ", "1"), ("SELECT ", "NOT ", "1"),
            ("SELECT ", "CASE WHEN ", ""), ("SELECT ", "f(", ""), ("SELECT ", "a[", ""),
            ("", "EXPLAIN ", "SELECT 1"), ("SELECT * FROM ", "(", ""),
            ("", "SELECT * FROM (", ""), ("", "(", "SELECT 1"), ("SELECT ", "~", "1"),
            ("SELECT ", "a = ANY (", ""), ("SELECT 1 WHERE a IN (", "SELECT 1 WHERE a IN (", ""),
            ("SELECT ", "f(a = ", ""), ("SELECT ", "f(b + -", ""),
            ("SELECT ", "a = (SELECT f(a < CASE WHEN b OR ", ""),
        ])
    func deepNesting(start: String, repeated: String, end: String) {
        let text = start + String(repeating: repeated, count: 100_000) + end

        let error = #expect(throws: DatabaseError.self) { try Parser.parse(text) }

        #expect(error?.state == .limitExceeded)
    }

    @Test(
        "a chain that makes a deep tree is an error, never a crash",
        arguments: [
            ("SELECT 1", "+1"), ("SELECT 1", "::int"), ("SELECT a", " IS NULL"),
            ("SELECT a", "[1]"), ("SELECT a", " AT TIME ZONE 'x'"), ("SELECT * FROM a", ",a"),
            ("SELECT * FROM a", " CROSS JOIN a"), ("SELECT a", " IN (1)"),
        ])
    func longChains(start: String, repeated: String) {
        let text = start + String(repeating: repeated, count: 50_000)

        let error = #expect(throws: DatabaseError.self) { try Parser.parse(text) }

        #expect(error?.state == .limitExceeded)
    }

    @Test("long chains of AND and OR make shallow trees", arguments: [" AND ", " OR "])
    func balancedChains(connective: String) throws {
        let text = "a" + String(repeating: connective + "b", count: 20_000)

        let expression = try Parser.parseExpression(text)

        #expect(expression.depth < 20)
        #expect(Parser.operands(of: expression, connective == " OR " ? .or : .and).count == 20_001)
    }

    @Test("nesting up to the limit is accepted")
    func allowedNesting() throws {
        let depth = Limits.nesting - 5
        let text =
            "SELECT " + String(repeating: "(", count: depth) + "1"
            + String(repeating: ")", count: depth)

        #expect(try Parser.parse(text).count == 1)
    }

    @Test("a text above the limit is refused before it is read")
    func tooLong() {
        let text = String(repeating: " ", count: Limits.statementBytes + 1)

        let error = #expect(throws: DatabaseError.self) { try Parser.parse(text) }

        #expect(error?.state == .limitExceeded)
    }

    @Test("a name above the limit is refused")
    func longName() {
        let name = String(repeating: "n", count: Limits.nameBytes + 1)

        let error = #expect(throws: DatabaseError.self) { try Parser.parse("SELECT \(name)") }

        #expect(error?.state == .nameTooLong)
    }

    @Test(
        "random bytes never crash, and every error has a place inside the text", arguments: 0..<20)
    func byteSoup(seed: UInt64) {
        var chance = Chance(seed: seed)
        for _ in 0..<300 {
            let bytes = (0..<chance.below(60)).map { _ in UInt8(chance.below(256)) }
            check(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test(
        "random words never crash, and every error has a place inside the text", arguments: 0..<40)
    func wordSoup(seed: UInt64) {
        var chance = Chance(seed: seed)
        let symbols = Symbol.allCases.map(\.rawValue)
        let words = Keyword.allCases.map(\.rawValue) + symbols + symbols
        let more = [
            "a", "t", "1", "1.5", "'x'", "\"q\"", "$1", "$$", "E'\\", "/*", "--", "é", "1h",
        ]
        let starts = ["SELECT", "BACKUP", "RESTORE", "CREATE TABLE t", "INSERT INTO t", "SET", ""]
        for _ in 0..<300 {
            var text = chance.pick(starts)
            for _ in 0..<chance.below(25) { text += " " + chance.pick(words + more) }
            check(text)
        }
    }

    @Test("every beginning of a statement gives a statement or a placed error")
    func everyCut() {
        let text = """
            SELECT a::int, E'\\x41é', $t$ü$t$ FROM "t" WHERE a BETWEEN 1 AND 2.5e3 /* c */; \
            BACKUP TABLE t PARTITION LIST 'a' WHERE x > 1 INCREMENTAL FROM 'p' TO 'd' WITH (a = 1)
            """
        for length in 0...text.unicodeScalars.count {
            check(String(String.UnicodeScalarView(text.unicodeScalars.prefix(length))))
        }
    }

    private func check(_ text: String) {
        do throws(DatabaseError) {
            for parsed in try Parser.parse(text) {
                #expect(parsed.range.upperBound <= text.unicodeScalars.count)
            }
        } catch {
            #expect(error.state != .internalError)
            #expect((0...text.unicodeScalars.count).contains(error.position ?? -1), "\(text)")
        }
    }
}
