/// Codes for strings by their bytes, in order of their first appearance. No String is made of a
/// cell, only one of each distinct symbol.
struct SymbolTable {
    private struct Entry {
        /// The bytes themselves up to eight of them, else a hash of them.
        var word: UInt64
        var length: UInt32
        /// Zero is free; else the code and one.
        var number: UInt32
    }

    private var entries = [Entry](repeating: Entry(word: 0, length: 0, number: 0), count: 256)
    private var offsets: [UInt32] = [0]
    private var heap: [UInt8] = []

    private var count: Int { offsets.count - 1 }

    /// The code of some bytes, a new one when they come for the first time.
    @inline(__always)
    mutating func code(_ bytes: Span<UInt8>, _ begin: Int, _ end: Int) -> UInt32 {
        let length = end &- begin
        let word =
            length <= 8 ? Self.shortWord(bytes, begin, length) : Self.hash(bytes, begin, end)
        let mask = entries.count &- 1
        var slot = Int(truncatingIfNeeded: Self.mix(word, length)) & mask
        while true {
            let entry = entries[slot]
            if entry.number == 0 { return add(bytes, begin, end, word, slot) }
            if entry.word == word, entry.length == length,
                length <= 8 || isEqual(entry.number &- 1, bytes, begin, length)
            {
                return entry.number &- 1
            }
            slot = (slot &+ 1) & mask
        }
    }

    /// The strings of the codes.
    ///
    /// - Requires: what was added is UTF-8.
    var strings: [String] {
        (0..<count).map { code in
            String(
                decoding: heap[Int(offsets[code])..<Int(offsets[code + 1])], as: UTF8.self)
        }
    }

    @inline(__always)
    private static func mix(_ word: UInt64, _ length: Int) -> UInt64 {
        let product = (word ^ UInt64(truncatingIfNeeded: length)) &* 0x9e37_79b9_7f4a_7c15
        return product ^ product &>> 32
    }

    @inline(__always)
    private static func shortWord(_ bytes: Span<UInt8>, _ begin: Int, _ length: Int) -> UInt64 {
        if length == 0 { return 0 }
        if begin &+ 8 <= bytes.count {
            return bytes.eightBytes(at: begin) & (UInt64.max &>> UInt64(64 &- 8 &* length))
        }
        var word: UInt64 = 0
        for index in 0..<length { word |= UInt64(bytes[begin + index]) << UInt64(8 * index) }
        return word
    }

    private static func hash(_ bytes: Span<UInt8>, _ begin: Int, _ end: Int) -> UInt64 {
        var hash: UInt64 = 0
        var index = begin
        while index &+ 8 <= end {
            hash = (hash ^ bytes.eightBytes(at: index)) &* 0xd6e8_feb8_6659_fd93
            hash ^= hash &>> 32
            index &+= 8
        }
        // The last eight bytes overlap the ones before: there are more than eight.
        hash = (hash ^ bytes.eightBytes(at: end &- 8)) &* 0xd6e8_feb8_6659_fd93
        return hash ^ hash &>> 32
    }

    private func isEqual(_ code: UInt32, _ bytes: Span<UInt8>, _ begin: Int, _ length: Int)
        -> Bool
    {
        let start = Int(offsets[Int(code)])
        for index in 0..<length where heap[start + index] != bytes[begin + index] { return false }
        return true
    }

    private mutating func add(
        _ bytes: Span<UInt8>, _ begin: Int, _ end: Int, _ word: UInt64, _ slot: Int
    ) -> UInt32 {
        let code = UInt32(count)
        heap.append(bytes, begin, end)
        offsets.append(UInt32(heap.count))
        entries[slot] = Entry(word: word, length: UInt32(end - begin), number: code + 1)
        if count * 2 > entries.count { grow() }
        return code
    }

    private mutating func grow() {
        let old = entries
        entries = [Entry](
            repeating: Entry(word: 0, length: 0, number: 0), count: old.count * 2)
        let mask = entries.count - 1
        for entry in old where entry.number != 0 {
            var slot = Int(truncatingIfNeeded: Self.mix(entry.word, Int(entry.length))) & mask
            while entries[slot].number != 0 { slot = (slot + 1) & mask }
            entries[slot] = entry
        }
    }
}
