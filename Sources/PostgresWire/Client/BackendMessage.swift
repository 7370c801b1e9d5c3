import Bytes
package import Diagnostics

/// An error or notice as a server reports it.
package struct ServerReport: Sendable, Equatable {
    package var severity = ""
    package var code = ""
    package var message = ""
    package var detail: String?
    package var hint: String?
    /// Counted from one, as it came.
    package var position: Int?

    package init() {}
}

/// One message of a server.
package enum BackendMessage: Sendable, Equatable {
    case authenticationOk
    case authenticationCleartext
    case authenticationSASL(mechanisms: [String])
    case authenticationSASLContinue([UInt8])
    case authenticationSASLFinal([UInt8])
    case authenticationOther(Int)
    case negotiateProtocolVersion(newestMinor: Int, unknown: [String])
    case parameterStatus(WireSetting)
    case backendKeyData(CancelKey)
    case readyForQuery(TransactionStatus)
    case rowDescription([FieldDescription])
    case parameterDescription([UInt32])
    case dataRow([[UInt8]?])
    case commandComplete(String)
    case emptyQueryResponse
    case parseComplete, bindComplete, closeComplete, noData, portalSuspended
    case copyInResponse, copyOutResponse
    case copyData([UInt8])
    case copyDone
    case error(ServerReport)
    case notice(ServerReport)
    case notification

    /// Reads a message's content.
    ///
    /// - Throws: 08P01 for a content that contradicts itself or an unknown type.
    package init(type: UInt8, body: [UInt8]) throws(DatabaseError) {
        var reader = ByteReader(body)
        do throws(DecodeFailure) {
            guard let message = try Self.read(type, &reader) else {
                throw DecodeFailure.truncated(at: 0, needed: 0)
            }
            self = message
        } catch {
            throw .malformedMessage("server message of type \(type)")
        }
    }

    private static func read(_ type: UInt8, _ reader: inout ByteReader)
        throws(DecodeFailure) -> BackendMessage?
    {
        switch Unicode.Scalar(type) {
        case "R": return try authentication(&reader)
        case "v":
            let minor = Int(try reader.bigEndian(Int32.self))
            let count = Int(try reader.bigEndian(Int32.self))
            var unknown: [String] = []
            while unknown.count < count { unknown.append(try text(&reader)) }
            return .negotiateProtocolVersion(newestMinor: minor & 0xffff, unknown: unknown)
        case "S": return .parameterStatus(WireSetting(try text(&reader), try text(&reader)))
        case "K":
            let processID = try reader.bigEndian(Int32.self)
            return .backendKeyData(
                CancelKey(processID: processID, secret: try rest(&reader)))
        case "Z":
            return TransactionStatus(rawValue: try reader.bigEndian(UInt8.self))
                .map { .readyForQuery($0) }
        case "T": return .rowDescription(try fields(&reader))
        case "t":
            var types: [UInt32] = []
            for _ in 0..<(try reader.bigEndian(UInt16.self)) {
                types.append(try reader.bigEndian(UInt32.self))
            }
            return .parameterDescription(types)
        case "D": return .dataRow(try cells(&reader))
        case "C": return .commandComplete(try text(&reader))
        case "d": return .copyData(try rest(&reader))
        case "E": return .error(try report(&reader))
        case "N": return .notice(try report(&reader))
        default: return bare(type)
        }
    }

    private static func bare(_ type: UInt8) -> BackendMessage? {
        switch Unicode.Scalar(type) {
        case "I": .emptyQueryResponse
        case "1": .parseComplete
        case "2": .bindComplete
        case "3": .closeComplete
        case "n": .noData
        case "s": .portalSuspended
        case "G": .copyInResponse
        case "H": .copyOutResponse
        case "c": .copyDone
        case "A": .notification
        default: nil
        }
    }

    private static func authentication(
        _ reader: inout ByteReader
    ) throws(DecodeFailure) -> BackendMessage {
        let code = Int(try reader.bigEndian(Int32.self))
        switch code {
        case 0: return .authenticationOk
        case 3: return .authenticationCleartext
        case 10:
            var mechanisms: [String] = []
            while true {
                let name = try text(&reader)
                if name.isEmpty { break }
                mechanisms.append(name)
            }
            return .authenticationSASL(mechanisms: mechanisms)
        case 11: return .authenticationSASLContinue(try rest(&reader))
        case 12: return .authenticationSASLFinal(try rest(&reader))
        default: return .authenticationOther(code)
        }
    }

    private static func fields(
        _ reader: inout ByteReader
    ) throws(DecodeFailure) -> [FieldDescription] {
        var fields: [FieldDescription] = []
        for _ in 0..<(try reader.bigEndian(UInt16.self)) {
            var field = FieldDescription(name: try text(&reader), typeOID: 0, typeLength: 0)
            field.tableOID = try reader.bigEndian()
            field.columnNumber = try reader.bigEndian()
            field.typeOID = try reader.bigEndian()
            field.typeLength = try reader.bigEndian()
            field.typeModifier = try reader.bigEndian()
            field.format = WireFormat(rawValue: try reader.bigEndian()) ?? .text
            fields.append(field)
        }
        return fields
    }

    private static func cells(_ reader: inout ByteReader) throws(DecodeFailure) -> [[UInt8]?] {
        var cells: [[UInt8]?] = []
        for _ in 0..<(try reader.bigEndian(UInt16.self)) {
            let length = Int(try reader.bigEndian(Int32.self))
            cells.append(length == -1 ? nil : Array(try reader.read(length)))
        }
        return cells
    }

    private static func report(_ reader: inout ByteReader) throws(DecodeFailure) -> ServerReport {
        var report = ServerReport()
        while true {
            let type = try reader.bigEndian(UInt8.self)
            if type == 0 { return report }
            let value = try text(&reader)
            switch Unicode.Scalar(type) {
            case "S": if report.severity.isEmpty { report.severity = value }
            case "V": report.severity = value
            case "C": report.code = value
            case "M": report.message = value
            case "D": report.detail = value
            case "H": report.hint = value
            case "P": report.position = Int(value)
            default: break
            }
        }
    }

    private static func text(_ reader: inout ByteReader) throws(DecodeFailure) -> String {
        try reader.cString(upTo: PostgresLimits.messageBytes)
    }

    private static func rest(_ reader: inout ByteReader) throws(DecodeFailure) -> [UInt8] {
        Array(try reader.read(reader.remaining))
    }
}

/// Cuts a server's bytes into messages; holds what is not complete yet.
package struct BackendDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var head = 0

    package init() {}

    package mutating func append(_ bytes: some Collection<UInt8>) {
        buffer.append(contentsOf: bytes)
    }

    /// Takes the next message, or nil while it is not complete.
    ///
    /// - Throws: 08P01 for an impossible length, an unknown type or a broken content.
    package mutating func next() throws(DatabaseError) -> BackendMessage? {
        guard buffer.count - head >= 5 else { return nil }
        var bits: UInt32 = 0
        for byte in buffer[head + 1..<head + 5] { bits = bits << 8 | UInt32(byte) }
        let length = Int(bits)
        guard length >= 4, length <= PostgresLimits.messageBytes else {
            throw .badMessageLength(length)
        }
        guard buffer.count - head >= length + 1 else { return nil }
        let type = buffer[head]
        let body = Array(buffer[head + 5..<head + 1 + length])
        head += length + 1
        if head == buffer.count || head > PostgresLimits.compactionBytes {
            buffer.removeSubrange(..<head)
            head = 0
        }
        return try BackendMessage(type: type, body: body)
    }
}
