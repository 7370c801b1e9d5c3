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
        ])
    func match(text: String, pattern: String, expected: Bool) {
        let matcher = LikePattern(pattern, escape: "\\", ignoringCase: false)

        #expect(matcher.matches(text) == expected)
    }

    @Test("a hostile pattern costs text times pattern at most")
    func hostile() {
        let matcher = LikePattern(
            String(repeating: "%a", count: 200) + "b", escape: nil, ignoringCase: false)

        #expect(!matcher.matches(String(repeating: "a", count: 2000)))
    }
}
