/// What the server gives at most, and how big its own secrets are.
enum ServerLimits {
    /// Bytes of a SCRAM nonce: RFC 5802 asks for enough that none comes twice.
    static let nonceBytes = 18
    /// Bytes of salt per account, as PostgreSQL uses.
    static let saltBytes = 16
    /// Bytes of the secret behind mock exchanges: one SHA-256 block's worth of chance.
    static let mockSecretBytes = 32
    /// Bytes of a cancel key: what protocol 3.0 has room for.
    static let cancelSecretBytes = 4
    /// Connections at once over all ports; more are answered with 53300. The hard limit of open
    /// files of a common machine leaves room for as many segments beside it.
    static let connections = 4096
    /// Clients too many that are waited for until they have said who they are, so that they understand
    /// the refusal; more are refused at once.
    static let refusals = 64
    /// Milliseconds for which such a client is waited.
    static let refusalMilliseconds = 2000
    /// Bytes of encoded rows after which a stream waits for the socket to drain.
    static let streamBytes = 256 << 10
    /// Milliseconds in which a peer that has ended its side is still answered. It may be reading, as
    /// `nc -N` does, or be gone: a query for nobody must not run on.
    static let answerMilliseconds = 2000
}
