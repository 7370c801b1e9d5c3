import Testing

@testable import Execution

@Suite("LikePattern")
struct LikePatternTests {
    @Test(
        "a pattern matches as in SQL",
        arguments: [
            ("abc", "abc", true), ("abc", "a%", true), ("abc", "%c", true), ("abc", "_b_", true),
            ("abc", "ab", false), ("abc", "%d%", false), ("", "%", true), ("", "_", false),
            ("a%c", "a\\%c", true), ("abc", "a\\%c", false), ("zoë", "zo_", true),
            ("aaab", "%a%b", true), ("mississippi", "m%iss%pi", true),
            ("aa", "a%a", true), ("a", "a%a", false), ("xzoëy", "%o_y", true), ("zoë", "%_", true),
            ("zoë", "%__b", false), ("ëa", "_%_", true), ("ë", "_%_", false), ("abc", "%%", true),
            ("abab", "%_b%a%", true), ("aëbëc", "%ë_ë%", true), ("", "", true), ("a", "", false),
        ])
    func match(text: String, pattern: String, expected: Bool) throws {
        let allowance = Allowance.ample
        let matcher = try LikePattern(pattern, escape: "\\", ignoringCase: false, allowance)

        #expect(try matcher.matches(text, allowance) == expected)
    }

    @Test("a hostile pattern costs text times pattern at most")
    func hostile() throws {
        let allowance = Allowance.ample
        let matcher = try LikePattern(
            String(repeating: "%a", count: 200) + "b", escape: nil, ignoringCase: false, allowance)

        #expect(try !matcher.matches(String(repeating: "a", count: 2000), allowance))
    }
}
