import Diagnostics

/// Finds a pattern in texts, byte by byte. Never goes back in the text (Knuth, Morris and Pratt): the
/// cost is text plus pattern, whoever chose them.
struct TextSearch {
    private let pattern: [UInt8]
    /// For each beginning of the pattern the longest end of it that is a beginning too.
    private let borders: [Int32]

    init(_ pattern: [UInt8], _ allowance: Allowance) throws(DatabaseError) {
        try allowance.take(pattern.count * 4)
        var borders = [Int32](repeating: 0, count: pattern.count)
        var matched = 0
        for index in pattern.indices.dropFirst() {
            if index & Limits.searchMask == 0 { try allowance.spend(Limits.searchMask + 1) }
            while matched > 0, pattern[matched] != pattern[index] {
                matched = Int(borders[matched - 1])
            }
            if pattern[matched] == pattern[index] { matched += 1 }
            borders[index] = Int32(matched)
        }
        self.pattern = pattern
        self.borders = borders
    }

    /// Where the pattern first stands at or after an offset; an empty one stands everywhere.
    func first(in text: [UInt8], from start: Int, _ allowance: Allowance) throws(DatabaseError)
        -> Int?
    {
        if pattern.isEmpty { return start }
        var matched = 0
        var index = start
        while index < text.count {
            if index & Limits.searchMask == 0 { try allowance.spend(Limits.searchMask + 1) }
            while matched > 0, pattern[matched] != text[index] {
                matched = Int(borders[matched - 1])
            }
            if pattern[matched] == text[index] { matched += 1 }
            index += 1
            if matched == pattern.count { return index - matched }
        }
        return nil
    }
}
