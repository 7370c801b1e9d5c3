/// A name in the form under which names are compared, without regard to case.
///
/// It is folded once and carries its hash: a table may have thousands of columns, each of which is
/// looked for among all, and to compare text outside ASCII takes a microsecond.
package struct FoldedName: Sendable, Hashable {
    package let text: String
    private let textHash: Int

    package init(_ name: String) {
        text = name.lowercased()
        textHash = text.hashValue
    }

    package static func == (left: FoldedName, right: FoldedName) -> Bool {
        left.textHash == right.textHash && left.text == right.text
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(textHash) }
}
