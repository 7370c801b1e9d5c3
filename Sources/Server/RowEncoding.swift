import Bytes
import Diagnostics
import HTTPWire
import PostgresWire
import Values

/// Turns batches into the bytes of a protocol: the only places where rows become text.
enum RowEncoding {
    /// DataRow messages for some rows of a batch, each column in its format.
    ///
    /// - Throws: 22008 for a moment that the binary format cannot tell.
    static func postgres(_ batch: Batch, _ rows: Range<Int>, formats: [WireFormat])
        throws(DatabaseError) -> [UInt8]
    {
        for (column, format) in zip(batch.columns, formats) where format == .binary {
            try column.checkBinary(rows)
        }
        var encoder = BackendEncoder(reserving: rows.count * batch.columns.count * 16)
        var cell = ByteWriter(reserving: 64)
        for row in rows {
            encoder.beginRow(columns: batch.columns.count)
            for (column, format) in zip(batch.columns, formats) {
                if column.isNull(row) {
                    encoder.null()
                    continue
                }
                cell.bytes.removeAll(keepingCapacity: true)
                switch format {
                case .text: column.appendWireText(row, to: &cell)
                case .binary: column.appendBinary(row, to: &cell)
                }
                encoder.cell(cell.bytes)
            }
            encoder.endRow()
        }
        return encoder.take()
    }

    /// Rows of /exec's dataset, appended to an open document.
    static func json(_ batch: Batch, _ rows: Range<Int>, into response: inout ExecResponse) {
        var cell = ByteWriter(reserving: 64)
        for row in rows {
            response.beginRow()
            for column in batch.columns {
                cell.bytes.removeAll(keepingCapacity: true)
                column.appendJSON(row, to: &cell)
                response.cells.raw(cell.bytes)
            }
            response.endRow()
        }
    }
}
