/// One thing that breaks a house rule, at a place.
struct Finding: Equatable, Comparable, CustomStringConvertible {
    let path: String
    /// Counted from one; a finding about a whole file points at line one.
    let line: Int
    let rule: String
    let message: String

    init(_ path: String, _ line: Int, _ rule: String, _ message: String) {
        self.path = path
        self.line = line
        self.rule = rule
        self.message = message
    }

    var description: String { "\(path):\(line): \(rule): \(message)" }

    static func < (left: Finding, right: Finding) -> Bool {
        (left.path, left.line, left.rule, left.message)
            < (right.path, right.line, right.rule, right.message)
    }
}
