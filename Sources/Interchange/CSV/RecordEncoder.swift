package import Bytes
package import Values

/// Writes rows in `csv` or `text` format.
package struct RecordEncoder: Sendable {
    private let dialect: TextDialect
    private let columnCount: Int

    package init(dialect: TextDialect, columnCount: Int) {
        self.dialect = dialect
        self.columnCount = columnCount
    }

    /// Appends the record with the names of the columns.
    package func appendHeader(_ names: [String], to writer: inout ByteWriter) {
        for (index, name) in names.enumerated() {
            if index > 0 { writer.bytes.append(dialect.delimiter) }
            append(Array(name.utf8)[...], to: &writer)
        }
        writer.bytes.append(10)
    }

    /// Appends a row of a batch as a record.
    package func append(
        _ batch: Batch, row: Int, cell: inout ByteWriter, to writer: inout ByteWriter
    ) {
        for (index, column) in batch.columns.enumerated() {
            if index > 0 { writer.bytes.append(dialect.delimiter) }
            if column.isNull(row) {
                writer.append(dialect.null)
                continue
            }
            cell.bytes.removeAll(keepingCapacity: true)
            column.appendText(row, to: &cell)
            append(cell.bytes[...], to: &writer)
        }
        writer.bytes.append(10)
    }

    private func append(_ value: ArraySlice<UInt8>, to writer: inout ByteWriter) {
        switch dialect.format {
        case .csv: appendQuoted(value, to: &writer)
        case .text: appendEscaped(value, to: &writer)
        }
    }

    private func appendQuoted(_ value: ArraySlice<UInt8>, to writer: inout ByteWriter) {
        var needsQuotes = value.elementsEqual(dialect.null)
        // A lone end marker would end the data.
        if columnCount == 1, value.elementsEqual("\\.".utf8) { needsQuotes = true }
        for byte in value
        where byte == dialect.delimiter || byte == dialect.quote || byte == 10 || byte == 13 {
            needsQuotes = true
        }
        if !needsQuotes { return writer.append(value) }
        writer.bytes.append(dialect.quote)
        for byte in value {
            if byte == dialect.quote || byte == dialect.escape {
                writer.bytes.append(dialect.escape)
            }
            writer.bytes.append(byte)
        }
        writer.bytes.append(dialect.quote)
    }

    private func appendEscaped(_ value: ArraySlice<UInt8>, to writer: inout ByteWriter) {
        for byte in value {
            let letter: UInt8
            switch byte {
            case 8: letter = UInt8(ascii: "b")
            case 9: letter = UInt8(ascii: "t")
            case 10: letter = UInt8(ascii: "n")
            case 11: letter = UInt8(ascii: "v")
            case 12: letter = UInt8(ascii: "f")
            case 13: letter = UInt8(ascii: "r")
            case dialect.escape, dialect.delimiter: letter = byte
            default:
                writer.bytes.append(byte)
                continue
            }
            writer.bytes.append(dialect.escape)
            writer.bytes.append(letter)
        }
    }
}
