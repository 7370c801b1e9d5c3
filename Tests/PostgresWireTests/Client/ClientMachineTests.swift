import Diagnostics
import Testing

@testable import PostgresWire

@Suite("ClientMachine")
struct ClientMachineTests {
    @Test("results come as text with the oids of their columns")
    func results() {
        var encoder = BackendEncoder()
        let field = FieldDescription(name: "x", typeOID: 20, typeLength: 8)
        encoder.rowDescription([field])
        encoder.beginRow(columns: 2)
        encoder.cell("12")
        encoder.null()
        encoder.endRow()
        encoder.commandComplete("SELECT 1")
        encoder.errorResponse(DatabaseError(.undefinedTable, "no", position: 3))
        encoder.readyForQuery(.failed)
        let bytes = encoder.take()
        var report = ServerReport()
        report.severity = "ERROR"
        report.code = "42P01"
        report.message = "no"
        report.position = 4

        for piece in [1, 3, bytes.count] {
            var client = ClientMachine.quick()
            var events: [ClientMachine.Event] = []
            for start in stride(from: 0, to: bytes.count, by: piece) {
                events += client.receive(bytes[start..<min(bytes.count, start + piece)])
            }
            #expect(
                events == [
                    .columns([field]), .row(["12", nil]), .complete(tag: "SELECT 1"),
                    .error(report), .ready(.failed),
                ])
        }
    }

    @Test("a server that lets us in without proving itself is not believed")
    func unproven() {
        var client = ClientMachine.quick()
        var encoder = BackendEncoder()
        encoder.authenticationSASL(["SCRAM-SHA-256"])
        _ = client.receive(encoder.take())
        encoder.authenticationOk()

        let events = client.receive(encoder.take())

        #expect(events.count == 1)
        #expect(events.first.map(Self.isBroken) == true)
    }

    @Test("random bytes mean the same however they are cut, and nothing behind the first fault")
    func noise() {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        var outcomes: Set<Bool> = []
        for _ in 0..<1_000 {
            var bytes: [UInt8] = []
            for _ in 0..<1 + state % 12 {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                let types = Array("RvSKZTtDCdEN".utf8)
                bytes += [types[Int(state >> 8) % types.count], 0, 0, 0, 8]
                bytes += [0, UInt8(truncatingIfNeeded: state >> 20 & 3), 0, 1]
            }
            var whole = ClientMachine.quick()
            var cut = ClientMachine.quick()

            let events = whole.receive(bytes)
            let pieces = bytes.flatMap { cut.receive([$0]) }

            #expect(pieces == events)
            #expect(!events.dropLast().contains(where: Self.isBroken))
            let isBroken = events.last.map(Self.isBroken) == true
            outcomes.insert(isBroken)
            if isBroken { #expect(whole.receive(bytes) == []) }
        }
        // Else nothing was tried.
        #expect(outcomes == [true, false])
    }

    private static func isBroken(_ event: ClientMachine.Event) -> Bool {
        if case .broken = event { true } else { false }
    }
}
