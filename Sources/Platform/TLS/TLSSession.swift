import Diagnostics
package final class TLSContext: Sendable { init() {} }
struct TLSStep { var plaintext: [UInt8] = []; var toPeer: [UInt8] = []; var isEnd = false }
final class TLSSession: Sendable {
    init(_ context: TLSContext, serverName: String? = nil) throws(DatabaseError) {}
    var isEstablished: Bool { false }
    func receive(_ bytes: [UInt8]) throws(DatabaseError) -> TLSStep { TLSStep() }
    func encrypt(_ bytes: [UInt8]) throws(DatabaseError) -> [UInt8] { bytes }
    func closeNotify() -> [UInt8] { [] }
    func takeRecords() -> [UInt8] { [] }
}
