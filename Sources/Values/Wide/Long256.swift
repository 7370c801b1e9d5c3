/// 256 bits without a sign.
package struct Long256: Sendable, Hashable, Comparable {
    /// The least significant word first.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    package init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        words = (first, second, third, fourth)
    }

    package static func == (left: Long256, right: Long256) -> Bool { left.words == right.words }

    package static func < (left: Long256, right: Long256) -> Bool {
        (left.words.3, left.words.2, left.words.1, left.words.0)
            < (right.words.3, right.words.2, right.words.1, right.words.0)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
