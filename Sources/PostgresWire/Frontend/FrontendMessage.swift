import Bytes
package import Diagnostics

/// How a value travels: as text, or as its type's binary form.
package enum WireFormat: Int16, Sendable, Equatable {
    case text = 0
    case binary = 1
}

/// The parameter values of a Bind message and the formats wanted for its result.
package struct BoundValues: Sendable, Equatable {
    /// One format per value: the message's short forms are spread out already.
    package let formats: [WireFormat]
    /// nil is NULL.
    package let values: [[UInt8]?]
    /// As the client sent them: none (all text), one (for all columns) or one per column.
    package let resultFormats: [WireFormat]

    package init(formats: [WireFormat], values: [[UInt8]?], resultFormats: [WireFormat]) {
        self.formats = formats
        self.values = values
        self.resultFormats = resultFormats
    }

    /// Returns the format of a result column, or nil when the client's list does not reach it.
    package func resultFormat(column: Int) -> WireFormat? {
        switch resultFormats.count {
        case 0: .text
        case 1: resultFormats[0]
        default: column < resultFormats.count ? resultFormats[column] : nil
        }
    }
}

/// One typed message of a client, after start-up.
package enum FrontendMessage: Sendable, Equatable {
    case query(String)
    case parse(name: String, sql: String, parameterTypes: [UInt32])
    case bind(portal: String, statement: String, BoundValues)
    case describeStatement(String)
    case describePortal(String)
    /// Zero rows means all of them.
    case execute(portal: String, maximumRows: Int)
    case closeStatement(String)
    case closePortal(String)
    case flush
    case sync
    case terminate
    /// A password or a SASL message; which of them is known only by what was asked.
    case password([UInt8])
    case copyData([UInt8])
    case copyDone
    case copyFail(String)
    case functionCall

    /// Reads the content of a frame.
    ///
    /// - Throws: 08P01 for a content that contradicts itself, 22021 for text that is not UTF-8.
    package init(_ frame: FrontendFrame) throws(DatabaseError) {
        var reader = ByteReader(frame.body)
        do throws(DecodeFailure) {
            self = try Self.read(frame, &reader)
            guard reader.isAtEnd else {
                throw DecodeFailure.truncated(at: reader.offset, needed: 0)
            }
        } catch {
            switch error {
            case .invalid: throw .textNotUTF8()
            case .truncated(let offset, _):
                throw .malformedMessage(
                    "\(frame.kind) message of \(frame.body.count) bytes, at byte \(offset)")
            }
        }
    }

    private static func read(_ frame: FrontendFrame, _ reader: inout ByteReader)
        throws(DecodeFailure) -> FrontendMessage
    {
        switch frame.kind {
        case .query: return .query(try text(&reader))
        case .parse: return try parse(&reader)
        case .bind: return try bind(&reader)
        case .describe, .close: return try target(frame.kind, &reader)
        case .execute:
            let portal = try text(&reader)
            let rows = try reader.bigEndian(Int32.self)
            return .execute(portal: portal, maximumRows: max(0, Int(rows)))
        case .flush: return .flush
        case .sync: return .sync
        case .terminate: return .terminate
        case .password: return .password(Array(try reader.read(reader.remaining)))
        case .copyData: return .copyData(Array(try reader.read(reader.remaining)))
        case .copyDone: return .copyDone
        case .copyFail: return .copyFail(try text(&reader))
        case .functionCall:
            try reader.skip(reader.remaining)
            return .functionCall
        }
    }

    private static func text(_ reader: inout ByteReader) throws(DecodeFailure) -> String {
        try reader.cString(upTo: PostgresLimits.messageBytes)
    }

    private static func parse(_ reader: inout ByteReader) throws(DecodeFailure) -> FrontendMessage {
        let name = try text(&reader)
        let sql = try text(&reader)
        let count = Int(try reader.bigEndian(UInt16.self))
        guard reader.remaining == 4 * count else {
            throw .truncated(at: reader.offset, needed: 4 * count)
        }
        var types: [UInt32] = []
        types.reserveCapacity(count)
        for _ in 0..<count { types.append(try reader.bigEndian(UInt32.self)) }
        return .parse(name: name, sql: sql, parameterTypes: types)
    }

    private static func bind(_ reader: inout ByteReader) throws(DecodeFailure) -> FrontendMessage {
        let portal = try text(&reader)
        let statement = try text(&reader)
        let given = try formats(&reader)
        let count = Int(try reader.bigEndian(UInt16.self))
        // Every value takes four bytes at least, so a lie is found before it costs memory.
        guard reader.remaining >= 4 * count else {
            throw .truncated(at: reader.offset, needed: 4 * count)
        }
        guard given.count <= 1 || given.count == count else {
            throw .truncated(at: reader.offset, needed: 0)
        }
        var values: [[UInt8]?] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            let length = try reader.bigEndian(Int32.self)
            values.append(length == -1 ? nil : Array(try reader.read(Int(length))))
        }
        let spread =
            given.count == count
            ? given : Array(repeating: given.first ?? .text, count: count)
        let wanted = try formats(&reader)
        return .bind(
            portal: portal, statement: statement,
            BoundValues(formats: spread, values: values, resultFormats: wanted))
    }

    private static func formats(_ reader: inout ByteReader) throws(DecodeFailure) -> [WireFormat] {
        let count = Int(try reader.bigEndian(UInt16.self))
        guard reader.remaining >= 2 * count else {
            throw .truncated(at: reader.offset, needed: 2 * count)
        }
        var formats: [WireFormat] = []
        formats.reserveCapacity(count)
        for _ in 0..<count {
            guard let format = WireFormat(rawValue: try reader.bigEndian(Int16.self)) else {
                throw .truncated(at: reader.offset, needed: 0)
            }
            formats.append(format)
        }
        return formats
    }

    private static func target(_ kind: FrontendFrame.Kind, _ reader: inout ByteReader)
        throws(DecodeFailure) -> FrontendMessage
    {
        let what = try reader.bigEndian(UInt8.self)
        let name = try text(&reader)
        switch what {
        case UInt8(ascii: "S"):
            return kind == .describe ? .describeStatement(name) : .closeStatement(name)
        case UInt8(ascii: "P"):
            return kind == .describe ? .describePortal(name) : .closePortal(name)
        default: throw .truncated(at: 0, needed: 0)
        }
    }
}
