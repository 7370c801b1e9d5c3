package import PostgresWire
package import Platform
import Synchronization

/// Finds the session a CancelRequest means, by process id and secret.
package final class CancelRegistry: Sendable {
    private struct State {
        var lastProcessID: Int32 = 0
        var entries: [Int32: (secret: [UInt8], cancel: @Sendable () -> Void)] = [:]
    }

    private let state = Mutex(State())
    private let chance: any Chance

    package init(chance: any Chance) { self.chance = chance }

    /// Issues a key; `cancel` is called, from any thread, for each request that shows it.
    package func register(_ cancel: @escaping @Sendable () -> Void) -> CancelKey {
        let secret = chance.bytes(ServerLimits.cancelSecretBytes)
        return state.withLock { state in
            // Numbers wrap after two thousand million sessions; a taken one is passed over.
            repeat {
                state.lastProcessID = state.lastProcessID == .max ? 1 : state.lastProcessID + 1
            } while state.entries[state.lastProcessID] != nil
            state.entries[state.lastProcessID] = (secret, cancel)
            return CancelKey(processID: state.lastProcessID, secret: secret)
        }
    }

    package func withdraw(_ key: CancelKey) {
        state.withLock { _ = $0.entries.removeValue(forKey: key.processID) }
    }

    /// Cancels what the session of this key runs. A wrong key changes nothing and tells nothing.
    package func cancel(_ key: CancelKey) {
        let found = state.withLock { $0.entries[key.processID] }
        guard let found, ConstantTime.isEqual(found.secret, key.secret) else { return }
        found.cancel()
    }
}
