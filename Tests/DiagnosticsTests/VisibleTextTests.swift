import Diagnostics
import Testing

@Suite("VisibleText")
struct VisibleTextTests {
    @Test(
        "a name with control characters stays in its line",
        arguments: [
            ("a\nb", "a\\nb"), ("a\r\n\tb", "a\\r\\n\\tb"), ("\u{1b}[2J", "\\u001b[2J"),
            ("\u{0}\u{7f}\u{85}\u{2028}", "\\u0000\\u007f\\u0085\\u2028"), ("zoë 😀", "zoë 😀"),
            ("", ""),
        ])
    func escaped(text: String, shown: String) {
        #expect(text.inOneLine == shown)
    }
}
