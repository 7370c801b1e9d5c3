package import Bytes

/// Types as bytes of the log, manifests and segments: a code, then what the type needs beyond it.
extension ValueType {
    /// Appends the type: `u8 code`, for DECIMAL `u8 precision, u8 scale`, for GEOHASH `u8 bits`,
    /// for arrays `u8 element, u8 dimensions`.
    ///
    /// - Requires: a column may be of it.
    package func encode(into writer: inout ByteWriter) {
        writer.bytes.append(code)
        switch self {
        case .decimal(let shape): writer.append([shape.precision, shape.scale])
        case .geohash(let bits): writer.bytes.append(bits)
        case .array(let element, let dimensions): writer.append([element.rawValue, dimensions])
        case .boolean, .byte, .short, .char, .int, .long, .float, .double, .date, .timestamp,
            .timestampNanos, .symbol, .varchar, .binary, .uuid, .ipv4, .long256, .interval,
            .catalogName, .objectID, .registered, .catalogChar, .shortVector, .record, .json,
            .void:
            break
        }
    }

    /// Takes a type that a column may have.
    package static func decode(_ reader: inout ByteReader) throws(DecodeFailure) -> ValueType {
        let start = reader.offset
        let code = try reader.integer(UInt8.self)
        let type: ValueType?
        switch code {
        case 18:
            let precision = try reader.integer(UInt8.self)
            let scale = try reader.integer(UInt8.self)
            type = DecimalShape(checking: Int(precision), Int(scale)).map { .decimal($0) }
        case 19:
            let bits = try reader.integer(UInt8.self)
            type = (1...60).contains(bits) ? .geohash(bits: bits) : nil
        case 20:
            let element = ArrayElement(rawValue: try reader.integer())
            let dimensions = try reader.integer(UInt8.self)
            let isPossible = (1...Limits.arrayDimensions).contains(Int(dimensions))
            type = element.flatMap { isPossible ? .array($0, dimensions: dimensions) : nil }
        default: type = plain.first { $0.code == code }
        }
        guard let type, type.isStorable else {
            throw .invalid(at: start, what: "unknown column type")
        }
        return type
    }

    private static let plain: [ValueType] = storable.filter { $0.code < 18 }

    /// Numbers on disk; never given anew. Those from 32 on are of no column.
    private var code: UInt8 {
        switch self {
        case .boolean: 1
        case .byte: 2
        case .short: 3
        case .int: 4
        case .long: 5
        case .float: 6
        case .double: 7
        case .date: 8
        case .timestamp: 9
        case .symbol: 10
        case .varchar: 11
        case .binary: 12
        case .uuid: 13
        case .char: 14
        case .timestampNanos: 15
        case .ipv4: 16
        case .long256: 17
        case .decimal: 18
        case .geohash: 19
        case .array: 20
        case .interval: 32
        case .catalogName: 33
        case .objectID: 34
        case .registered: 35
        case .catalogChar: 36
        case .shortVector: 37
        case .record: 38
        case .json: 39
        case .void: 40
        }
    }
}
