import Diagnostics

/// What a file system answers when files cannot share blocks there: one that does not know it, two
/// that are not the same, or a kind of file or of blocks it is not for. A copy does it then.
enum BlockSharing {
    private static let refusals: Set<Int32> = [
        ErrorNumber.notSupported, ErrorNumber.notATerminal, ErrorNumber.crossDevice,
        ErrorNumber.invalid, ErrorNumber.notPermitted,
    ]

    /// Makes the call; a refusal is false, any other failure is thrown: a full disk stays full for a
    /// copy too, and a failing one is told.
    static func attempt(_ call: () throws(DatabaseError) -> Void) throws(DatabaseError) -> Bool {
        do throws(DatabaseError) {
            try call()
            return true
        } catch {
            guard let number = error.cause?.errorNumber, refusals.contains(number) else {
                throw error
            }
            return false
        }
    }
}
