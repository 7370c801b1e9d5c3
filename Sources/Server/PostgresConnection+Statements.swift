import Diagnostics
import Engine
import Platform
import PostgresWire
import Values

/// A statement of the extended protocol with what describing it found.
struct PreparedEntry {
    /// nil for a text without a statement.
    let statement: PreparedStatement?
    let parameterTypes: [ValueType]
    /// What the client said that it sends, by OID; what it left open is missing or 0.
    let declaredTypes: [UInt32]
    let columns: [ResultColumn]?
}

/// A statement with its parameters, waiting to be run or partly run.
final class Portal {
    let entry: PreparedEntry
    let parameters: [Value]
    let formats: [WireFormat]
    var stream: ResultStream?
    var tag: RowTag?

    init(entry: PreparedEntry, parameters: [Value], formats: [WireFormat]) {
        self.entry = entry
        self.parameters = parameters
        self.formats = formats
    }
}

/// The requests of the simple and the extended protocol, carried to the session.
extension PostgresConnection {
    // MARK: Simple

    func runSimple(_ text: String) {
        guard let session else { return }
        do throws(DatabaseError) {
            let statements = try session.parse(text)
            if statements.isEmpty {
                var encoder = BackendEncoder()
                encoder.emptyQueryResponse()
                socket.send(encoder.take())
                return finish()
            }
            if statements.count > 1 { session.openImplicitTransaction() }
            runSimple(statements[...])
        } catch {
            fail(error)
        }
    }

    /// Runs the first statement and, when it has ended well, the rest.
    private func runSimple(_ statements: ArraySlice<PreparedStatement>) {
        guard let first = statements.first else { return closeImplicit() }
        execute(first, parameters: []) { [self] result in
            switch result {
            case .failure(let error): fail(error)
            case .success(let outcome):
                begin(outcome) { [self] in runSimple(statements.dropFirst()) }
            }
        }
    }

    private func begin(_ outcome: Outcome, then next: @escaping () -> Void) {
        switch outcome {
        case .command(let command):
            send(command)
            next()
        case .copyIn(let copy, let ending): begin(copy, ending, then: next)
        case .copyOut(let copy): begin(copy, then: next)
        case .rows(let rows, let tag):
            var encoder = BackendEncoder()
            let formats = [WireFormat](repeating: .text, count: rows.columns.count)
            encoder.rowDescription(fields(rows.columns, formats))
            socket.send(encoder.take())
            let stream = makeStream(rows, formats)
            run(stream, limit: 0) { [self] result in
                switch result {
                case .failure(let error):
                    session?.fail()
                    fail(error)
                case .success:
                    encoder.commandComplete(tag.text(rows: stream.rowCount))
                    socket.send(encoder.take())
                    next()
                }
            }
        }
    }

    func send(_ command: CommandResult) {
        var encoder = BackendEncoder()
        for parameter in command.reportedParameters {
            encoder.parameterStatus(WireSetting(parameter.name, parameter.value))
        }
        encoder.commandComplete(command.tag)
        socket.send(encoder.take())
    }

    private func closeImplicit() {
        guard let session else { return }
        let loop = socket.loop
        session.closeImplicitTransaction { [self] result in
            loop.execute { [self] in
                switch result {
                case .success: finish()
                case .failure(let error): fail(error)
                }
            }
        }
    }

    // MARK: Extended

    func parse(_ id: StatementID, _ sql: String, _ types: [UInt32]) {
        guard let session else { return }
        do throws(DatabaseError) {
            let found = try session.parse(sql, parameterTypes: types.map(ValueType.withOID))
            guard found.count <= 1 else { throw .multipleStatements() }
            guard let first = found.first else {
                statements[id] = PreparedEntry(
                    statement: nil, parameterTypes: [], declaredTypes: [], columns: nil)
                return finish()
            }
            let (settled, description) = try session.describe(first)
            statements[id] = PreparedEntry(
                statement: settled, parameterTypes: description.parameterTypes,
                declaredTypes: types, columns: description.columns)
            finish()
        } catch {
            session.fail()
            fail(error)
        }
    }

    func describeStatement(_ id: StatementID) {
        guard let entry = statements[id] else { return fail(.lostStatement()) }
        let formats = [WireFormat](repeating: .text, count: entry.columns?.count ?? 0)
        finish(
            .description(
                parameterTypes: entry.parameterTypes.map(\.oid),
                columns: entry.columns.map { fields($0, formats) }))
    }

    func bind(_ id: PortalID, _ statement: StatementID, _ values: BoundValues) {
        guard let entry = statements[statement] else { return fail(.lostStatement()) }
        do throws(DatabaseError) {
            let types = entry.parameterTypes
            guard types.count == values.values.count else {
                throw .wrongParameterCount(expected: types.count, found: values.values.count)
            }
            var parameters: [Value] = []
            for (index, bytes) in values.values.enumerated() {
                let declared = entry.declaredTypes.dropFirst(index).first ?? 0
                parameters.append(
                    try Self.value(
                        bytes, declared, as: types[index], format: values.formats[index]))
            }
            let formats = (0..<(entry.columns?.count ?? 0)).map {
                values.resultFormat(column: $0) ?? .text
            }
            portals[id] = Portal(entry: entry, parameters: parameters, formats: formats)
            finish()
        } catch {
            session?.fail()
            fail(error)
        }
    }

    func describePortal(_ id: PortalID) {
        guard let portal = portals[id] else { return fail(.lostStatement()) }
        finish(
            .description(
                parameterTypes: [],
                columns: portal.entry.columns.map { fields($0, portal.formats) }))
    }

    func execute(_ id: PortalID, _ maximumRows: Int) {
        guard let portal = portals[id] else { return fail(.lostStatement()) }
        guard let statement = portal.entry.statement else {
            var encoder = BackendEncoder()
            encoder.emptyQueryResponse()
            socket.send(encoder.take())
            return finish()
        }
        if portal.stream != nil {
            session?.renewTimeLimit()
            return advance(portal, maximumRows)
        }
        execute(statement, parameters: portal.parameters) { [self] result in
            switch result {
            case .failure(let error): fail(error)
            case .success(.command(let command)):
                send(command)
                finish()
            case .success(.copyIn(let copy, let ending)):
                begin(copy, ending) { [self] in finish() }
            case .success(.copyOut(let copy)): begin(copy) { [self] in finish() }
            case .success(.rows(let rows, let tag)):
                portal.stream = makeStream(rows, portal.formats)
                portal.tag = tag
                advance(portal, maximumRows)
            }
        }
    }

    private func advance(_ portal: Portal, _ maximumRows: Int) {
        guard let stream = portal.stream, let tag = portal.tag else {
            return fail(.lostStatement())
        }
        run(stream, limit: maximumRows) { [self] result in
            var encoder = BackendEncoder()
            switch result {
            case .failure(let error):
                session?.fail()
                return fail(error)
            case .success(.complete): encoder.commandComplete(tag.text(rows: stream.rowCount))
            case .success(.suspended): encoder.portalSuspended()
            }
            socket.send(encoder.take())
            finish()
        }
    }

    func sync() { closeImplicit() }

    // MARK: Shared

    /// Runs a statement on a worker and brings its outcome back to the loop.
    private func execute(
        _ prepared: PreparedStatement, parameters: [Value],
        completion: @escaping (Result<Outcome, DatabaseError>) -> Void
    ) {
        guard let session else { return }
        // SAFETY: the completion runs on the loop's thread alone; the box only carries it there.
        let carried = LoopBound(completion)
        let loop = socket.loop
        let isQueued = server.platform.workers.submit {
            session.execute(prepared, parameters: parameters) { result in
                loop.execute { carried.body(result) }
            }
        }
        if !isQueued { completion(.failure(.tooBusy())) }
    }

    private func makeStream(_ rows: ResultRows, _ formats: [WireFormat]) -> ResultStream {
        ResultStream(
            rows: rows, loop: socket.loop, workers: server.platform.workers
        ) { batch, range throws(DatabaseError) in
            try RowEncoding.postgres(batch, range, formats: formats)
        }
    }

    func run(
        _ stream: ResultStream, limit: Int,
        ended: @escaping (Result<ResultStream.Ending, DatabaseError>) -> Void
    ) {
        self.stream = stream
        stream.begin(
            limit: limit,
            deliver: { [self] bytes in
                socket.send(bytes)
                return socket.isWritable
            },
            ended: { [self] result in
                self.stream = nil
                if socket.isOpen { ended(result) }
            })
    }

    private func fields(_ columns: [ResultColumn], _ formats: [WireFormat]) -> [FieldDescription] {
        zip(columns, formats).map { column, format in
            FieldDescription(
                name: column.name, tableOID: UInt32(clamping: column.tableID ?? 0),
                columnNumber: Int16(clamping: column.columnNumber ?? 0),
                typeOID: column.type.oid, typeLength: column.type.postgresLength, format: format)
        }
    }

    private static func value(
        _ bytes: [UInt8]?, _ declared: UInt32, as type: ValueType, format: WireFormat
    ) throws(DatabaseError) -> Value {
        guard let bytes else { return .null }
        switch format {
        case .binary: return try Value.parseBinary(bytes, declared: declared, as: type)
        case .text: return try Value.parseParameter(bytes, as: type)
        }
    }
}

/// Carries a closure of the loop's thread through other threads, where it is never called.
// SAFETY: `body` is only called inside `loop.execute`.
struct LoopBound: @unchecked Sendable {
    let body: (Result<Outcome, DatabaseError>) -> Void
    init(_ body: @escaping (Result<Outcome, DatabaseError>) -> Void) { self.body = body }
}
