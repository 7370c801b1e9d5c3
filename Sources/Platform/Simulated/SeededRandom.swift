/// A stream of numbers that the seed decides (SplitMix64). For simulations and tests only.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// A number from 0 to below `bound`. The tiny bias of the remainder does not matter here.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a choice needs something to choose from")
        return Int(next() % UInt64(bound))
    }

    package mutating func coin() -> Bool { next() >> 63 == 0 }
}
