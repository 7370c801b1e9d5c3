import Bytes
import Values

/// Numbers the different rows of some columns in the order of their arrival.
///
/// A row becomes bytes (a mark for NULL, then the value), found by open addressing with the hash
/// kept beside the number, so that growing reads no keys.
struct GroupTable {
    private(set) var count = 0
    private var keys: [UInt8] = []
    private var ends: [Int] = [0]
    private var slots: [Int32] = Array(repeating: -1, count: 1024)
    private var hashes: [UInt64] = []
    /// For one symbol as the only key: code to group, for the last dictionary seen.
    private var symbolGroups: [Int32] = []
    private var symbolDictionary: SymbolDictionary?

    var byteCount: Int { keys.count + ends.count * 16 + slots.count * 4 }

    /// Finds or makes the group of each row.
    mutating func add(_ columns: [ColumnVector], count rows: Int) -> [Int32] {
        if columns.count == 1, columns[0].type == .symbol { return addSymbols(columns[0]) }
        let lanes = columns.map { Casting.text($0) }
        var groups = [Int32](repeating: 0, count: rows)
        var key: [UInt8] = []
        for row in 0..<rows {
            key.removeAll(keepingCapacity: true)
            for lane in lanes { Self.encode(lane, row, into: &key) }
            groups[row] = find(key)
        }
        return groups
    }

    /// Finds the group of each row, -1 where there is none; adds nothing.
    func look(_ columns: [ColumnVector], count rows: Int) -> [Int32] {
        let lanes = columns.map { Casting.text($0) }
        var groups = [Int32](repeating: -1, count: rows)
        var key: [UInt8] = []
        for row in 0..<rows {
            key.removeAll(keepingCapacity: true)
            for lane in lanes { Self.encode(lane, row, into: &key) }
            groups[row] = slots[slot(of: key, Self.hash(key))]
        }
        return groups
    }

    private mutating func addSymbols(_ vector: ColumnVector) -> [Int32] {
        let strings = vector.dictionary?.strings ?? []
        if vector.dictionary !== symbolDictionary {
            symbolDictionary = vector.dictionary
            symbolGroups = Array(repeating: -1, count: strings.count + 1)
        }
        var groups = [Int32](repeating: 0, count: vector.count)
        for row in 0..<vector.count {
            // The last place is that of NULL.
            let code =
                vector.isNull(row)
                ? strings.count : min(Int(vector.load(row, UInt32.self)), strings.count)
            var group = symbolGroups[code]
            if group < 0 {
                var key: [UInt8] = [0]
                if code < strings.count { key = Self.textKey(Array(strings[code].utf8)) }
                group = find(key)
                symbolGroups[code] = group
            }
            groups[row] = group
        }
        return groups
    }

    private static func textKey(_ bytes: [UInt8]) -> [UInt8] {
        var key: [UInt8] = [1]
        withUnsignedBytes(of: UInt32(truncatingIfNeeded: bytes.count)) { key.append($0) }
        key.append(contentsOf: bytes)
        return key
    }

    private static func withUnsignedBytes<T: FixedWidthInteger>(
        of value: T, _ body: (UInt8) -> Void
    ) {
        var rest = value
        for _ in 0..<MemoryLayout<T>.size {
            body(UInt8(truncatingIfNeeded: rest))
            if T.bitWidth > 8 { rest = rest >> 8 }
        }
    }

    private static func encode(_ vector: ColumnVector, _ row: Int, into key: inout [UInt8]) {
        if vector.isNull(row) {
            key.append(0)
            return
        }
        switch vector.type.width {
        case nil where vector.type.arrayElement == .double || vector.type.arrayElement == .float:
            key.append(1)
            encodeArray(vector, row, into: &key)
        case nil:
            let (heap, range) = TextSide.vector(vector).place(row)
            key.append(1)
            withUnsignedBytes(of: UInt32(truncatingIfNeeded: range.count)) { key.append($0) }
            let bytes = heap.bytes
            precondition(range.upperBound <= bytes.byteCount, "string lies inside the heap")
            for offset in range { key.append(bytes.element(offset, UInt8.self)) }
        case let width?:
            key.append(1)
            if vector.type == .double || vector.type == .float {
                encodeFloat(vector, row, into: &key)
                return
            }
            let bytes = vector.values.bytes
            precondition((row + 1) * width <= bytes.byteCount, "row lies inside the values")
            for offset in row * width..<(row + 1) * width {
                key.append(bytes.element(offset, UInt8.self))
            }
        }
    }

    /// An array of floating point, each element as it is compared.
    private static func encodeArray(_ vector: ColumnVector, _ row: Int, into key: inout [UInt8]) {
        guard case .array(let array) = vector.value(at: row) else { return }
        key.append(UInt8(truncatingIfNeeded: array.lengths.count))
        for length in array.lengths {
            withUnsignedBytes(of: UInt32(truncatingIfNeeded: length)) { key.append($0) }
        }
        for element in array.elements {
            guard case .double(let number) = element else {
                key.append(0)
                continue
            }
            key.append(1)
            let bits = number.isNaN ? Double.nan.bitPattern : (number + 0).bitPattern
            withUnsignedBytes(of: bits) { key.append($0) }
        }
    }

    /// -0 is 0, and there is one NaN.
    private static func encodeFloat(_ vector: ColumnVector, _ row: Int, into key: inout [UInt8]) {
        guard case .double(let number) = vector.value(at: row) else { return }
        let bits = number.isNaN ? Double.nan.bitPattern : (number + 0).bitPattern
        withUnsignedBytes(of: bits) { key.append($0) }
    }

    /// The slot that holds a key, or the free one where it belongs.
    private func slot(of key: [UInt8], _ hash: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let group = Int(slots[slot])
            if hashes[group] == hash, keys[ends[group]..<ends[group + 1]].elementsEqual(key) {
                return slot
            }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private mutating func find(_ key: [UInt8]) -> Int32 {
        let hash = Self.hash(key)
        let place = slot(of: key, hash)
        if slots[place] >= 0 { return slots[place] }
        slots[place] = Int32(count)
        hashes.append(hash)
        keys.append(contentsOf: key)
        ends.append(keys.count)
        count += 1
        if count * 2 > slots.count { grow() }
        return Int32(count - 1)
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        let mask = slots.count - 1
        for group in 0..<count {
            var slot = Int(truncatingIfNeeded: hashes[group]) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(group)
        }
    }

    /// FNV-1a with a last mix: short keys, and a table that only needs the low bits spread.
    private static func hash(_ key: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= hash >> 32
        return hash &* 0x9e37_79b9_7f4a_7c15 ^ hash >> 29
    }
}
