package import Diagnostics

/// Whole records of a stream, to be decoded by whoever has time.
package struct RecordChunk: Sendable {
    package let bytes: [UInt8]
    /// The line of the first record, from 1.
    package let firstLine: Int
    /// Line ends inside, which no number of records exceeds by more than one.
    let lineEnds: Int

    /// Whether the stream begins here, and with it perhaps a header.
    var isFirst: Bool { firstLine == 1 }
}

/// Cuts a stream of text at ends of records, wherever the pieces it came in were cut.
package struct RecordSplitter: Sendable {
    private let dialect: TextDialect
    private var buffer: [UInt8] = []
    private var scan = RecordScan()
    private var line = 1

    package init(_ dialect: TextDialect) { self.dialect = dialect }

    /// Bytes held.
    package var byteCount: Int { buffer.count }

    /// Takes the next piece of the stream.
    ///
    /// - Throws: 54000 when a record grows beyond what is held of one.
    package mutating func append(_ bytes: [UInt8]) throws(DatabaseError) {
        buffer.append(contentsOf: bytes)
        var next = scan
        next.advance(buffer.span, dialect)
        scan = next
        if buffer.count - scan.end > Limits.recordBytes {
            throw .recordTooLong(line: line + scan.lineEndsAtEnd)
        }
    }

    /// Takes out the whole records there are when they have `minimumBytes` or more.
    package mutating func takeChunk(minimumBytes: Int = 1) -> RecordChunk? {
        let end = scan.end
        guard end > 0, end >= minimumBytes else { return nil }
        let bytes: [UInt8]
        if end == buffer.count {
            bytes = buffer
            buffer = []
        } else {
            bytes = Array(buffer[..<end])
            buffer = Array(buffer[end...])
        }
        let chunk = RecordChunk(bytes: bytes, firstLine: line, lineEnds: scan.lineEndsAtEnd)
        line += scan.lineEndsAtEnd
        scan.cutOff()
        return chunk
    }

    /// Takes out what is left when the stream has ended: the last record may lack its line end.
    ///
    /// - Throws: 22P04 inside quotes.
    package mutating func finish() throws(DatabaseError) -> RecordChunk? {
        if scan.isQuoted {
            throw .unterminatedQuote().inRecord(line: line + scan.lineEnds, column: nil)
        }
        scan.endAll()
        return takeChunk()
    }
}

/// What is known of the bytes that a splitter holds.
///
/// INV-1 `end` is behind a line end outside of quotes, or 0. INV-2 everything below `scanned` has
/// been looked at.
private struct RecordScan {
    private var scanned = 0
    private(set) var end = 0
    private(set) var lineEnds = 0
    private(set) var lineEndsAtEnd = 0
    private(set) var isQuoted = false
    /// The byte before `scanned` was an escape whose meaning depends on the next.
    private var isEscaping = false

    /// Forgets the bytes below `end`, which were taken out.
    mutating func cutOff() {
        scanned -= end
        lineEnds -= lineEndsAtEnd
        lineEndsAtEnd = 0
        end = 0
    }

    /// Takes everything for whole records.
    mutating func endAll() {
        end = scanned
        lineEndsAtEnd = lineEnds
    }

    /// Looks at the bytes that are new.
    mutating func advance(_ bytes: Span<UInt8>, _ dialect: TextDialect) {
        var breaks = 0
        var specials = 0
        var index = scanned
        while index < bytes.count {
            let byte = bytes[index]
            breaks &+= byte == 10 ? 1 : 0
            specials &+= byte == dialect.quote ? 1 : 0
            specials &+= byte == dialect.escape ? 1 : 0
            index &+= 1
        }
        if specials == 0, !isQuoted, !isEscaping {
            lineEnds += breaks
            var last = bytes.count
            while last > scanned, bytes[last - 1] != 10 { last -= 1 }
            if last > scanned {
                end = last
                lineEndsAtEnd = lineEnds
            }
        } else {
            advanceWithQuotes(bytes, dialect)
        }
        scanned = bytes.count
    }

    private mutating func advanceWithQuotes(_ bytes: Span<UInt8>, _ dialect: TextDialect) {
        let isText = dialect.format == .text
        for index in scanned..<bytes.count {
            let byte = bytes[index]
            let wasEscaping = isEscaping
            isEscaping = false
            if byte == 10 { lineEnds += 1 }
            if isText {
                if wasEscaping { continue }
                if byte == dialect.escape { isEscaping = true }
            } else if isQuoted {
                // With escape and quote the same, "" ends quotes and begins them again.
                if wasEscaping, byte == dialect.quote || byte == dialect.escape { continue }
                if byte == dialect.quote {
                    isQuoted = false
                } else if byte == dialect.escape {
                    isEscaping = true
                }
            } else if byte == dialect.quote {
                isQuoted = true
            }
            if byte == 10, !isQuoted {
                end = index + 1
                lineEndsAtEnd = lineEnds
            }
        }
    }
}
