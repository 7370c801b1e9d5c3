import Bytes
import Values

/// Columnar rows as bytes of the log: see docs/formats/wal.md.
enum BatchCoding {
    static func encode(_ batch: Batch, into writer: inout ByteWriter) {
        writer.count(batch.rowCount)
        writer.count(batch.columns.count)
        for column in batch.columns { encode(column, into: &writer) }
    }

    private static func encode(_ column: ColumnVector, into writer: inout ByteWriter) {
        column.type.encode(into: &writer)
        writer.integer(UInt8(column.validity == nil ? 0 : 1))
        if let validity = column.validity {
            writer.append(validity.bytes.extracting(0..<(column.count + 7) / 8))
        }
        if column.type == .symbol {
            encodeSymbols(column, into: &writer)
        } else if let width = column.type.width {
            writer.append(column.values.bytes.extracting(0..<column.count * width))
        } else {
            encodeStrings(column, into: &writer)
        }
    }

    /// Only the strings that occur, numbered anew: a slice of a large table must stay small.
    private static func encodeSymbols(_ column: ColumnVector, into writer: inout ByteWriter) {
        let strings = column.dictionary?.strings ?? []
        var numbers = [Int32](repeating: -1, count: strings.count)
        var used: [Int] = []
        var codes = ByteWriter(reserving: column.count * 4)
        let values = column.values.bytes
        for row in 0..<column.count {
            let code = Int(values.integer(at: row * 4, UInt32.self))
            guard code < strings.count, !column.isNull(row) else {
                codes.integer(UInt32(0))
                continue
            }
            if numbers[code] < 0 {
                numbers[code] = Int32(used.count)
                used.append(code)
            }
            codes.integer(UInt32(numbers[code]))
        }
        writer.count(used.count)
        for code in used { writer.string(strings[code]) }
        writer.append(codes.bytes)
    }

    private static func encodeStrings(_ column: ColumnVector, into writer: inout ByteWriter) {
        let offsets = column.values.bytes
        let begin = offsets.integer(at: 0, UInt32.self)
        let end = offsets.integer(at: column.count * 4, UInt32.self)
        for row in 0...column.count {
            writer.integer(offsets.integer(at: row * 4, UInt32.self) - begin)
        }
        guard let heap = column.heap, end > begin else { return }
        writer.append(heap.bytes.extracting(Int(begin)..<Int(end)))
    }

    static func decode(_ reader: inout ByteReader) throws(DecodeFailure) -> Batch {
        let rows = try reader.count(upTo: Limits.batchRows)
        let count = try reader.count(upTo: Limits.columns)
        var columns: [ColumnVector] = []
        for _ in 0..<count { columns.append(try decodeColumn(&reader, rows: rows)) }
        return Batch(rowCount: rows, columns: columns)
    }

    private static func decodeColumn(_ reader: inout ByteReader, rows: Int) throws(DecodeFailure)
        -> ColumnVector
    {
        let start = reader.offset
        let type = try ValueType.decode(&reader)
        let hasValidity = try reader.integer(UInt8.self) != 0
        let validity =
            hasValidity
            ? ColumnVector.Slice(MemoryRegion(array: try reader.read((rows + 7) / 8))) : nil
        if type == .symbol {
            return try decodeSymbols(&reader, rows: rows, validity: validity)
        }
        if let width = type.width {
            let values = MemoryRegion(array: try reader.read(rows * width))
            return try checked(
                ColumnVector(type: type, count: rows, values: .init(values), validity: validity),
                at: start)
        }
        let offsets = MemoryRegion(array: try reader.read((rows + 1) * 4))
        var previous: UInt32 = 0
        for row in 0...rows {
            let offset = offsets.bytes.integer(at: row * 4, UInt32.self)
            guard row == 0 ? offset == 0 : offset >= previous else {
                throw .invalid(at: start, what: "string offsets that go back")
            }
            previous = offset
        }
        let heap = MemoryRegion(array: try reader.read(Int(previous)))
        return try checked(
            ColumnVector(
                type: type, count: rows, values: .init(offsets), validity: validity,
                heap: .init(heap)), at: start)
    }

    private static func checked(_ vector: ColumnVector, at start: Int) throws(DecodeFailure)
        -> ColumnVector
    {
        guard vector.holdsOnlyValues else {
            throw .invalid(at: start, what: "bytes that are no \(vector.type.name)")
        }
        return vector
    }

    private static func decodeSymbols(
        _ reader: inout ByteReader, rows: Int, validity: ColumnVector.Slice?
    ) throws(DecodeFailure) -> ColumnVector {
        let start = reader.offset
        let count = try reader.count(upTo: rows)
        var strings: [String] = []
        for _ in 0..<count { strings.append(try reader.string(upTo: Limits.transactionBytes)) }
        let codes = MemoryRegion(array: try reader.read(rows * 4))
        let vector = ColumnVector(
            type: .symbol, count: rows, values: .init(codes), validity: validity,
            dictionary: SymbolDictionary(strings))
        for row in 0..<rows where !vector.isNull(row) {
            guard Int(codes.bytes.integer(at: row * 4, UInt32.self)) < count else {
                throw .invalid(at: start, what: "symbol code above its dictionary")
            }
        }
        return vector
    }
}
