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

        guard case .broken? = client.receive(encoder.take()).last else {
            Issue.record("believed")
            return
        }
    }

    @Test("random bytes never trap", arguments: 0..<8)
    func noise(_ seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        for _ in 0..<200 {
            var client = ClientMachine.quick()
            var bytes: [UInt8] = []
            for _ in 0..<40 {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                let types = Array("RvSKZTtDCdEN".utf8)
                bytes += [types[Int(state >> 8 % 12) % types.count], 0, 0, 0, 8]
                bytes += [0, UInt8(truncatingIfNeeded: state >> 20 & 3), 0, 1]
            }
            _ = client.receive(bytes)
        }
    }
}
