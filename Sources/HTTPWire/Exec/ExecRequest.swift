/// What a request to /exec or /exp asks for.
package struct ExecRequest: Sendable, Equatable {
    /// Rows passed over before the first that is shown.
    package var skippedRows: Int64 = 0
    /// Rows shown at most; nil is all.
    package var maximumRows: Int64?
    /// Count all rows of the result, not only those shown.
    package var countsAll: Bool
    package var includesMetadata: Bool
    package var includesTimings: Bool
    package var includesPlan: Bool
    /// Write 64-bit integers as strings, which JavaScript does not round.
    package var quotesLargeNumbers: Bool
    /// The columns wanted, or nil for all.
    package var columns: [String]?
    /// Without blanks around it; nil when there was none.
    package var query: String?
    /// From the header `Statement-Timeout`.
    package var timeoutMilliseconds: Int64?

    /// - Parameter form: further parameters, from a body.
    package init(_ head: RequestHead, form: [QueryParameter] = []) {
        let parameters = head.parameters + form
        func value(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
        func isSet(_ name: String) -> Bool { value(name)?.lowercased() == "true" }
        countsAll = isSet("count")
        includesMetadata = !isSet("nm")
        includesTimings = isSet("timings")
        includesPlan = isSet("explain")
        quotesLargeNumbers = isSet("quoteLargeNum")
        columns = value("cols").map { $0.split(separator: ",").map(String.init) }
        if let text = value("query"), text.contains(where: { !$0.isWhitespace }) { query = text }
        timeoutMilliseconds = head.header("statement-timeout").flatMap { Int64($0) }
        if let limit = value("limit") { take(limit: limit) }
    }

    /// Reads `hi` or `lo,hi`, counted from one and inclusive; what is no number is passed over.
    private mutating func take(limit: String) {
        let parts = limit.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.map { Int64($0.filter { !$0.isWhitespace }) }
        guard let first = numbers.first else { return }
        if numbers.count == 1 {
            maximumRows = first.map { max(0, $0) }
        } else {
            let low = max(1, first ?? 1)
            skippedRows = low - 1
            if let high = numbers[1] { maximumRows = high < low ? 0 : high - low + 1 }
        }
    }
}
