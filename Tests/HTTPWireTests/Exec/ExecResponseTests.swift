import Bytes
import Diagnostics
import HTTPWire
import Testing

@Suite("ExecResponse")
struct ExecResponseTests {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("a result has its members in their order")
    func result() {
        var response = ExecResponse(
            query: "select \"x\"",
            columns: [ExecColumn(name: "x", type: "INT"), ExecColumn(name: "z", type: "STRING")])

        var whole: [UInt8] = []
        for row in 1...2 {
            response.beginRow()
            response.cells.integer(row)
            response.cells.string("a\n")
            response.endRow()
            whole += response.take()
        }
        response.finish(count: response.rows)
        whole += response.take()

        #expect(
            text(whole) == #"{"query":"select \"x\"","columns":[{"name":"x","type":"INT"},"#
                + #"{"name":"z","type":"STRING"}],"timestamp":-1,"#
                + #""dataset":[[1,"a\n"],[2,"a\n"]],"count":2}"#)
    }

    @Test("without metadata only rows and their number are left")
    func bare() {
        var response = ExecResponse(query: "", columns: [], includesMetadata: false)
        response.finish(count: 0)

        let body = text(response.take())
        #expect(body == #"{"dataset":[],"count":0}"#)
    }

    @Test("statements without rows say OK")
    func statements() {
        #expect(text(ExecResponse.ddl()) == #"{"ddl":"OK"}"#)
        let backup = JSONMember("backup", .object([JSONMember("id", .string("b1"))]))
        #expect(text(ExecResponse.ddl([backup])) == #"{"ddl":"OK","backup":{"id":"b1"}}"#)
        #expect(text(ExecResponse.dml(updated: 3)) == #"{"dml":"OK","updated":3}"#)
    }

    @Test("errors carry text and place")
    func errors() {
        let error = DatabaseError(.syntaxError, "unexpected \"x\"", position: 7)

        let body = text(ExecResponse.error(query: "q", error))

        #expect(body.hasPrefix(#"{"query":"q","error":"unexpected \"x\"","position":7"#))
        #expect(ExecResponse.status(error) == .badRequest)
        #expect(
            text(ExecResponse.emptyQuery())
                == #"{"error":"empty query","query":"","position":"0"}"#)
    }
}
