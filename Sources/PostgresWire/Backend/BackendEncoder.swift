package import Diagnostics

/// The state of a session's transaction, as ReadyForQuery reports it.
package enum TransactionStatus: UInt8, Sendable {
    case idle = 0x49  // I
    case open = 0x54  // T
    case failed = 0x45  // E
}

/// How grave an error or notice is, and whether the connection survives it.
package enum WireSeverity: String, Sendable {
    case error = "ERROR"
    case fatal = "FATAL"
    case panic = "PANIC"
    case warning = "WARNING"
    case notice = "NOTICE"
    case info = "INFO"
}

/// One column of a RowDescription.
package struct FieldDescription: Sendable, Equatable {
    package var name: String
    /// Zero when the column comes from no table.
    package var tableOID: UInt32
    /// From one; zero when the column comes from no table.
    package var columnNumber: Int16
    package var typeOID: UInt32
    /// -1 for a type of varying length.
    package var typeLength: Int16
    package var typeModifier: Int32
    package var format: WireFormat

    package init(
        name: String, tableOID: UInt32 = 0, columnNumber: Int16 = 0, typeOID: UInt32,
        typeLength: Int16, typeModifier: Int32 = -1, format: WireFormat = .text
    ) {
        self.name = name
        self.tableOID = tableOID
        self.columnNumber = columnNumber
        self.typeOID = typeOID
        self.typeLength = typeLength
        self.typeModifier = typeModifier
        self.format = format
    }
}

/// Appends a server's messages to one run of bytes, which `take` hands to the socket.
///
/// Each call writes one whole message, except rows, which are written cell by cell.
package struct BackendEncoder: Sendable {
    var output: [UInt8] = []
    var rowStart = 0

    package init(reserving capacity: Int = 0) { output.reserveCapacity(capacity) }

    /// Bytes written and not yet taken.
    package var count: Int { output.count }

    /// Hands over everything written.
    package mutating func take() -> [UInt8] {
        let taken = output
        output = []
        return taken
    }

    /// Hands over everything written by appending it, so that both runs keep their memory.
    package mutating func drain(into target: inout [UInt8]) {
        target.append(contentsOf: output)
        output.removeAll(keepingCapacity: true)
    }

    package mutating func rowDescription(_ fields: [FieldDescription]) {
        message("T") { encoder in
            encoder.integer(Int16(truncatingIfNeeded: fields.count))
            for field in fields {
                encoder.text(field.name)
                encoder.integer(field.tableOID)
                encoder.integer(field.columnNumber)
                encoder.integer(field.typeOID)
                encoder.integer(field.typeLength)
                encoder.integer(field.typeModifier)
                encoder.integer(field.format.rawValue)
            }
        }
    }

    package mutating func parameterDescription(_ types: [UInt32]) {
        message("t") { encoder in
            encoder.integer(UInt16(truncatingIfNeeded: types.count))
            for type in types { encoder.integer(type) }
        }
    }

    package mutating func commandComplete(_ tag: String) { message("C") { $0.text(tag) } }
    package mutating func emptyQueryResponse() { message("I") { _ in } }
    package mutating func parseComplete() { message("1") { _ in } }
    package mutating func bindComplete() { message("2") { _ in } }
    package mutating func closeComplete() { message("3") { _ in } }
    package mutating func noData() { message("n") { _ in } }
    package mutating func portalSuspended() { message("s") { _ in } }

    package mutating func readyForQuery(_ status: TransactionStatus) {
        message("Z") { $0.output.append(status.rawValue) }
    }

    package mutating func parameterStatus(_ setting: WireSetting) {
        message("S") { encoder in
            encoder.text(setting.name)
            encoder.text(setting.value)
        }
    }

    package mutating func backendKeyData(_ key: CancelKey) {
        message("K") { encoder in
            encoder.integer(key.processID)
            encoder.output.append(contentsOf: key.secret)
        }
    }

    /// Writes an error; a position counted from zero is sent counted from one.
    package mutating func errorResponse(
        _ error: DatabaseError, severity: WireSeverity = .error
    ) {
        message("E") { $0.fields(error, severity) }
    }

    package mutating func notice(_ error: DatabaseError, severity: WireSeverity = .notice) {
        message("N") { $0.fields(error, severity) }
    }

    package mutating func negotiateProtocolVersion(unknown options: [String]) {
        message("v") { encoder in
            encoder.integer(Int32(0x30000))
            encoder.integer(Int32(truncatingIfNeeded: options.count))
            for option in options { encoder.text(option) }
        }
    }

    package mutating func authenticationOk() { authentication(0) { _ in } }
    package mutating func authenticationCleartextPassword() { authentication(3) { _ in } }

    package mutating func authenticationSASL(_ mechanisms: [String]) {
        authentication(10) { encoder in
            for mechanism in mechanisms { encoder.text(mechanism) }
            encoder.output.append(0)
        }
    }

    package mutating func authenticationSASLContinue(_ data: [UInt8]) {
        authentication(11) { $0.output.append(contentsOf: data) }
    }

    package mutating func authenticationSASLFinal(_ data: [UInt8]) {
        authentication(12) { $0.output.append(contentsOf: data) }
    }

    /// Asks the client for COPY data.
    package mutating func copyInResponse(format: WireFormat, columns: Int) {
        copyResponse("G", format, columns)
    }

    /// Announces COPY data.
    package mutating func copyOutResponse(format: WireFormat, columns: Int) {
        copyResponse("H", format, columns)
    }

    package mutating func copyData(_ data: some Collection<UInt8>) {
        message("d") { $0.output.append(contentsOf: data) }
    }

    package mutating func copyDone() { message("c") { _ in } }

    private mutating func copyResponse(
        _ type: Unicode.Scalar, _ format: WireFormat, _ columns: Int
    ) {
        message(type) { encoder in
            encoder.output.append(UInt8(truncatingIfNeeded: format.rawValue))
            encoder.integer(Int16(truncatingIfNeeded: columns))
            for _ in 0..<columns { encoder.integer(format.rawValue) }
        }
    }

    private mutating func authentication(
        _ code: Int32, _ content: (inout BackendEncoder) -> Void
    ) {
        message("R") { encoder in
            encoder.integer(code)
            content(&encoder)
        }
    }

    private mutating func fields(_ error: DatabaseError, _ severity: WireSeverity) {
        field("S", severity.rawValue)
        field("V", severity.rawValue)
        field("C", error.state.code)
        // Names and values of others stand in them, and end up on somebody's terminal.
        field("M", error.message.inOneLine)
        if let detail = error.detail { field("D", detail.inOneLine) }
        if let hint = error.hint { field("H", hint.inOneLine) }
        if let position = error.position { field("P", String(position + 1)) }
        output.append(0)
    }

    private mutating func field(_ type: Unicode.Scalar, _ value: String) {
        output.append(UInt8(truncatingIfNeeded: type.value))
        text(value)
    }

    private mutating func message(
        _ type: Unicode.Scalar, _ content: (inout BackendEncoder) -> Void
    ) {
        output.append(UInt8(truncatingIfNeeded: type.value))
        let start = output.count
        integer(Int32(0))
        content(&self)
        patch(Int32(truncatingIfNeeded: output.count - start), at: start)
    }

    /// Writes a text and its closing zero; a zero inside, which would end it early, is left out.
    private mutating func text(_ value: String) {
        for byte in value.utf8 where byte != 0 { output.append(byte) }
        output.append(0)
    }

    mutating func integer<T: FixedWidthInteger>(_ value: T) {
        for step in stride(from: T.bitWidth - 8, through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: value >> T(step)))
        }
    }

    mutating func patch(_ value: Int32, at offset: Int) {
        let bits = UInt32(bitPattern: value)
        output[offset] = UInt8(truncatingIfNeeded: bits >> 24)
        output[offset + 1] = UInt8(truncatingIfNeeded: bits >> 16)
        output[offset + 2] = UInt8(truncatingIfNeeded: bits >> 8)
        output[offset + 3] = UInt8(truncatingIfNeeded: bits)
    }
}
