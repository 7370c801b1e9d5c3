import Bytes
import Diagnostics

/// Writing and reading arrays in PostgreSQL's text form: `{1,2,NULL,"a b"}`.
enum ArrayText {
    static func append(_ array: ArrayValue, to writer: inout ByteWriter) {
        var index = 0
        nest(array, dimension: 0, &index, "{", "}", to: &writer) { value, writer in
            append(value, array.element, to: &writer)
        }
    }

    /// Writes a dimension between its brackets, and the dimensions and elements inside.
    private static func nest(
        _ array: ArrayValue, dimension: Int, _ index: inout Int, _ begin: Unicode.Scalar,
        _ end: Unicode.Scalar, to writer: inout ByteWriter,
        _ element: (Value, inout ByteWriter) -> Void
    ) {
        writer.bytes.append(UInt8(ascii: begin))
        let length = dimension < array.lengths.count ? array.lengths[dimension] : 0
        for place in 0..<length {
            if place > 0 { writer.bytes.append(UInt8(ascii: ",")) }
            if dimension + 1 < array.lengths.count {
                nest(
                    array, dimension: dimension + 1, &index, begin, end, to: &writer, element)
            } else {
                element(array.elements[index], &writer)
                index += 1
            }
        }
        writer.bytes.append(UInt8(ascii: end))
    }

    private static func append(
        _ value: Value, _ element: ArrayElement, to writer: inout ByteWriter
    ) {
        guard let text = value.text(as: element.type) else { return writer.append("NULL".utf8) }
        let needsQuotes =
            text.isEmpty || text.lowercased() == "null"
            || text.utf8.contains { byte in
                byte <= 32 || ["{", "}", ",", "\"", "\\"].contains(Unicode.Scalar(byte))
            }
        guard needsQuotes else { return writer.append(text.utf8) }
        writer.bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                writer.bytes.append(UInt8(ascii: "\\"))
            }
            writer.bytes.append(byte)
        }
        writer.bytes.append(UInt8(ascii: "\""))
    }

    /// Appends `[[1.0,2.0],[3.0,null]]`.
    static func appendJSON(_ array: ArrayValue, to writer: inout ByteWriter) {
        var index = 0
        nest(array, dimension: 0, &index, "[", "]", to: &writer) { value, writer in
            value.appendJSON(as: array.element.type, to: &writer)
        }
    }

    /// Reads an array; one of another number of dimensions than wanted is refused, an empty one is
    /// of any.
    static func parse(_ text: String, as type: ValueType, dimensions: Int)
        throws(DatabaseError) -> ArrayValue
    {
        guard let element = type.arrayElement else { throw .badText(text, as: type) }
        var reader = Reader(text: text, type: type, element: element)
        try reader.read()
        guard reader.elements.isEmpty || reader.lengths.count == dimensions else {
            throw .badText(text, as: type)
        }
        return ArrayValue(
            element, lengths: reader.elements.isEmpty ? [] : reader.lengths, reader.elements)
    }

    /// Walks over the text once, never deeper than the limit of dimensions.
    private struct Reader {
        let text: String
        let type: ValueType
        let element: ArrayElement
        var bytes: ArraySlice<UInt8>
        /// Known from the first run through each dimension; later ones must be the same.
        var lengths: [Int] = []
        var elements: [Value] = []

        init(text: String, type: ValueType, element: ArrayElement) {
            self.text = text
            self.type = type
            self.element = element
            bytes = Array(text.utf8)[...]
        }

        var malformed: DatabaseError { .badText(text, as: type) }

        mutating func read() throws(DatabaseError) {
            try dimension(0)
            skipBlanks()
            guard bytes.isEmpty else { throw malformed }
        }

        private mutating func skipBlanks() {
            while let byte = bytes.first, byte == 32 || (9...13).contains(byte) {
                bytes.removeFirst()
            }
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            skipBlanks()
            guard bytes.first == byte else { return false }
            bytes.removeFirst()
            return true
        }

        private mutating func dimension(_ depth: Int) throws(DatabaseError) {
            guard depth < Limits.arrayDimensions, take(UInt8(ascii: "{")) else { throw malformed }
            let isFirst = lengths.count <= depth
            // An element where a row of elements was before, or the other way round.
            guard !isFirst || elements.isEmpty else { throw malformed }
            if isFirst { lengths.append(0) }
            var count = 0
            if take(UInt8(ascii: "}")) {
                guard depth == 0 else { throw malformed }
                return
            }
            repeat {
                skipBlanks()
                if bytes.first == UInt8(ascii: "{") {
                    try dimension(depth + 1)
                } else {
                    guard depth == lengths.count - 1 else { throw malformed }
                    try item()
                }
                count += 1
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")), isFirst || lengths[depth] == count else {
                throw malformed
            }
            lengths[depth] = count
        }

        private mutating func item() throws(DatabaseError) {
            guard elements.count < Limits.arrayElements else { throw malformed }
            var content: [UInt8] = []
            let isQuoted = bytes.first == UInt8(ascii: "\"")
            if isQuoted { bytes.removeFirst() }
            while let byte = bytes.first {
                if isQuoted ? byte == UInt8(ascii: "\"") : Self.ends(byte) { break }
                bytes.removeFirst()
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = bytes.popFirst() else { throw malformed }
                    content.append(escaped)
                } else {
                    content.append(byte)
                }
            }
            if isQuoted { guard bytes.popFirst() == UInt8(ascii: "\"") else { throw malformed } }
            while !isQuoted, content.last == 32 { content.removeLast() }
            let word = String(decoding: content, as: UTF8.self)
            if !isQuoted {
                if word.isEmpty { throw malformed }
                if word.lowercased() == "null" { return elements.append(.null) }
            }
            elements.append(try Value.parse(word, as: element.type))
        }

        private static func ends(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "{")
                || byte == UInt8(ascii: "\"")
        }
    }
}

/// PostgreSQL's binary form of arrays.
extension ArrayText {
    static func appendBinary(_ array: ArrayValue, to writer: inout ByteWriter) {
        writer.bigEndian(Int32(array.lengths.count))
        writer.bigEndian(Int32(array.elements.contains(.null) ? 1 : 0))
        writer.bigEndian(array.element.type.oid)
        for length in array.lengths {
            writer.bigEndian(Int32(truncatingIfNeeded: length))
            writer.bigEndian(Int32(1))
        }
        for value in array.elements {
            guard value != .null else {
                writer.bigEndian(Int32(-1))
                continue
            }
            let place = writer.count
            writer.bigEndian(Int32(0))
            value.appendBinary(as: array.element.type, to: &writer)
            writer.patchBigEndian(Int32(truncatingIfNeeded: writer.count - place - 4), at: place)
        }
    }

    /// Reads what a driver sends; its element type may be another whose values can be cast.
    static func parseBinary(_ bytes: [UInt8], as type: ValueType) throws(DatabaseError)
        -> ArrayValue
    {
        guard let element = type.arrayElement else { throw .badBinary(type, length: bytes.count) }
        var reader = ByteReader(bytes)
        var raw: [[UInt8]?] = []
        var lengths: [Int] = []
        let sent: ValueType
        do throws(DecodeFailure) {
            let dimensions = Int(try reader.bigEndian(Int32.self))
            _ = try reader.bigEndian(Int32.self)
            guard let known = ValueType.withOID(try reader.bigEndian(UInt32.self)),
                (0...Limits.arrayDimensions).contains(dimensions)
            else { throw .invalid(at: 0, what: "array header") }
            sent = known
            var count = dimensions == 0 ? 0 : 1
            for _ in 0..<dimensions {
                let length = Int(try reader.bigEndian(Int32.self))
                _ = try reader.bigEndian(Int32.self)
                guard length >= 0, length <= Limits.arrayElements else {
                    throw .invalid(at: 0, what: "array length")
                }
                lengths.append(length)
                count *= length
                guard count <= Limits.arrayElements else {
                    throw .invalid(at: 0, what: "array length")
                }
            }
            for _ in 0..<count {
                let size = Int(try reader.bigEndian(Int32.self))
                raw.append(size < 0 ? nil : Array(try reader.read(size)))
            }
            guard reader.isAtEnd else { throw .invalid(at: reader.offset, what: "length") }
        } catch {
            throw .badBinary(type, length: bytes.count)
        }
        let wanted = if case .array(_, let count) = type { Int(count) } else { 1 }
        guard raw.isEmpty || lengths.count == wanted else {
            throw .badBinary(type, length: bytes.count)
        }
        var elements: [Value] = []
        for item in raw {
            guard let item else {
                elements.append(.null)
                continue
            }
            let value = try Value.parseBinary(item, as: sent)
            elements.append(try value.cast(from: sent, to: element.type))
        }
        return ArrayValue(element, lengths: raw.isEmpty ? [] : lengths, elements)
    }
}
