import Testing

@testable import basalt

@Suite struct RootDirectoryTests {
    private func find(_ option: String?, _ environment: [String: String]) throws -> String {
        try RootDirectory.find(
            option: option, environment: environment, workingDirectory: "/srv/here"
        ).path
    }

    @Test("the option wins over the environment, and that over the home directory")
    func order() throws {
        let environment = ["BASALT_ROOT": "/var/b", "HOME": "/home/x"]

        #expect(try find("/opt/b", environment) == "/opt/b")
        #expect(try find(nil, environment) == "/var/b")
        #expect(try find(nil, ["HOME": "/home/x"]) == "/home/x/.basalt")
    }

    @Test("a relative root is made absolute and tidied")
    func relative() throws {
        #expect(try find("a/./../b/", [:]) == "/srv/here/b")
    }

    @Test("without any of the three the start is refused")
    func nothing() {
        #expect(throws: UsageError.self) { try find(nil, [:]) }
    }
}
