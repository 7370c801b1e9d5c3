/// The bits of a readiness report, as epoll numbers them.
enum Readiness {
    static let input: UInt32 = 0x001
    static let output: UInt32 = 0x004
    static let error: UInt32 = 0x008
    static let hangup: UInt32 = 0x010
    static let peerHangup: UInt32 = 0x2000
}
