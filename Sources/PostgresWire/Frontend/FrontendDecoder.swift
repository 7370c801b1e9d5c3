import Bytes
package import Diagnostics

/// One message of a client, cut out of the stream but not yet read.
package struct FrontendFrame: Sendable, Equatable {
    /// The type bytes a client may send.
    package enum Kind: UInt8, Sendable {
        case query = 0x51  // Q
        case parse = 0x50  // P
        case bind = 0x42  // B
        case describe = 0x44  // D
        case execute = 0x45  // E
        case close = 0x43  // C
        case flush = 0x48  // H
        case sync = 0x53  // S
        case terminate = 0x58  // X
        case password = 0x70  // p
        case copyData = 0x64  // d
        case copyDone = 0x63  // c
        case copyFail = 0x66  // f
        case functionCall = 0x46  // F
    }

    package let kind: Kind
    package let body: [UInt8]

    package init(kind: Kind, body: [UInt8]) {
        self.kind = kind
        self.body = body
    }
}

/// Cuts a client's bytes into messages; holds what is not complete yet.
///
/// A length is judged as soon as its four bytes are there, so nothing is ever held for a message
/// that would be refused.
package struct FrontendDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var head = 0
    /// Where the look-ahead for Terminate stands; always at a message's start, never before `head`.
    private var scanned = 0

    package init() {}

    /// Bytes held and not yet handed out.
    package var buffered: Int { buffer.count - head }

    /// Adds what the socket gave.
    package mutating func append(_ bytes: some Collection<UInt8>) {
        buffer.append(contentsOf: bytes)
    }

    /// Drops everything held: the connection is over.
    package mutating func clear() {
        buffer = []
        head = 0
        scanned = 0
    }

    /// Takes the next message without a type byte, or nil while it is not complete.
    ///
    /// - Throws: 08P01 for an impossible length or content, 22021 for bad text; all are fatal.
    package mutating func nextStartup() throws(DatabaseError) -> StartupMessage? {
        guard let length = integer(at: head) else { return nil }
        guard length >= 8, length <= PostgresLimits.startupPacketBytes else {
            throw .badStartupLength(length)
        }
        guard buffered >= length else { return nil }
        let body = Array(buffer[head + 4..<head + length])
        advance(length)
        return try StartupMessage(body)
    }

    /// Takes the next typed message, or nil while it is not complete.
    ///
    /// - Throws: 08P01 for an unknown type or an impossible length; both are fatal.
    package mutating func next(limit: Int) throws(DatabaseError) -> FrontendFrame? {
        guard buffered >= 1 else { return nil }
        guard let kind = FrontendFrame.Kind(rawValue: buffer[head]) else {
            throw .unknownMessageType(buffer[head])
        }
        guard let length = integer(at: head + 1) else { return nil }
        guard length >= 4, length <= limit else { throw .badMessageLength(length) }
        guard buffered >= length + 1 else { return nil }
        let body = Array(buffer[head + 5..<head + 1 + length])
        advance(length + 1)
        return FrontendFrame(kind: kind, body: body)
    }

    /// Tells whether a Terminate message stands anywhere in the complete messages held.
    package mutating func holdsTerminate() -> Bool {
        scanned = max(scanned, head)
        while scanned < buffer.count, let length = integer(at: scanned + 1), length >= 4 {
            if buffer[scanned] == FrontendFrame.Kind.terminate.rawValue { return true }
            guard length <= PostgresLimits.messageBytes, scanned + 1 + length <= buffer.count
            else { return false }
            scanned += 1 + length
        }
        return false
    }

    private func integer(at offset: Int) -> Int? {
        guard buffer.count - offset >= 4 else { return nil }
        var value: UInt32 = 0
        for byte in buffer[offset..<offset + 4] { value = value << 8 | UInt32(byte) }
        return Int(value)
    }

    private mutating func advance(_ count: Int) {
        head += count
        if head == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.count <= PostgresLimits.compactionBytes)
        } else if head > PostgresLimits.compactionBytes, head > buffer.count / 2 {
            buffer.removeSubrange(..<head)
        } else {
            return
        }
        scanned = max(0, scanned - head)
        head = 0
    }
}
