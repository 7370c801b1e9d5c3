package import Diagnostics
package import Engine
package import Platform

/// Where the server listens and whom it lets in.
package struct ServerSettings: Sendable {
    /// A host and a port; port 0 asks for any free one.
    package struct Address: Sendable {
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    package var postgres: Address
    package var http: Address
    package var health: Address
    package var accounts: [Credentials.Account]
    /// The user HTTP requests run as when none is asked for.
    package var adminUser: String
    /// The account of HTTP, when `http.user` is set.
    package var httpAccount: Credentials.Account?
    /// What a bearer of it may do without a name; nil for none.
    package var httpToken: String?
    /// Names, besides its address and localhost, by which clients may reach HTTP to change something.
    package var httpHosts: [String] = []
    /// Which of the ports are opened.
    package var opensPostgres = true
    package var opensHTTP = true
    package var opensHealth = true
    /// Whether everybody on a port may look and not touch.
    package var isPostgresReadOnly = false
    package var isHTTPReadOnly = false
    /// Connections at one time.
    package var postgresConnections = 256
    package var httpConnections = 256
    package var authenticationMilliseconds = 60_000
    package var drainMilliseconds = 30_000

    var httpRequiresAuthentication: Bool { httpAccount != nil || httpToken != nil }

    package init(
        postgres: Address, http: Address, health: Address, accounts: [Credentials.Account],
        adminUser: String, httpAccount: Credentials.Account?
    ) {
        self.postgres = postgres
        self.http = http
        self.health = health
        self.accounts = accounts
        self.adminUser = adminUser
        self.httpAccount = httpAccount
    }
}

/// The listeners and everything that is connected to them. Lives on its event loop.
// SAFETY: all mutable state belongs to the loop's thread.
package final class Server: @unchecked Sendable {
    let engine: Engine
    let platform: Platform
    private(set) var settings: ServerSettings
    private(set) var credentials: Credentials
    private(set) var httpCredentials: Credentials
    let cancels: CancelRegistry
    private let loop: EventLoop
    private var listeners: [Listener] = []
    private var postgresConnections: [ObjectIdentifier: PostgresConnection] = [:]
    private var connectionCount = 0
    /// Of the connections above those that are only there to be told that they are too many.
    private var refusalCount = 0
    private var httpConnections: [ObjectIdentifier: HTTPConnection] = [:]
    /// Whether nobody is let in any more, and who is idle has to go.
    private(set) var isStopping = false
    private var whenStopped: (() -> Void)?

    package init(engine: Engine, platform: Platform, loop: EventLoop, settings: ServerSettings) {
        self.engine = engine
        self.platform = platform
        self.loop = loop
        self.settings = settings
        credentials = Credentials(accounts: settings.accounts, chance: platform.chance)
        httpCredentials = Credentials(
            accounts: settings.httpAccount.map { [$0] } ?? [], chance: platform.chance)
        cancels = CancelRegistry(chance: platform.chance)
    }

    /// Opens the three ports. Call it on the loop's thread, before or while it runs.
    ///
    /// - Throws: F0000 when an address cannot be listened on.
    package func open() throws(DatabaseError) {
        if settings.opensPostgres {
            try listen("postgres", settings.postgres) { [self] socket in acceptPostgres(socket) }
        }
        if settings.opensHTTP {
            try listen("http", settings.http) { [self] socket in acceptHTTP(socket) }
        }
        if settings.opensHealth {
            try listen("health", settings.health) { [self] socket in
                guard admit() else { return socket.close(afterFlush: false) }
                HealthConnection(socket: socket, server: self).open()
            }
        }
    }

    /// Takes accounts and limits anew: for connections from now on, those that are open stay. On the
    /// loop.
    package func apply(_ fresh: ServerSettings) {
        settings.accounts = fresh.accounts
        settings.adminUser = fresh.adminUser
        settings.httpAccount = fresh.httpAccount
        settings.httpToken = fresh.httpToken
        settings.httpHosts = fresh.httpHosts
        settings.postgresConnections = fresh.postgresConnections
        settings.httpConnections = fresh.httpConnections
        settings.authenticationMilliseconds = fresh.authenticationMilliseconds
        settings.drainMilliseconds = fresh.drainMilliseconds
        credentials = Credentials(accounts: fresh.accounts, chance: platform.chance)
        httpCredentials = Credentials(
            accounts: fresh.httpAccount.map { [$0] } ?? [], chance: platform.chance)
    }

    private func listen(
        _ name: String, _ address: ServerSettings.Address,
        accept: @escaping (SocketConnection) -> Void
    ) throws(DatabaseError) {
        let listener = try loop.listen(host: address.host, port: address.port, accept: accept)
        listeners.append(listener)
        platform.log.log(
            .advisory, "server", "\(name) server listens on \(address.host):\(listener.port)")
    }

    private func acceptPostgres(_ socket: SocketConnection) {
        let limit = settings.postgresConnections
        let isAdmitted = postgresConnections.count - refusalCount < limit && admit()
        let refusal = isAdmitted ? nil : DatabaseError.tooManyConnections(limit: limit)
        let connection = PostgresConnection(socket: socket, server: self, refusal: refusal)
        postgresConnections[ObjectIdentifier(connection)] = connection
        if refusal != nil {
            connectionCount += 1  // Counted until its refusal has been sent.
            refusalCount += 1
        }
        connection.open()
        if let refusal, refusalCount > ServerLimits.refusals || isStopping {
            connection.terminate(refusal)
        }
    }

    private func acceptHTTP(_ socket: SocketConnection) {
        guard httpConnections.count < settings.httpConnections, admit() else {
            socket.send(HTTPConnection.refusal())
            return socket.close()
        }
        let connection = HTTPConnection(socket: socket, server: self)
        httpConnections[ObjectIdentifier(connection)] = connection
        connection.open()
    }

    func forget(_ connection: HTTPConnection) {
        httpConnections[ObjectIdentifier(connection)] = nil
        connectionClosed()
    }

    private func admit() -> Bool {
        guard !isStopping, connectionCount < ServerLimits.connections else { return false }
        connectionCount += 1
        return true
    }

    func forget(_ connection: PostgresConnection) {
        postgresConnections[ObjectIdentifier(connection)] = nil
        if connection.refusal != nil { refusalCount -= 1 }
        connectionClosed()
    }

    func connectionClosed() {
        connectionCount -= 1
        checkStopped()
    }

    /// Stops listening, lets running statements end and then calls `completion` on the loop. What
    /// still runs after a grace period is cancelled.
    package func stop(_ completion: @escaping () -> Void) {
        guard !isStopping else { return }
        isStopping = true
        whenStopped = completion
        for listener in listeners { listener.close() }
        listeners = []
        for connection in Array(postgresConnections.values) where connection.isIdle {
            connection.terminate(.shuttingDown())
        }
        for connection in Array(httpConnections.values) where connection.isIdle {
            connection.terminate()
        }
        _ = loop.schedule(afterMilliseconds: settings.drainMilliseconds) { [self] in
            for connection in Array(postgresConnections.values) {
                connection.terminate(.shuttingDown())
            }
            for connection in Array(httpConnections.values) { connection.terminate() }
            let completion = whenStopped
            whenStopped = nil
            completion?()
        }
        checkStopped()
    }

    private func checkStopped() {
        guard isStopping, postgresConnections.isEmpty, httpConnections.isEmpty else { return }
        let completion = whenStopped
        whenStopped = nil
        completion?()
    }
}
