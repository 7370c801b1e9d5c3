package import Diagnostics
package import Values

/// A column that a stream of rows has.
package struct RecordColumn: Sendable, Equatable {
    package let name: String
    package let type: ValueType

    package init(name: String, type: ValueType) {
        self.name = name
        self.type = type
    }
}

/// The rows of one chunk.
package struct DecodedRows: Sendable {
    /// One vector per column of the stream, in its order.
    package let batch: Batch
    /// A line `\.` said that what follows is no data.
    package let isEnded: Bool

    package init(batch: Batch, isEnded: Bool = false) {
        self.batch = batch
        self.isEnded = isEnded
    }
}

/// Makes batches of whole records in `csv` or `text` format. Knows nothing of the chunks before, so
/// chunks may be decoded at the same time.
package struct RecordDecoder: Sendable {
    package let columns: [RecordColumn]
    private let dialect: TextDialect

    package init(columns: [RecordColumn], dialect: TextDialect) {
        self.columns = columns
        self.dialect = dialect
    }

    /// - Throws: 22P04 for records that are cut wrongly or a header of other names, 22021 for text
    ///   that is not UTF-8, and what `Value.parse` throws; with line and column in the detail.
    package func decode(_ chunk: RecordChunk) throws(DatabaseError) -> DecodedRows {
        let bytes = chunk.bytes.span
        guard bytes.count < Limits.chunkBytes else { throw .recordTooLong(line: chunk.firstLine) }
        let bad = offsetOfBadText(bytes, chunk)
        var finder = CellFinder(dialect, columns: columns.count)
        if chunk.isFirst, dialect.header != .none { try passHeader(&finder, bytes, chunk) }
        var gatherers = columns.enumerated().map { index, column in
            ColumnGatherer(
                name: column.name, type: column.type, column: index, dialect: dialect,
                capacity: chunk.lineEnds + 1)
        }
        var block = CellBlock(columns: columns.count)
        var rows = 0
        while finder.offset < bytes.count, !finder.isEnded {
            block.removeAll()
            var failure: CellFinder.Failure?
            do throws(CellFinder.Failure) {
                try finder.fill(&block, bytes)
            } catch {
                failure = error
            }
            try refuse(bad, before: finder.offset, bytes, chunk)
            try gather(block, &gatherers, bytes, chunk)
            if let failure { throw describe(failure, bytes, chunk) }
            rows += block.rows
        }
        try refuse(bad, before: finder.offset, bytes, chunk)
        return DecodedRows(
            batch: Batch(rowCount: rows, columns: gatherers.map { $0.makeVector() }),
            isEnded: finder.isEnded)
    }

    /// Reads a block column by column and reports the first bad row of all.
    private func gather(
        _ block: CellBlock, _ gatherers: inout [ColumnGatherer], _ bytes: Span<UInt8>,
        _ chunk: RecordChunk
    ) throws(DatabaseError) {
        var first: (failure: CellFailure, column: String)?
        for index in gatherers.indices {
            do throws(CellFailure) {
                try gatherers[index].gather(block, bytes)
            } catch {
                if error.row < first?.failure.row ?? .max {
                    first = (error, gatherers[index].name)
                }
            }
        }
        guard let first else { return }
        let line = line(of: Int(block.recordBegins[first.failure.row]), bytes, chunk)
        throw first.failure.error.inRecord(line: line, column: first.column)
    }

    private func line(of offset: Int, _ bytes: Span<UInt8>, _ chunk: RecordChunk) -> Int {
        var line = chunk.firstLine
        for index in 0..<offset where bytes[index] == 10 { line += 1 }
        return line
    }

    private func describe(
        _ failure: CellFinder.Failure, _ bytes: Span<UInt8>, _ chunk: RecordChunk
    ) -> DatabaseError {
        let line = line(of: failure.recordBegin, bytes, chunk)
        switch failure.reason {
        case .missing(let column):
            return .missingColumn(columns[column].name).inRecord(line: line, column: nil)
        case .extra: return .extraColumn().inRecord(line: line, column: nil)
        case .unterminated: return .unterminatedQuote().inRecord(line: line, column: nil)
        case .carriageReturn: return .carriageReturn().inRecord(line: line, column: nil)
        }
    }

    /// Looks at all text at once: cells end at ASCII characters, so a valid whole has valid parts.
    private func offsetOfBadText(_ bytes: Span<UInt8>, _ chunk: RecordChunk) -> Int? {
        var all: UInt8 = 0
        var zeros = 0
        var index = 0
        while index < bytes.count {
            all |= bytes[index]
            zeros &+= bytes[index] == 0 ? 1 : 0
            index &+= 1
        }
        var bad: Int?
        if zeros > 0 { bad = chunk.bytes.firstIndex(of: 0) }
        if all >= 128 {
            do {
                _ = try UTF8Span(validating: bytes)
            } catch {
                bad = min(bad ?? .max, error.byteOffsets.lowerBound)
            }
        }
        return bad
    }

    /// What lies behind an end marker is no data, and may be anything.
    private func refuse(
        _ bad: Int?, before offset: Int, _ bytes: Span<UInt8>, _ chunk: RecordChunk
    ) throws(DatabaseError) {
        guard let bad, bad < offset else { return }
        throw .badTextEncoding().inRecord(line: line(of: bad, bytes, chunk), column: nil)
    }

    private func passHeader(
        _ finder: inout CellFinder, _ bytes: Span<UInt8>, _ chunk: RecordChunk
    ) throws(DatabaseError) {
        let names: [String]
        do throws(CellFinder.Failure) {
            names = try finder.names(bytes)
        } catch {
            throw describe(error, bytes, chunk)
        }
        if dialect.header != .matching { return }
        for (index, column) in columns.enumerated() {
            let found = index < names.count ? names[index] : ""
            if found.lowercased() != column.name.lowercased() {
                throw .headerMismatch(found, expected: column.name).inRecord(line: 1, column: nil)
            }
        }
        if names.count > columns.count { throw .extraColumn().inRecord(line: 1, column: nil) }
    }
}
