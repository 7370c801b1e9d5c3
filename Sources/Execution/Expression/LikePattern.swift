import Diagnostics

/// A pattern of LIKE, taken apart once.
///
/// What stands between two `%` is found at the first place where it fits: that leaves the most for
/// the rest, so no choice is ever taken back. A piece without `_` is found in one pass; one with it
/// costs text times piece at most, counted.
struct LikePattern {
    /// Stands for any one character: no byte of UTF-8.
    private static let anyOne: UInt8 = 0xff

    /// The pieces between runs of `%`, the first and the last of which may be empty.
    private let pieces: [[UInt8]]
    /// How the pieces that are tied to no end are found; nil for those with `_`.
    private let searches: [TextSearch?]
    private let ignoringCase: Bool

    init(_ pattern: String, escape: String?, ignoringCase: Bool, _ allowance: Allowance)
        throws(DatabaseError)
    {
        self.ignoringCase = ignoringCase
        let escapeScalar = escape?.unicodeScalars.first
        var pieces: [[UInt8]] = [[]]
        var isEscaped = false
        let text = ignoringCase ? try TextFunction.lowercased(pattern, allowance) : pattern
        for scalar in text.unicodeScalars {
            if !isEscaped, scalar == escapeScalar {
                isEscaped = true
            } else if !isEscaped, scalar == "%" {
                if pieces.count == 1 || pieces.last != [] { pieces.append([]) }
            } else if !isEscaped, scalar == "_" {
                pieces[pieces.count - 1].append(Self.anyOne)
            } else {
                pieces[pieces.count - 1].append(contentsOf: UTF8.encode(scalar) ?? .init())
                isEscaped = false
            }
        }
        self.pieces = pieces
        var searches: [TextSearch?] = []
        for piece in pieces.dropFirst().dropLast() {
            let isPlain = !piece.contains(Self.anyOne)
            searches.append(isPlain ? try TextSearch(piece, allowance) : nil)
        }
        self.searches = searches
    }

    /// - Throws: 57014 when the statement was cancelled meanwhile.
    func matches(_ text: String, _ allowance: Allowance) throws(DatabaseError) -> Bool {
        let whole = ignoringCase ? try TextFunction.lowercased(text, allowance) : text
        let bytes = Array(whole.utf8)
        try allowance.spend(bytes.count)
        guard var place = end(of: pieces[0], in: bytes, at: 0) else { return false }
        guard pieces.count > 1 else { return place == bytes.count }
        for (search, piece) in zip(searches, pieces.dropFirst()) {
            if let search {
                guard let found = try search.first(in: bytes, from: place, allowance) else {
                    return false
                }
                place = found + piece.count
            } else {
                guard let found = try find(piece, in: bytes, from: place, allowance) else {
                    return false
                }
                place = found
            }
        }
        let last = pieces[pieces.count - 1]
        guard let start = begin(of: last, in: bytes), start >= place else { return false }
        return end(of: last, in: bytes, at: start) == bytes.count
    }

    /// Where a piece ends that begins at a place; nil when it does not stand there.
    private func end(of piece: [UInt8], in text: [UInt8], at start: Int) -> Int? {
        var place = start
        for byte in piece {
            guard place < text.count else { return nil }
            if byte == Self.anyOne {
                place = next(place, in: text)
            } else if byte == text[place] {
                place += 1
            } else {
                return nil
            }
        }
        return place
    }

    /// The first end of a piece with `_` that begins at a place or after it.
    private func find(
        _ piece: [UInt8], in text: [UInt8], from start: Int, _ allowance: Allowance
    ) throws(DatabaseError) -> Int? {
        var place = start
        while place < text.count {
            if let end = end(of: piece, in: text, at: place) { return end }
            try allowance.spend(piece.count)
            place = next(place, in: text)
        }
        return nil
    }

    /// Where the last piece must begin to end with the text; nil when the text is shorter.
    private func begin(of piece: [UInt8], in text: [UInt8]) -> Int? {
        var place = text.count
        for byte in piece.reversed() {
            guard place > 0 else { return nil }
            place -= 1
            if byte == Self.anyOne {
                while place > 0, text[place] & 0xc0 == 0x80 { place -= 1 }
            }
        }
        return place
    }

    /// The place of the character after one.
    private func next(_ place: Int, in text: [UInt8]) -> Int {
        var next = place + 1
        while next < text.count, text[next] & 0xc0 == 0x80 { next += 1 }
        return next
    }
}
