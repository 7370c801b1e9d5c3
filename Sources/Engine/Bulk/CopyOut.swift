import Bytes
package import Diagnostics
import Interchange
package import Values

/// The rows of a COPY … TO STDOUT and how each is spelled. A value: rows may be encoded anywhere.
package struct CopyOut: Sendable {
    package let rows: ResultRows
    private let format: CopyFormat
    private let encoder: RecordEncoder?

    init(rows: ResultRows, format: CopyFormat) {
        self.rows = rows
        self.format = format
        switch format {
        case .text(let dialect):
            encoder = RecordEncoder(dialect: dialect, columnCount: rows.columns.count)
        case .binary: encoder = nil
        }
    }

    package var columnCount: Int { rows.columns.count }
    package var isBinary: Bool { format.isBinary }

    /// What stands before the first row; nil for nothing.
    package var head: [UInt8]? {
        switch format {
        case .binary: return BinaryEncoder.header
        case .text(let dialect):
            guard dialect.header != .none else { return nil }
            var writer = ByteWriter()
            encoder?.appendHeader(rows.columns.map(\.name), to: &writer)
            return writer.bytes
        }
    }

    /// What stands behind the last row; nil for nothing.
    package var tail: [UInt8]? { isBinary ? BinaryEncoder.trailer : nil }

    /// Spells some rows of a batch, each given to `take` by itself.
    ///
    /// - Throws: 22008 for a moment that the binary form cannot tell.
    package func encode(_ batch: Batch, _ range: Range<Int>, take: ([UInt8]) -> Void)
        throws(DatabaseError)
    {
        if isBinary {
            for column in batch.columns { try column.checkBinary(range) }
        }
        var cell = ByteWriter(reserving: 64)
        var row = ByteWriter(reserving: 256)
        for index in range {
            row.bytes.removeAll(keepingCapacity: true)
            if let encoder {
                encoder.append(batch, row: index, cell: &cell, to: &row)
            } else {
                BinaryEncoder.append(batch, row: index, cell: &cell, to: &row)
            }
            take(row.bytes)
        }
    }
}
