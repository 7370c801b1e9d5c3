/// A prepared statement of one connection. The machine knows its name, the session its plan.
package struct StatementID: Hashable, Sendable { package let number: Int }

/// A portal of one connection. The machine knows its name, the session its cursor.
package struct PortalID: Hashable, Sendable { package let number: Int }

/// What the machine wants done.
package enum ConnectionAction: Sendable, Equatable {
    /// Queue these bytes for the client, behind all that was queued before.
    case send([UInt8])
    /// Write to the socket what is queued.
    case flush
    /// Flush, then do a TLS handshake, then call `tlsEstablished`.
    case startTLS
    /// Cancel what another session runs, when the key is right; say nothing either way.
    case cancel(CancelKey)
    /// Forget a statement. Wants no answer.
    case releaseStatement(StatementID)
    /// Forget a portal. Wants no answer.
    case releasePortal(PortalID)
    /// The client was told of an error the session has not seen: what its transaction did since
    /// Sync or BEGIN must not be kept. Wants no answer.
    case failTransaction
    /// A part of the data the running COPY takes. Wants no answer.
    case copyData([UInt8])
    /// The data of the running COPY is whole. Wants no answer: the COPY itself ends in one.
    case copyDone
    /// The client gives the running COPY up. Wants no answer: the COPY itself ends in one.
    case copyFail(String)
    /// Flush and close the socket; end the session if there is one. Nothing comes after it.
    case close
    /// Do this and answer with `finish` or `fail`. Always the last of a list; until it is answered
    /// no other comes.
    case request(SessionRequest)
}

/// What the machine asks of the session; each is answered exactly once.
package enum SessionRequest: Sendable, Equatable {
    /// Answer `.user`, or fail to refuse the connection.
    case lookUpUser(String)
    /// The client has proved who it is. Answer `.session`.
    case openSession(StartupParameters)
    /// Run all statements of the text; write their results and tags. Answer `.done`.
    case runSimple(String)
    /// Prepare one statement. Answer `.done`.
    case parse(StatementID, sql: String, parameterTypes: [UInt32])
    /// Answer `.description`.
    case describeStatement(StatementID)
    /// Answer `.done`.
    case bind(PortalID, to: StatementID, BoundValues)
    /// Answer `.description`; its parameter types are passed over.
    case describePortal(PortalID)
    /// Run a portal or go on with it; write rows, then the tag, or PortalSuspended when the limit
    /// was reached (zero is none). Answer `.done`.
    case execute(PortalID, maximumRows: Int)
    /// End the implicit transaction. Answer `.done`.
    case sync
}

/// What the session answers.
package enum SessionAnswer: Sendable {
    case done
    case user(UserRecord)
    case session(SessionIdentity)
    /// nil columns: it returns no rows.
    case description(parameterTypes: [UInt32], columns: [FieldDescription]?)
}

/// What the server knows of a user who wants in.
package enum UserRecord: Sendable, Equatable {
    /// Nobody of this name. The exchange is played to its end all the same.
    case unknown
    /// No password is asked.
    case trusted
    /// Ask for a proof by SCRAM-SHA-256.
    case scram(ScramVerifier)
    /// Ask for the password in the clear and compare it with the verifier.
    case cleartext(ScramVerifier)
}

/// What a new session tells its client.
package struct SessionIdentity: Sendable, Equatable {
    package let key: CancelKey
    /// ParameterStatus, in order. `standard` gives those that drivers insist on.
    package let parameters: [WireSetting]

    package init(key: CancelKey, parameters: [WireSetting]) {
        self.key = key
        self.parameters = parameters
    }

    /// Returns the settings drivers insist on, with the values they accept.
    package static func standardParameters(
        serverVersion: String = "15.0", user: String, isSuperuser: Bool,
        applicationName: String = "", timeZone: String = "UTC", dateStyle: String = "ISO, MDY",
        intervalStyle: String = "postgres"
    ) -> [WireSetting] {
        [
            WireSetting("server_version", serverVersion),
            WireSetting("server_encoding", "UTF8"),
            WireSetting("client_encoding", "UTF8"),
            WireSetting("application_name", applicationName),
            WireSetting("is_superuser", isSuperuser ? "on" : "off"),
            WireSetting("session_authorization", user),
            WireSetting("DateStyle", dateStyle),
            WireSetting("IntervalStyle", intervalStyle),
            WireSetting("TimeZone", timeZone),
            WireSetting("integer_datetimes", "on"),
            WireSetting("standard_conforming_strings", "on"),
            WireSetting("default_transaction_read_only", "off"),
            WireSetting("in_hot_standby", "off"),
        ]
    }
}
