import Bytes
import Diagnostics
import Values

/// A cell that is no value of its column.
struct CellFailure: Error {
    /// Its row in the block.
    let row: Int
    let error: DatabaseError
}

/// Reads the cells of one column, block after block, and makes a vector of them.
struct ColumnGatherer {
    let name: String
    let type: ValueType
    private let column: Int
    private let dialect: TextDialect
    private let values: MemoryRegion
    private var count = 0
    private var nulls: [UInt32] = []
    private var heap: [UInt8] = []
    private var symbols = SymbolTable()
    /// For types without a loop of their own.
    private var builder: ColumnBuilder?

    /// - Parameter capacity: rows there will be at most.
    init(name: String, type: ValueType, column: Int, dialect: TextDialect, capacity: Int) {
        self.name = name
        self.type = type
        self.column = column
        self.dialect = dialect
        switch type {
        case .boolean, .byte, .short, .int, .long, .float, .double, .timestamp, .symbol:
            values = MemoryRegion(zeroed: capacity * (type.width ?? 4))
        case .varchar: values = MemoryRegion(zeroed: (capacity + 1) * 4)
        default:
            values = MemoryRegion(zeroed: 0)
            builder = ColumnBuilder(type: type)
        }
    }

    /// The vector of everything gathered.
    consuming func makeVector() -> ColumnVector {
        if let builder { return builder.makeVector() }
        let isString = type == .varchar
        return ColumnVector(
            type: type, count: count,
            values: .init(
                values, offset: 0,
                count: isString ? (count + 1) * 4 : count * (type.width ?? 4)),
            validity: validity, heap: isString ? .init(MemoryRegion(heap)) : nil,
            dictionary: type == .symbol ? SymbolDictionary(symbols.strings) : nil)
    }

    private var validity: ColumnVector.Slice? {
        if nulls.isEmpty { return nil }
        var bits = [UInt8](repeating: 255, count: (count + 7) / 8)
        for row in nulls { bits[Int(row) >> 3] &= ~(1 << UInt8(row & 7)) }
        return .init(MemoryRegion(bits))
    }

    /// Reads the column's cells of a block. Rows before the failing one are counted or not: the
    /// whole is given up.
    mutating func gather(_ block: borrowing CellBlock, _ bytes: Span<UInt8>)
        throws(CellFailure)
    {
        switch type {
        case .timestamp:
            var cells = TimestampCells(parseDay: TimestampText.parse)
            try fixed(block, bytes, Int64.self) { cells.parse($0, $1, $2) }
        case .long: try fixed(block, bytes, Int64.self) { CellText.integer($0, $1, $2) }
        case .int:
            try fixed(block, bytes, Int32.self) { span, begin, end in
                CellText.integer(span, begin, end).flatMap { Int32(exactly: $0) }
            }
        case .short:
            try fixed(block, bytes, Int16.self) { span, begin, end in
                CellText.integer(span, begin, end).flatMap { Int16(exactly: $0) }
            }
        case .byte:
            try fixed(block, bytes, Int8.self) { span, begin, end in
                CellText.integer(span, begin, end).flatMap { Int8(exactly: $0) }
            }
        case .double:
            let powers = CellText.powers
            try fixed(block, bytes, Double.self) { CellText.double($0, $1, $2, powers) }
        case .float:
            let powers = CellText.powers
            try fixed(block, bytes, Float.self) { span, begin, end in
                CellText.double(span, begin, end, powers).map { Float($0) }
            }
        case .boolean: try fixed(block, bytes, UInt8.self) { CellText.boolean($0, $1, $2) }
        case .symbol: try gatherSymbols(block, bytes)
        case .varchar: try gatherStrings(block, bytes)
        default: try gatherOthers(block, bytes)
        }
    }

    @inline(__always)
    private mutating func fixed<T: BitwiseCopyable>(
        _ block: borrowing CellBlock, _ bytes: Span<UInt8>, _ as: T.Type,
        _ parse: (Span<UInt8>, Int, Int) -> T?
    ) throws(CellFailure) {
        let region = values
        let base = count
        var failure: CellFailure?
        region.withMutableBytes { out in
            var row = 0
            while row < block.rows {
                let cell = block.cell(row, column)
                if isNull(bytes, cell) {
                    nulls.append(UInt32(base &+ row))
                } else if cell.form != CellBlock.Form.escaped.rawValue,
                    let value = parse(bytes, cell.begin, cell.end)
                {
                    out.storeBytes(
                        of: value, toByteOffset: (base &+ row) &* MemoryLayout<T>.size, as: T.self)
                } else {
                    do throws(DatabaseError) {
                        let bits = try bits(bytes, cell)
                        store(bits, at: base + row, &out)
                    } catch {
                        failure = CellFailure(row: row, error: error)
                        return
                    }
                }
                row &+= 1
            }
        }
        if let failure { throw failure }
        count += block.rows
    }

    /// What the general way reads, as the bits of the column's type.
    private func bits(_ bytes: Span<UInt8>, _ cell: Cell) throws(DatabaseError) -> Int64 {
        switch try value(bytes, cell) {
        case .boolean(let flag): flag ? 1 : 0
        case .integer(let number), .timestamp(let number), .date(let number): number
        case .double(let number):
            type == .float
                ? Int64(Float(number).bitPattern) : Int64(bitPattern: number.bitPattern)
        default: 0
        }
    }

    private func store(_ bits: Int64, at row: Int, _ out: inout MutableRawSpan) {
        switch type.width {
        case 1:
            out.storeBytes(of: UInt8(truncatingIfNeeded: bits), toByteOffset: row, as: UInt8.self)
        case 2:
            out.storeBytes(
                of: UInt16(truncatingIfNeeded: bits), toByteOffset: row * 2, as: UInt16.self)
        case 4:
            out.storeBytes(
                of: UInt32(truncatingIfNeeded: bits), toByteOffset: row * 4, as: UInt32.self)
        default: out.storeBytes(of: bits, toByteOffset: row * 8, as: Int64.self)
        }
    }

    private typealias Cell = (begin: Int, end: Int, form: UInt32)

    /// Only a bare cell is NULL, and one with escapes when its bytes are the marker's (`\N`).
    @inline(__always)
    private func isNull(_ bytes: Span<UInt8>, _ cell: Cell) -> Bool {
        guard cell.end &- cell.begin == dialect.null.count,
            cell.form != CellBlock.Form.quoted.rawValue
        else { return false }
        var index = 0
        while index < dialect.null.count {
            if bytes[cell.begin &+ index] != dialect.null[index] { return false }
            index &+= 1
        }
        return true
    }

    /// The general way: any spelling the type has.
    private func value(_ bytes: Span<UInt8>, _ cell: Cell) throws(DatabaseError) -> Value {
        let raw = try text(bytes, cell)
        return try Value.parse(String(decoding: raw, as: UTF8.self), as: type)
    }

    /// A cell's bytes without quotes and escapes.
    private func text(_ bytes: Span<UInt8>, _ cell: Cell) throws(DatabaseError) -> [UInt8] {
        if cell.form != CellBlock.Form.escaped.rawValue {
            return bytes.array(cell.begin, cell.end)
        }
        let raw = dialect.unescaped(bytes, cell.begin, cell.end)
        // Escapes can make any bytes.
        if dialect.format == .text,
            raw.contains(0) || String(validating: raw, as: UTF8.self) == nil
        {
            throw .badTextEncoding()
        }
        return raw
    }

    private mutating func gatherSymbols(_ block: borrowing CellBlock, _ bytes: Span<UInt8>)
        throws(CellFailure)
    {
        let region = values
        let base = count
        var failure: CellFailure?
        region.withMutableBytes { out in
            for row in 0..<block.rows {
                let cell = block.cell(row, column)
                var code: UInt32 = 0
                if isNull(bytes, cell) {
                    nulls.append(UInt32(base + row))
                } else if cell.form != CellBlock.Form.escaped.rawValue {
                    code = symbols.code(bytes, cell.begin, cell.end)
                } else {
                    do throws(DatabaseError) {
                        let raw = try text(bytes, cell)
                        code = symbols.code(raw.span, 0, raw.count)
                    } catch {
                        failure = CellFailure(row: row, error: error)
                        return
                    }
                }
                out.storeBytes(of: code, toByteOffset: (base &+ row) &* 4, as: UInt32.self)
            }
        }
        if let failure { throw failure }
        count += block.rows
    }

    private mutating func gatherStrings(_ block: borrowing CellBlock, _ bytes: Span<UInt8>)
        throws(CellFailure)
    {
        let region = values
        let base = count
        var failure: CellFailure?
        region.withMutableBytes { out in
            for row in 0..<block.rows {
                let cell = block.cell(row, column)
                if isNull(bytes, cell) {
                    nulls.append(UInt32(base + row))
                } else if cell.form != CellBlock.Form.escaped.rawValue {
                    heap.append(bytes, cell.begin, cell.end)
                } else {
                    do throws(DatabaseError) {
                        heap += try text(bytes, cell)
                    } catch {
                        failure = CellFailure(row: row, error: error)
                        return
                    }
                }
                out.storeBytes(
                    of: UInt32(truncatingIfNeeded: heap.count),
                    toByteOffset: (base &+ row &+ 1) &* 4, as: UInt32.self)
            }
        }
        if let failure { throw failure }
        count += block.rows
    }

    private mutating func gatherOthers(_ block: borrowing CellBlock, _ bytes: Span<UInt8>)
        throws(CellFailure)
    {
        for row in 0..<block.rows {
            let cell = block.cell(row, column)
            if isNull(bytes, cell) {
                builder?.append(.null)
                continue
            }
            do throws(DatabaseError) {
                let value = try value(bytes, cell)
                builder?.append(value)
            } catch {
                throw CellFailure(row: row, error: error)
            }
        }
        count += block.rows
    }
}
