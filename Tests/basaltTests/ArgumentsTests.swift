import Testing

@testable import basalt

@Suite struct ArgumentsTests {
    @Test("serve takes its options in any order")
    func serve() throws {
        let command = try Arguments.parse(["serve", "-n", "-d", "/x", "--read-only", "-t", "one"])

        var expected = ServeOptions(root: "/x", tag: "one")
        expected.ignoresHangup = true
        expected.isReadOnly = true
        #expect(command == .serve(expected))
    }

    @Test("nothing at all asks for help")
    func nothing() throws {
        #expect(try Arguments.parse([]) == .help(topic: nil))
    }

    @Test("inspect takes one file, and --long before or behind it")
    func inspect() throws {
        #expect(try Arguments.parse(["inspect", "a.seg"]) == .inspect("a.seg", isLong: false))
        #expect(
            try Arguments.parse(["inspect", "--long", "a.seg"]) == .inspect("a.seg", isLong: true))
        #expect(
            try Arguments.parse(["inspect", "a.seg", "--long"]) == .inspect("a.seg", isLong: true))
    }

    @Test(
        "what cannot be understood is refused and never guessed",
        arguments: [
            ["sevre"], ["serve", "-d"], ["serve", "-x"], ["version", "now"],
            ["repair", "--wal-skip-to", "soon"], ["repair", "now"],
            ["inspect"], ["inspect", "--long"], ["inspect", "a.seg", "b.seg"],
        ])
    func refused(arguments: [String]) {
        #expect(throws: UsageError.self) { try Arguments.parse(arguments) }
    }

    @Test(
        "every command has a help text",
        arguments: ["serve", "version", "help", "settings", "repair"])
    func help(topic: String) {
        #expect(HelpText.text(for: topic) != nil)
    }
}
