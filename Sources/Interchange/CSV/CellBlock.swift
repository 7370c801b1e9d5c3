import Diagnostics

/// Where the cells of some records lie in a chunk, row after row.
///
/// Finding cells first and reading them afterwards, a column at a time, keeps both loops simple:
/// the first knows no types, the second no quotes.
struct CellBlock {
    /// What a cell's bytes are.
    enum Form: UInt32 {
        /// Its value, or the marker of NULL.
        case bare = 0
        /// Its value, from between quotes.
        case quoted = 1
        /// Quotes or escapes are still among them.
        case escaped = 2
    }

    let columns: Int
    private(set) var rows = 0
    private(set) var begins: [UInt32]
    /// The form in the upper two bits.
    private(set) var ends: [UInt32]
    /// Where each record begins, for errors.
    private(set) var recordBegins: [UInt32] = []

    init(columns: Int) {
        self.columns = columns
        begins = []
        ends = []
        let rows = max(1, min(Limits.blockRows, Limits.blockCells / max(1, columns)))
        begins.reserveCapacity(rows * columns)
        ends.reserveCapacity(rows * columns)
        recordBegins.reserveCapacity(rows)
    }

    var isFull: Bool {
        rows >= Limits.blockRows || begins.count + columns > Limits.blockCells && rows > 0
    }

    mutating func removeAll() {
        rows = 0
        begins.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        recordBegins.removeAll(keepingCapacity: true)
    }

    @inline(__always) mutating func append(_ begin: Int, _ end: Int, _ form: Form) {
        begins.append(UInt32(truncatingIfNeeded: begin))
        ends.append(UInt32(truncatingIfNeeded: end) | form.rawValue << 30)
    }

    @inline(__always) mutating func endRecord(begin: Int) {
        recordBegins.append(UInt32(truncatingIfNeeded: begin))
        rows += 1
    }

    @inline(__always) func cell(_ row: Int, _ column: Int) -> (begin: Int, end: Int, form: UInt32) {
        let index = row &* columns &+ column
        let end = ends[index]
        return (Int(begins[index]), Int(end & 0x3fff_ffff), end >> 30)
    }
}

/// Finds the cells of records.
struct CellFinder {
    let dialect: TextDialect
    let columns: Int
    /// Where the next record begins.
    private(set) var offset = 0
    /// A line `\.` said that nothing follows.
    private(set) var isEnded = false
    /// 1 for bytes that end or change a cell.
    private let isSpecial: [UInt8]

    init(_ dialect: TextDialect, columns: Int) {
        self.dialect = dialect
        self.columns = columns
        var table = [UInt8](repeating: 0, count: 256)
        for byte in [10, 13, dialect.delimiter, dialect.quote] { table[Int(byte)] = 1 }
        isSpecial = table
    }

    /// What is wrong with a record.
    struct Failure: Error {
        enum Reason { case missing(column: Int), extra, unterminated, carriageReturn }
        let reason: Reason
        let recordBegin: Int
    }

    /// Finds cells until the block is full or the chunk ends.
    mutating func fill(_ block: inout CellBlock, _ bytes: Span<UInt8>) throws(Failure) {
        while offset < bytes.count, !block.isFull, !isEnded {
            if isEndMarker(bytes) {
                isEnded = true
                return
            }
            try record(&block, bytes)
        }
    }

    /// Reads the cells of the next record as text, however many there are: a header.
    mutating func names(_ bytes: Span<UInt8>) throws(Failure) -> [String] {
        let begin = offset
        var names: [String] = []
        while true {
            let (cell, next) = try cell(bytes, begin)
            let raw =
                cell.form == .escaped
                ? dialect.unescaped(bytes, cell.begin, cell.end)
                : bytes.array(cell.begin, cell.end)
            names.append(String(decoding: raw, as: UTF8.self))
            offset = next
            if next >= bytes.count || bytes[next] != dialect.delimiter { break }
            offset = next + 1
        }
        passLineEnd(bytes)
        return names
    }

    private mutating func passLineEnd(_ bytes: Span<UInt8>) {
        if offset < bytes.count, bytes[offset] == 13 { offset += 1 }
        if offset < bytes.count { offset += 1 }
    }

    private func isEndMarker(_ bytes: Span<UInt8>) -> Bool {
        guard bytes[offset] == UInt8(ascii: "\\"), offset + 1 < bytes.count,
            bytes[offset + 1] == UInt8(ascii: ".")
        else { return false }
        var next = offset + 2
        if next < bytes.count, bytes[next] == 13 { next += 1 }
        return next == bytes.count || bytes[next] == 10
    }

    private mutating func record(_ block: inout CellBlock, _ bytes: Span<UInt8>) throws(Failure) {
        let begin = offset
        var found = 0
        while true {
            let (cell, next) = try cell(bytes, begin)
            if found == columns {
                throw Failure(reason: .extra, recordBegin: begin)
            }
            block.append(cell.begin, cell.end, cell.form)
            found += 1
            offset = next
            // The last cell ends at a line end or with the chunk.
            if next >= bytes.count || bytes[next] != dialect.delimiter { break }
            offset = next + 1
        }
        if found < columns { throw Failure(reason: .missing(column: found), recordBegin: begin) }
        passLineEnd(bytes)
        block.endRecord(begin: begin)
    }

    private typealias Cell = (begin: Int, end: Int, form: CellBlock.Form)

    /// The cell at `offset`, and the place of the delimiter or line end behind it.
    @inline(__always)
    private func cell(_ bytes: Span<UInt8>, _ record: Int) throws(Failure) -> (Cell, Int) {
        var index = offset
        while index < bytes.count, isSpecial[Int(bytes[index])] == 0 { index &+= 1 }
        if index == bytes.count { return ((offset, index, .bare), index) }
        let byte = bytes[index]
        if byte == dialect.delimiter || byte == 10 { return ((offset, index, .bare), index) }
        if byte == 13, isLineEnd(bytes, index) { return ((offset, index, .bare), index) }
        if byte == 13 { throw Failure(reason: .carriageReturn, recordBegin: record) }
        switch dialect.format {
        case .csv: return try quotedCell(bytes, record, at: index)
        case .text: return try escapedCell(bytes, record, at: index)
        }
    }

    /// Whether a carriage return is the first half of a line end, or the last byte of all.
    private func isLineEnd(_ bytes: Span<UInt8>, _ index: Int) -> Bool {
        index + 1 == bytes.count || bytes[index + 1] == 10
    }

    private func quotedCell(_ bytes: Span<UInt8>, _ record: Int, at first: Int)
        throws(Failure) -> (Cell, Int)
    {
        var index = first
        var isInside = false
        var changes = 0
        var hasEscapes = false
        while index < bytes.count {
            let byte = bytes[index]
            if isInside {
                let hasNext = index + 1 < bytes.count
                if byte == dialect.escape, hasNext,
                    bytes[index + 1] == dialect.quote || bytes[index + 1] == dialect.escape
                {
                    hasEscapes = true
                    index += 1
                } else if byte == dialect.quote {
                    isInside = false
                    changes += 1
                }
            } else if byte == dialect.quote {
                isInside = true
                changes += 1
            } else if byte == dialect.delimiter || byte == 10 {
                break
            } else if byte == 13 {
                if isLineEnd(bytes, index) { break }
                throw Failure(reason: .carriageReturn, recordBegin: record)
            }
            index += 1
        }
        if isInside { throw Failure(reason: .unterminated, recordBegin: record) }
        let isWhole = first == offset && changes == 2 && bytes[index - 1] == dialect.quote
        if isWhole, !hasEscapes { return ((offset + 1, index - 1, .quoted), index) }
        return ((offset, index, .escaped), index)
    }

    private func escapedCell(_ bytes: Span<UInt8>, _ record: Int, at first: Int)
        throws(Failure) -> (Cell, Int)
    {
        var index = first
        while index < bytes.count {
            let byte = bytes[index]
            if byte == dialect.escape {
                index += 1
            } else if byte == dialect.delimiter || byte == 10 {
                break
            } else if byte == 13 {
                if isLineEnd(bytes, index) { break }
                throw Failure(reason: .carriageReturn, recordBegin: record)
            }
            index += 1
        }
        let end = min(index, bytes.count)
        return ((offset, end, .escaped), end)
    }
}

extension TextDialect {
    /// The value of a cell whose quotes or escapes are still there.
    func unescaped(_ bytes: Span<UInt8>, _ begin: Int, _ end: Int) -> [UInt8] {
        switch format {
        case .csv: unquoted(bytes, begin, end)
        case .text: withoutBackslashes(bytes, begin, end)
        }
    }

    private func unquoted(_ bytes: Span<UInt8>, _ begin: Int, _ end: Int) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(end - begin)
        var isInside = false
        var index = begin
        while index < end {
            let byte = bytes[index]
            if isInside, byte == escape, index + 1 < end,
                bytes[index + 1] == quote || bytes[index + 1] == escape
            {
                value.append(bytes[index + 1])
                index += 1
            } else if byte == quote {
                isInside.toggle()
            } else {
                value.append(byte)
            }
            index += 1
        }
        return value
    }

    private func withoutBackslashes(_ bytes: Span<UInt8>, _ begin: Int, _ end: Int) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(end - begin)
        var index = begin
        while index < end {
            let byte = bytes[index]
            index += 1
            guard byte == escape, index < end else {
                value.append(byte)
                continue
            }
            let letter = bytes[index]
            index += 1
            switch letter {
            case UInt8(ascii: "b"): value.append(8)
            case UInt8(ascii: "f"): value.append(12)
            case UInt8(ascii: "n"): value.append(10)
            case UInt8(ascii: "r"): value.append(13)
            case UInt8(ascii: "t"): value.append(9)
            case UInt8(ascii: "v"): value.append(11)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                var code = Int(letter - 48)
                for _ in 0..<2 where index < end && bytes[index] >= 48 && bytes[index] <= 55 {
                    code = code * 8 + Int(bytes[index] - 48)
                    index += 1
                }
                value.append(UInt8(truncatingIfNeeded: code))
            case UInt8(ascii: "x"):
                var code = 0
                var digits = 0
                while digits < 2, index < end, let digit = Self.hexadecimal(bytes[index]) {
                    code = code * 16 + digit
                    digits += 1
                    index += 1
                }
                value.append(digits == 0 ? letter : UInt8(truncatingIfNeeded: code))
            default: value.append(letter)
            }
        }
        return value
    }

    private static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case 48...57: Int(byte) - 48
        case 65...70: Int(byte) - 55
        case 97...102: Int(byte) - 87
        default: nil
        }
    }
}
