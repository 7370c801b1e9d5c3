/// The strings that codes stand for: sorted in a segment, in order of arrival in a memtable.
package final class SymbolDictionary: Sendable {
    package let strings: [String]

    package init(_ strings: [String]) { self.strings = strings }

    /// The string of a code; nil for a code that nobody issued.
    package func string(_ code: Int) -> String? {
        code >= 0 && code < strings.count ? strings[code] : nil
    }
}
