package import Diagnostics

/// Simple and extended protocol, after start-up.
extension ConnectionMachine {
    mutating func take(_ frame: FrontendFrame) {
        if frame.kind == .terminate { return close() }
        if frame.kind == .password { return die(.wrongPhase("\(frame.kind)")) }
        if copy == .taking { return takeCopy(frame) }
        if isDroppingCopyData, dropsCopy(frame) { return }
        if isSkipping, frame.kind != .sync { return }
        do throws(DatabaseError) {
            try act(try FrontendMessage(frame))
        } catch {
            report(error, after: frame.kind)
        }
    }

    private mutating func act(_ message: FrontendMessage) throws(DatabaseError) {
        switch message {
        case .query(let text):
            releaseStatement("")
            releasePortal("")
            ask(.runSimple(text), .simple)
        case .parse(let name, let sql, let types): try parse(name, sql, types)
        case .bind(let portal, let statement, let values): try bind(portal, statement, values)
        case .describeStatement(let name):
            ask(.describeStatement(try statement(name)), .describeStatement)
        case .describePortal(let name): ask(.describePortal(try portal(name)), .describePortal)
        case .execute(let name, let maximumRows):
            ask(.execute(try portal(name), maximumRows: maximumRows), .execute)
        case .closeStatement(let name):
            releaseStatement(name)
            encoder.closeComplete()
        case .closePortal(let name):
            releasePortal(name)
            encoder.closeComplete()
        case .flush: emit(.flush)
        case .sync:
            isSkipping = false
            ask(.sync, .sync)
        case .functionCall: throw .functionCallRefused()
        // Stray COPY data is passed over, as PostgreSQL does: it may follow a COPY that failed.
        case .copyData, .copyDone, .copyFail: return
        case .terminate, .password: close()
        }
    }

    private mutating func parse(
        _ name: String, _ sql: String, _ types: [UInt32]
    ) throws(DatabaseError) {
        if name.isEmpty { releaseStatement("") }
        guard statements[name] == nil else { throw .duplicateStatement(name) }
        guard statements.count < PostgresLimits.statements else {
            throw .tooManyStatements(limit: PostgresLimits.statements)
        }
        let id = StatementID(number: nextNumber())
        ask(.parse(id, sql: sql, parameterTypes: types), .parse(name: name, id))
    }

    private mutating func bind(
        _ name: String, _ statementName: String, _ values: BoundValues
    ) throws(DatabaseError) {
        let statement = try statement(statementName)
        if name.isEmpty { releasePortal("") }
        guard portals[name] == nil else { throw .duplicatePortal(name) }
        guard portals.count < PostgresLimits.portals else {
            throw .tooManyPortals(limit: PostgresLimits.portals)
        }
        let id = PortalID(number: nextNumber())
        ask(.bind(id, to: statement, values), .bind(name: name, id))
    }

    /// Draws the consequences of a success.
    mutating func settle(
        _ request: Outstanding, _ answer: SessionAnswer, _ status: TransactionStatus
    ) {
        switch (request, answer) {
        case (.lookUpUser, .user(let user)): challenge(user)
        case (.openSession, .session(let identity)): welcome(identity)
        case (.simple, .done):
            note(status)
            releasePortals(after: status)
            ready(status)
        case (.parse(let name, let id), .done):
            statements[name] = id
            encoder.parseComplete()
        case (.bind(let name, let id), .done):
            portals[name] = id
            encoder.bindComplete()
        case (.describeStatement, .description(let types, let columns)):
            encoder.parameterDescription(types)
            describe(columns)
        case (.describePortal, .description(_, let columns)): describe(columns)
        case (.execute, .done): note(status)
        case (.sync, .done):
            note(status)
            releasePortals(after: status)
            ready(status)
        default: preconditionFailure("the answer must fit the request")
        }
    }

    /// Draws the consequences of a failure.
    mutating func refuse(
        _ request: Outstanding, _ error: DatabaseError, _ status: TransactionStatus,
        _ severity: WireSeverity
    ) {
        guard severity != .fatal, severity != .panic else { return die(error) }
        switch request {
        case .lookUpUser, .openSession: die(error)
        case .simple, .sync:
            note(status)
            encoder.errorResponse(error)
            releasePortals(after: status)
            ready(status)
        case .parse, .describeStatement, .bind, .describePortal, .execute:
            transaction = status
            encoder.errorResponse(error)
            isSkipping = true
        }
    }

    /// Reports an error the machine found by itself, which the session has not seen.
    private mutating func report(_ error: DatabaseError, after kind: FrontendFrame.Kind) {
        encoder.errorResponse(error)
        emit(.failTransaction)
        if transaction == .open { transaction = .failed }
        switch kind {
        case .query, .functionCall: ready(transaction)
        case .sync: ask(.sync, .sync)
        case .parse, .bind, .describe, .execute, .close, .flush, .terminate, .password,
            .copyData, .copyDone, .copyFail:
            isSkipping = true
        }
    }

    mutating func ready(_ status: TransactionStatus) {
        transaction = status
        encoder.readyForQuery(status)
        emit(.flush)
    }

    private mutating func describe(_ columns: [FieldDescription]?) {
        if let columns { encoder.rowDescription(columns) } else { encoder.noData() }
    }

    /// Portals end with the transaction that opened them: by COMMIT or ROLLBACK inside a batch.
    private mutating func note(_ status: TransactionStatus) {
        if transaction != .idle, status == .idle { releasePortals(after: .idle) }
        transaction = status
    }

    private mutating func releasePortals(after status: TransactionStatus) {
        guard status == .idle else { return }
        for id in portals.values.sorted(by: { $0.number < $1.number }) { emit(.releasePortal(id)) }
        portals = [:]
    }

    private mutating func releasePortal(_ name: String) {
        if let id = portals.removeValue(forKey: name) { emit(.releasePortal(id)) }
    }

    private mutating func releaseStatement(_ name: String) {
        if let id = statements.removeValue(forKey: name) { emit(.releaseStatement(id)) }
    }

    private func statement(_ name: String) throws(DatabaseError) -> StatementID {
        guard let id = statements[name] else { throw .undefinedStatement(name) }
        return id
    }

    private func portal(_ name: String) throws(DatabaseError) -> PortalID {
        guard let id = portals[name] else { throw .undefinedPortal(name) }
        return id
    }

    private mutating func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }
}

/// Statements that SQL makes and drops: PREPARE, EXECUTE and DEALLOCATE share the names of Parse.
extension ConnectionMachine {
    /// Returns the statement of a name, for EXECUTE.
    package func preparedStatement(named name: String) -> StatementID? { statements[name] }

    /// The names of all statements, for a listing.
    package var preparedNames: [String] { statements.keys.filter { !$0.isEmpty }.sorted() }

    /// Takes a name for a statement prepared by SQL.
    ///
    /// - Throws: 42P05 when the name is taken, 54000 when there are too many.
    package mutating func definePrepared(_ name: String) throws(DatabaseError) -> StatementID {
        guard statements[name] == nil else { throw .duplicateStatement(name) }
        guard statements.count < PostgresLimits.statements else {
            throw .tooManyStatements(limit: PostgresLimits.statements)
        }
        let id = StatementID(number: nextNumber())
        statements[name] = id
        return id
    }

    /// Gives a name up; returns the statement the session should forget.
    ///
    /// - Throws: 26000 when there is none.
    package mutating func deallocate(_ name: String) throws(DatabaseError) -> StatementID {
        guard let id = statements.removeValue(forKey: name) else {
            throw .undefinedStatement(name)
        }
        return id
    }

    /// Gives all names up; returns the statements the session should forget.
    package mutating func deallocateAll() -> [StatementID] {
        let all = statements.values.sorted { $0.number < $1.number }
        statements = [:]
        return all
    }
}
