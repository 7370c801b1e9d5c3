import PostgresWire

/// SHA-256 in its plainest form, so that the tests need no library.
enum TestSHA256 {
    private static let constants: [UInt32] = {
        var constants: [UInt32] = []
        var candidate = 2
        while constants.count < 64 {
            if (2..<candidate).allSatisfy({ candidate % $0 != 0 }) {
                constants.append(fraction(candidate, cubeRoot: true))
            }
            candidate += 1
        }
        return constants
    }()

    private static let initial: [UInt32] = [2, 3, 5, 7, 11, 13, 17, 19].map {
        fraction($0, cubeRoot: false)
    }

    /// The first 32 bits behind the point of a root, found by bisection in whole numbers.
    private static func fraction(_ number: Int, cubeRoot: Bool) -> UInt32 {
        var low: UInt64 = 0
        var high: UInt64 = 1 << 36
        let shift = cubeRoot ? 96 : 64
        let target = UInt128(number) << UInt128(shift)
        while high - low > 1 {
            let middle = UInt128((low + high) / 2)
            let power = cubeRoot ? middle * middle * middle : middle * middle
            if power <= target { low = UInt64(middle) } else { high = UInt64(middle) }
        }
        return UInt32(truncatingIfNeeded: low)
    }

    static func hash(_ message: [UInt8]) -> [UInt8] {
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            padded.append(UInt8(truncatingIfNeeded: (message.count * 8) >> shift))
        }
        var state = initial
        var words = [UInt32](repeating: 0, count: 64)
        for block in stride(from: 0, to: padded.count, by: 64) {
            for index in 0..<16 {
                let at = block + 4 * index
                words[index] =
                    UInt32(padded[at]) << 24 | UInt32(padded[at + 1]) << 16
                    | UInt32(padded[at + 2]) << 8 | UInt32(padded[at + 3])
            }
            compress(&words, &state)
        }
        return state.flatMap { word in
            stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }

    private static func compress(_ words: inout [UInt32], _ state: inout [UInt32]) {
        func turn(_ value: UInt32, _ count: UInt32) -> UInt32 {
            value >> count | value << (32 - count)
        }
        for index in 16..<64 {
            let one = words[index - 15]
            let two = words[index - 2]
            words[index] =
                words[index - 16] &+ (turn(one, 7) ^ turn(one, 18) ^ one >> 3)
                &+ words[index - 7] &+ (turn(two, 17) ^ turn(two, 19) ^ two >> 10)
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let first =
                h &+ (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) &+ (e & f ^ ~e & g)
                &+ constants[index] &+ words[index]
            let second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) &+ (a & b ^ a & c ^ b & c)
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
    }

    static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var block = key.count > 64 ? hash(key) : key
        block += [UInt8](repeating: 0, count: 64 - block.count)
        return hash(block.map { $0 ^ 0x5c } + hash(block.map { $0 ^ 0x36 } + message))
    }

    static func pbkdf2(_ password: [UInt8], _ salt: [UInt8], _ iterations: Int) -> [UInt8] {
        var round = hmac(password, salt + [0, 0, 0, 1])
        var result = round
        for _ in 1..<iterations {
            round = hmac(password, round)
            result = zip(result, round).map { $0 ^ $1 }
        }
        return result
    }
}

extension ScramCryptography {
    /// The real thing, with a nonce the test chooses.
    static func test(nonce: [UInt8] = Array(0..<18)) -> ScramCryptography {
        ScramCryptography(
            sha256: { TestSHA256.hash($0) }, hmac: { TestSHA256.hmac($0, $1) },
            pbkdf2: { TestSHA256.pbkdf2($0, $1, $2) }, nonce: { nonce })
    }

    /// Two rounds whatever was asked, so that tests about anything else are quick.
    static func quick(nonce: [UInt8] = Array(0..<18)) -> ScramCryptography {
        ScramCryptography(
            sha256: { TestSHA256.hash($0) }, hmac: { TestSHA256.hmac($0, $1) },
            pbkdf2: { TestSHA256.pbkdf2($0, $1, min($2, 2)) }, nonce: { nonce })
    }
}
