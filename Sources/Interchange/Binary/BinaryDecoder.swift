package import Diagnostics
package import Bytes
package import Values

/// Reads PostgreSQL's binary COPY format, wherever the pieces it came in were cut.
package struct BinaryDecoder: Sendable {
    private static let signature: [UInt8] = Array("PGCOPY\n".utf8) + [255, 13, 10, 0]
    private static let headerBytes = 19

    private let columns: [RecordColumn]
    private var buffer: [UInt8] = []
    private var hasHeader = false
    private var isEnded = false
    private var builders: [ColumnBuilder]
    private var rows = 0
    /// Rows that went into batches before.
    private var passedRows = 0

    package init(columns: [RecordColumn]) {
        self.columns = columns
        builders = columns.map { ColumnBuilder(type: $0.type) }
    }

    /// Rows decoded and not taken yet.
    package var rowCount: Int { rows }

    /// Bytes held.
    package var byteCount: Int { buffer.count + builders.reduce(0) { $0 + $1.byteCount } }

    /// Takes the next piece and decodes the whole rows there are.
    ///
    /// - Throws: 22P04 for what is not the format, 22P03 for values of a wrong length, 54000 for a
    ///   row beyond what is held of one.
    package mutating func append(_ bytes: [UInt8]) throws(DatabaseError) {
        buffer.append(contentsOf: bytes)
        var offset = 0
        while let next = try decode(from: offset) { offset = next }
        buffer.removeFirst(offset)
        if buffer.count > Limits.recordBytes { throw .recordTooLong(line: passedRows + rows + 1) }
    }

    /// Takes out the rows decoded so far.
    package mutating func takeBatch() -> Batch {
        let batch = Batch(rowCount: rows, columns: builders.map { $0.makeVector() })
        builders = columns.map { ColumnBuilder(type: $0.type) }
        passedRows += rows
        rows = 0
        return batch
    }

    /// Checks that the stream did not end in the middle.
    ///
    /// - Throws: 22P04
    package func finish() throws(DatabaseError) {
        guard hasHeader else { throw .badBinaryCopy("COPY file signature not recognized") }
        guard buffer.isEmpty else { throw .badBinaryCopy("unexpected EOF in COPY data") }
    }

    /// Decodes the header or a row; nil when it is not whole yet.
    private mutating func decode(from offset: Int) throws(DatabaseError) -> Int? {
        if isEnded {
            guard offset < buffer.count else { return nil }
            throw .badBinaryCopy("received copy data after EOF marker")
        }
        if !hasHeader { return try header(from: offset) }
        guard let fields = bigEndian(offset, UInt16.self) else { return nil }
        if fields == UInt16.max {
            isEnded = true
            return offset + 2
        }
        guard Int(fields) == columns.count else {
            throw .badBinaryCopy(
                "row field count is \(Int16(bitPattern: fields)), expected \(columns.count)")
        }
        guard let end = try end(ofRowFrom: offset + 2) else { return nil }
        try row(from: offset + 2)
        rows += 1
        return end
    }

    private mutating func header(from offset: Int) throws(DatabaseError) -> Int? {
        let known = min(buffer.count - offset, Self.signature.count)
        guard buffer[offset..<offset + known].elementsEqual(Self.signature.prefix(known)) else {
            throw .badBinaryCopy("COPY file signature not recognized")
        }
        guard let flags = bigEndian(offset + 11, UInt32.self),
            let extra = bigEndian(offset + 15, UInt32.self)
        else { return nil }
        // The lower half is for what a reader may pass over.
        guard flags >> 16 == 0 else {
            throw .badBinaryCopy("unrecognized critical flags in COPY file header")
        }
        guard extra <= Limits.recordBytes else {
            throw .badBinaryCopy("invalid COPY file header (wrong length)")
        }
        let end = offset + Self.headerBytes + Int(extra)
        guard end <= buffer.count else { return nil }
        hasHeader = true
        return end
    }

    private func end(ofRowFrom offset: Int) throws(DatabaseError) -> Int? {
        var place = offset
        for column in columns {
            guard let length = bigEndian(place, UInt32.self) else { return nil }
            place += 4
            if length == UInt32.max { continue }
            guard length <= Limits.recordBytes else {
                throw DatabaseError.badBinaryCopy("invalid field size \(length)")
                    .inRecord(line: passedRows + rows + 1, column: column.name)
            }
            place += Int(length)
            if place > buffer.count { return nil }
        }
        return place
    }

    /// - Requires: the row is whole.
    private mutating func row(from offset: Int) throws(DatabaseError) {
        var place = offset
        // All values before any is taken: a row is in all columns or in none.
        var values: [Value] = []
        values.reserveCapacity(columns.count)
        for column in columns {
            let length = bigEndian(place, UInt32.self) ?? 0
            place += 4
            if length == UInt32.max {
                values.append(.null)
                continue
            }
            do throws(DatabaseError) {
                let bytes = Array(buffer[place..<place + Int(length)])
                let value = try Value.parseBinary(bytes, as: column.type)
                if case .string = value, bytes.contains(0) { throw .badTextEncoding() }
                values.append(value)
            } catch {
                throw error.inRecord(line: passedRows + rows + 1, column: column.name)
            }
            place += Int(length)
        }
        for (index, value) in values.enumerated() { builders[index].append(value) }
    }

    private func bigEndian<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type) -> T? {
        let size = T.bitWidth / 8
        guard offset + size <= buffer.count else { return nil }
        var value: T = 0
        for byte in buffer[offset..<offset + size] { value = value << 8 | T(byte) }
        return value
    }
}

/// Writes PostgreSQL's binary COPY format.
package enum BinaryEncoder {
    /// What stands before the first row.
    package static let header: [UInt8] =
        Array("PGCOPY\n".utf8) + [255, 13, 10, 0] + [UInt8](repeating: 0, count: 8)
    /// What stands behind the last row.
    package static let trailer: [UInt8] = [255, 255]

    /// Appends a row of a batch.
    package static func append(
        _ batch: Batch, row: Int, cell: inout ByteWriter, to writer: inout ByteWriter
    ) {
        writer.bigEndian(UInt16(truncatingIfNeeded: batch.columns.count))
        for column in batch.columns {
            if column.isNull(row) {
                writer.bigEndian(UInt32.max)
                continue
            }
            cell.bytes.removeAll(keepingCapacity: true)
            column.appendBinary(row, to: &cell)
            writer.bigEndian(UInt32(truncatingIfNeeded: cell.count))
            writer.append(cell.bytes)
        }
    }
}
