package import PostgresWire
package import Platform

/// Who may come in, with which proof, and what they may do.
///
/// Passwords are turned into SCRAM verifiers when the server starts and are not kept.
package struct Credentials: Sendable {
    /// One account of the settings.
    package struct Account: Sendable {
        package let user: String
        package let password: String
        package let isReadOnly: Bool

        package init(user: String, password: String, isReadOnly: Bool) {
            self.user = user
            self.password = password
            self.isReadOnly = isReadOnly
        }
    }

    private struct Entry: Sendable {
        let verifier: ScramVerifier
        let isReadOnly: Bool
    }

    package let cryptography: ScramCryptography
    /// Makes the mock exchange of unknown users steady for the life of the process.
    package let mockSecret: [UInt8]
    private let entries: [String: Entry]

    package init(accounts: [Account], chance: any Chance) {
        let cryptography = ScramCryptography(
            sha256: { SHA256.digest($0) },
            hmac: { HMACSHA256.authenticate(key: $0, $1) },
            pbkdf2: { PBKDF2.derive(password: $0, salt: $1, iterations: $2) },
            nonce: { chance.bytes(ServerLimits.nonceBytes) })
        var entries: [String: Entry] = [:]
        for account in accounts where !account.user.isEmpty {
            entries[account.user] = Entry(
                verifier: ScramVerifier(
                    password: account.password, salt: chance.bytes(ServerLimits.saltBytes),
                    cryptography),
                isReadOnly: account.isReadOnly)
        }
        self.entries = entries
        self.cryptography = cryptography
        mockSecret = chance.bytes(ServerLimits.mockSecretBytes)
    }

    package func record(for user: String) -> UserRecord {
        guard let entry = entries[user] else { return .unknown }
        return .scram(entry.verifier)
    }

    package func isReadOnly(_ user: String) -> Bool { entries[user]?.isReadOnly ?? true }

    /// Checks a password sent in the clear, as HTTP's Basic does. It costs one key derivation.
    package func accepts(user: String, password: String) -> Bool {
        guard let entry = entries[user] else { return false }
        return entry.verifier.accepts(password: password, cryptography)
    }
}
