import Diagnostics
import Testing

@testable import PostgresWire

@Suite("BackendEncoder")
struct BackendEncoderTests {
    func messages(_ write: (inout BackendEncoder) -> Void) throws -> [BackendMessage] {
        var encoder = BackendEncoder()
        write(&encoder)
        return try decodeAll(encoder.take())
    }

    @Test("a row is written cell by cell")
    func rows() throws {
        let column: [UInt8] = [9, 8]
        let rows = try messages { encoder in
            encoder.beginRow(columns: 6)
            encoder.cell([1, 2] as [UInt8])
            encoder.null()
            encoder.cell("é")
            encoder.binaryCell(Int32(-2))
            encoder.cell { $0.append(contentsOf: "in place".utf8) }
            encoder.cell(column.span)
            encoder.endRow()
            encoder.beginRow(columns: 0)
            encoder.endRow()
        }

        #expect(
            rows == [
                .dataRow([
                    [1, 2], nil, Array("é".utf8), [0xff, 0xff, 0xff, 0xfe],
                    Array("in place".utf8), [9, 8],
                ]),
                .dataRow([]),
            ])
    }

    @Test("descriptions carry every field")
    func descriptions() throws {
        let fields = [
            FieldDescription(
                name: "x", tableOID: 16384, columnNumber: 2, typeOID: 20, typeLength: 8,
                format: .binary),
            FieldDescription(name: "", typeOID: 25, typeLength: -1),
        ]

        let described = try messages { encoder in
            encoder.rowDescription(fields)
            encoder.parameterDescription([20, 25])
        }

        #expect(described == [.rowDescription(fields), .parameterDescription([20, 25])])
    }

    @Test("errors carry state, text and a position from one")
    func errors() throws {
        let error = DatabaseError(
            .undefinedColumn, "column \"x\" does not exist", detail: "D.", hint: "H.", position: 7)

        let sent = try messages { $0.errorResponse(error, severity: .fatal) }

        guard case .error(let report)? = sent.first else {
            Issue.record("no error")
            return
        }
        #expect(report.severity == "FATAL")
        #expect(report.code == "42703")
        #expect(report.message == "column \"x\" does not exist")
        #expect(report.detail == "D.")
        #expect(report.hint == "H.")
        #expect(report.position == 8)
    }

    @Test("what an error quotes cannot speak to the terminal it is shown on")
    func controlCharacters() throws {
        let error = DatabaseError(
            .undefinedColumn, "no \"a\n\u{1b}[2J\"", detail: "D\u{7}.", hint: "H\r.")

        let sent = try messages { encoder in
            encoder.errorResponse(error)
            encoder.notice(error)
        }

        #expect(sent.count == 2)
        for message in sent {
            switch message {
            case .error(let report), .notice(let report):
                #expect(report.message == #"no "a\n\u001b[2J""#)
                #expect(report.detail == #"D\u0007."#)
                #expect(report.hint == #"H\r."#)
            default: Issue.record("no error")
            }
        }
    }

    @Test("a zero inside a text cannot end it early")
    func zeros() throws {
        #expect(try messages { $0.commandComplete("A\u{0}B") } == [.commandComplete("AB")])
    }
}

func decodeAll(_ bytes: [UInt8]) throws -> [BackendMessage] {
    var decoder = BackendDecoder()
    decoder.append(bytes)
    var messages: [BackendMessage] = []
    while let message = try decoder.next() { messages.append(message) }
    return messages
}
