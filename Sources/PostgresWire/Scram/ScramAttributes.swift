import Diagnostics

/// The attributes of one SCRAM message in order: `r=…,s=…,i=…`.
struct ScramAttributes {
    private let parts: [ArraySlice<UInt8>]

    init(_ message: ArraySlice<UInt8>) {
        parts = message.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }

    var count: Int { parts.count }

    /// Returns the value of the attribute at a place, which must carry the name given.
    func value(_ index: Int, _ name: Unicode.Scalar) throws(DatabaseError) -> ArraySlice<UInt8> {
        guard index < parts.count, parts[index].count >= 2,
            parts[index][parts[index].startIndex] == UInt8(truncatingIfNeeded: name.value),
            parts[index][parts[index].startIndex + 1] == UInt8(ascii: "=")
        else { throw .malformedScram("lacks attribute \(name)") }
        return parts[index].dropFirst(2)
    }

    /// Tells whether every byte may stand in a nonce: printable and no comma.
    static func isNonce(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x2c }
    }
}
