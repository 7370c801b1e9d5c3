package import Bytes
package import Diagnostics

/// One column in the answer of /exec.
package struct ExecColumn: Sendable, Equatable {
    package let name: String
    /// In upper case, such as `LONG`.
    package let type: String
    /// How many dimensions an array has, whose elements are of `type`; 0 for other columns.
    package let dimensions: Int

    package init(name: String, type: String, dimensions: Int = 0) {
        self.name = name
        self.type = type
        self.dimensions = dimensions
    }
}

/// Writes the answer of /exec to a query, row by row:
/// `{"query":…,"columns":[…],"timestamp":-1,"dataset":[…],"count":n}`.
///
///     var response = ExecResponse(query: text, columns: columns)
///     response.beginRow()
///     response.cells.integer(1)
///     response.endRow()
///     response.finish(count: 1)
package struct ExecResponse: Sendable {
    package static let contentType = "application/json; charset=utf-8"

    /// Where the cells of the open row are written.
    package var cells: JSONWriter
    /// Rows written so far.
    package private(set) var rows = 0

    /// Opens the document up to the first row.
    ///
    /// - Parameters:
    ///   - timestamp: the place of the designated timestamp among the columns, or -1.
    ///   - includesMetadata: false leaves out all but the rows and the count (`nm=true`).
    package init(
        query: String, columns: [ExecColumn], timestamp: Int = -1, includesMetadata: Bool = true
    ) {
        cells = JSONWriter(reserving: 4096)
        cells.beginObject()
        if includesMetadata {
            cells.key("query")
            cells.string(query)
            cells.key("columns")
            cells.beginArray()
            for column in columns {
                cells.beginObject()
                cells.key("name")
                cells.string(column.name)
                cells.key("type")
                cells.string(column.dimensions == 0 ? column.type : "ARRAY")
                if column.dimensions > 0 {
                    cells.key("dim")
                    cells.integer(column.dimensions)
                    cells.key("elemType")
                    cells.string(column.type)
                }
                cells.endObject()
            }
            cells.endArray()
            cells.key("timestamp")
            cells.integer(timestamp)
        }
        cells.key("dataset")
        cells.beginArray()
    }

    package mutating func beginRow() { cells.beginArray() }

    package mutating func endRow() {
        cells.endArray()
        rows += 1
    }

    /// Closes the document.
    ///
    /// - Parameters:
    ///   - count: the rows of the result; more than were written when all were counted.
    ///   - extra: further members, such as `timings` and `explain`.
    package mutating func finish(count: Int, extra: [JSONMember] = []) {
        cells.endArray()
        cells.key("count")
        cells.integer(count)
        for member in extra {
            cells.key(member.name)
            cells.value(member.value)
        }
        cells.endObject()
    }

    /// Hands over what has been written; the document goes on.
    package mutating func take() -> [UInt8] { cells.take() }

    /// Bytes written and not yet taken.
    package var count: Int { cells.count }
}

/// The answers of /exec that hold no rows.
extension ExecResponse {
    /// `{"ddl":"OK"}`, with further members such as `backup` behind it.
    package static func ddl(_ extra: [JSONMember] = []) -> [UInt8] {
        JSONValue.object([JSONMember("ddl", .string("OK"))] + extra).encoded
    }

    /// `{"dml":"OK"}`, with the number of updated rows when there is one.
    package static func dml(updated: Int64? = nil) -> [UInt8] {
        var members = [JSONMember("dml", .string("OK"))]
        if let updated { members.append(JSONMember("updated", .integer(updated))) }
        return JSONValue.object(members).encoded
    }

    /// `{"query":…,"error":…,"position":n}`; the position counts characters from zero.
    package static func error(query: String, _ error: DatabaseError) -> [UInt8] {
        var members = [
            JSONMember("query", .string(query)),
            JSONMember("error", .string(error.message)),
            JSONMember("position", .integer(Int64(error.position ?? 0))),
            JSONMember("sqlstate", .string(error.state.code)),
        ]
        if let detail = error.detail { members.append(JSONMember("detail", .string(detail))) }
        if let hint = error.hint { members.append(JSONMember("hint", .string(hint))) }
        return JSONValue.object(members).encoded
    }

    /// The answer to a request without a query; its position has always been a string.
    package static func emptyQuery() -> [UInt8] {
        JSONValue.object([
            JSONMember("error", .string("empty query")), JSONMember("query", .string("")),
            JSONMember("position", .string("0")),
        ]).encoded
    }

    /// Returns the status that goes with an error.
    package static func status(_ error: DatabaseError) -> HTTPStatus {
        switch error.state {
        case .internalError, .corrupted, .inputOutput, .outOfMemory: .internalError
        case .insufficientPrivilege, .readOnlyTransaction: .forbidden
        case .tooManyConnections, .starting, .shutdown, .diskFull: .unavailable
        default: .badRequest
        }
    }
}
