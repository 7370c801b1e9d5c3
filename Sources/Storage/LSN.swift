/// A position in the order of commits: each commit has exactly one, and zero is before them all.
package struct LSN: Comparable, Hashable, Sendable, CustomStringConvertible {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    package static let zero = LSN(0)

    package var next: LSN { LSN(value + 1) }

    package var description: String { String(value) }

    package static func < (left: LSN, right: LSN) -> Bool { left.value < right.value }
}
