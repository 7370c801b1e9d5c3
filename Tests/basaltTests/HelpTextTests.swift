import Foundation
import Platform
import Testing

@testable import basalt

@Suite struct HelpTextTests {
    /// The checkout this test was built from.
    private let checkout = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("conf/server.conf is what `basalt help settings` prints")
    func settingsFile() throws {
        let text = try String(
            contentsOf: checkout.appendingPathComponent("conf/server.conf"), encoding: .utf8)

        #expect(text == SettingTable.defaultFile + "\n")
    }

    @Test("the documentation's table of settings is what the code says")
    func settingsTable() throws {
        let text = try String(
            contentsOf: checkout.appendingPathComponent("docs/operations/settings.md"),
            encoding: .utf8)

        #expect(text.hasSuffix(SettingTable.documentation + "\n"))
    }

    @Test("conf/log.conf is what a new root gets")
    func logFile() throws {
        let text = try String(
            contentsOf: checkout.appendingPathComponent("conf/log.conf"), encoding: .utf8)

        #expect(text == LogSettings.defaultFile)
    }
}
