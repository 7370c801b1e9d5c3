/// Every bound of the room, in bytes or items, with its reason.
package enum PostgresLimits {
    /// PostgreSQL's own bound for the start-up packet: anything above is not a client.
    package static let startupPacketBytes = 10_000
    /// Passwords and SCRAM messages come from strangers, so they stay small.
    package static let passwordMessageBytes = 65_536
    /// Statements of many megabytes are legal; above this the length is taken for garbage.
    package static let messageBytes = 1 << 30
    /// Input held while a statement runs. Above it the machine asks not to be fed.
    package static let pendingInputBytes = 1 << 20
    /// Named statements of one session: a client that leaks them must not take the server along.
    package static let statements = 10_000
    /// Open portals of one session.
    package static let portals = 10_000
    /// Rounds of PBKDF2 a client is willing to run for a server it does not know yet.
    package static let scramIterations = 10_000_000
    /// The smallest number of rounds RFC 7677 allows.
    package static let scramMinimumIterations = 4096
    /// Read input is cut off the front of the buffer once it is longer than this.
    package static let compactionBytes = 65_536
}
