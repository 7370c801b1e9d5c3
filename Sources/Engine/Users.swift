/// Who may log in, from the configuration. Server derives SCRAM verifiers from the passwords.
package struct Users: Sendable {
    private let passwords: [String: String]

    /// QuestDB's default: `admin` with `quest`.
    package init(_ passwords: [String: String] = ["admin": "quest"]) {
        self.passwords = passwords
    }

    package func password(of user: String) -> String? { passwords[user] }

    /// Whether somebody runs with the password everybody knows.
    package var hasDefaultPassword: Bool { passwords["admin"] == "quest" }
}
