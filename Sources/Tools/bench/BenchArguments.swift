/// What stands behind a benchmark's name: numbers and paths in a fixed order, each of which is asked
/// for by the word that the usage has for it.
struct BenchArguments {
    struct UsageError: Error { let message: String }

    private var rest: ArraySlice<String>

    init(_ arguments: some Sequence<String>) { rest = ArraySlice(arguments) }

    /// The next number, which is one at least; the given one when there is none.
    mutating func number(_ name: String, or missing: Int?) throws(UsageError) -> Int {
        guard let text = rest.popFirst() else {
            if let missing { return missing }
            throw UsageError(message: "\(name) is missing")
        }
        guard let number = Int(text), number > 0 else {
            throw UsageError(message: "\(name) cannot be \"\(text)\"")
        }
        return number
    }

    mutating func path(_ name: String) throws(UsageError) -> String {
        guard let text = rest.popFirst() else { throw UsageError(message: "\(name) is missing") }
        return text
    }

    /// Takes the benchmark's name, which does not stand before a number.
    mutating func takeName() -> String? {
        guard let text = rest.first, Int(text) == nil else { return nil }
        return rest.popFirst()
    }

    func end() throws(UsageError) {
        if let text = rest.first { throw UsageError(message: "\"\(text)\" is too much") }
    }
}
