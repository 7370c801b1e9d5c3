import Testing

@testable import Backup

@Suite("RelativePath")
struct RelativePathTests {
    @Test(
        "parts of ordinary names are safe",
        arguments: ["a", "db/_database", "db/a b~7/2026-01-01/x.seg", "...", ".x/..y", "é/ü"])
    func safe(path: String) { #expect(RelativePath.isSafe(path)) }

    @Test(
        "what leads elsewhere, is empty or too long is not",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "../a", "a/..", "a/../b", "a\0",
            String(repeating: "a", count: 256), "b/" + String(repeating: "é", count: 128),
            String(repeating: "a/", count: 2_048) + "a",
        ])
    func unsafe(path: String) { #expect(!RelativePath.isSafe(path)) }
}
