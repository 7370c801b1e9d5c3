/// DataRow, written in place: no cell and no row is ever a value of its own.
///
///     encoder.beginRow(columns: 2)
///     encoder.cell(bytes)
///     encoder.null()
///     encoder.endRow()
extension BackendEncoder {
    /// Opens a row.
    ///
    /// - Requires: as many cells as `columns` follow, then `endRow`.
    package mutating func beginRow(columns: Int) {
        output.append(0x44)  // D
        rowStart = output.count
        integer(Int32(0))
        integer(Int16(truncatingIfNeeded: columns))
    }

    /// Closes the row.
    package mutating func endRow() {
        patch(Int32(truncatingIfNeeded: output.count - rowStart), at: rowStart)
    }

    package mutating func null() { integer(Int32(-1)) }

    /// Writes a cell that is encoded already.
    package mutating func cell(_ bytes: some Collection<UInt8>) {
        integer(Int32(truncatingIfNeeded: bytes.count))
        output.append(contentsOf: bytes)
    }

    /// Writes a text cell.
    package mutating func cell(_ text: String) {
        integer(Int32(truncatingIfNeeded: text.utf8.count))
        output.append(contentsOf: text.utf8)
    }

    /// Writes a binary cell holding one integer, most significant byte first.
    package mutating func binaryCell<T: FixedWidthInteger>(_ value: T) {
        integer(Int32(T.bitWidth / 8))
        integer(value)
    }

    /// Writes a cell by appending to the output itself: for values that are formatted in place.
    ///
    /// - Requires: the body only appends.
    package mutating func cell(_ append: (inout [UInt8]) throws -> Void) rethrows {
        let start = output.count
        integer(Int32(0))
        try append(&output)
        patch(Int32(truncatingIfNeeded: output.count - start - 4), at: start)
    }
}
