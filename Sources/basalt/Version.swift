/// The version people see; CHANGELOG.md says what it holds.
enum Version {
    static let text = "0.1.0"
}
