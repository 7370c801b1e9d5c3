/// Makes inputs out of seeds: cuts, doubles, joins, flips and puts in what decoders fear.
struct Mutator {
    /// Small and fast, and the same everywhere: SplitMix64.
    struct Generator: RandomNumberGenerator {
        private var state: UInt64

        init(seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
            return value ^ (value >> 31)
        }
    }

    private static let longest = 1 << 16
    private static let feared: [[UInt8]] = [
        [0], [0xff], [0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], [0x80, 0, 0, 0],
        [0, 0, 0, 4], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], Array("\r\n\r\n".utf8),
        Array("9223372036854775808".utf8), Array("1e309".utf8), Array("'".utf8),
        Array("((((((((".utf8), Array("[[[[[[[[".utf8), Array("/*".utf8), Array("$$".utf8),
    ]
    /// What takes the place of a number that is written in digits.
    private static let numbers = [
        "0", "1", "-1", "4294967296", "9223372036854775807", "9223372036854775806",
        "-9223372036854775808",
    ]

    let seeds: [[UInt8]]
    let seed: UInt64

    /// Returns input number `number`; the first ones are the seeds themselves.
    func input(_ number: Int) -> [UInt8] {
        if number < seeds.count { return seeds[number] }
        var generator = Generator(seed: seed &+ UInt64(number) &* 0x2545_f491_4f6c_dd1d)
        var bytes = seeds.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            mutate(&bytes, &generator)
            if bytes.count > Self.longest { bytes.removeLast(bytes.count - Self.longest) }
        }
        return bytes
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout Generator) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let end = Int.random(in: place...bytes.count, using: &generator)
        switch Int.random(in: 0..<9, using: &generator) {
        case 0 where place < bytes.count:
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1 where place < bytes.count:
            bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 2:
            bytes.removeSubrange(place..<end)
        case 3:
            bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4:
            let other = seeds.randomElement(using: &generator) ?? []
            let cut = Int.random(in: 0...other.count, using: &generator)
            bytes = Array(bytes[..<place] + other[cut...])
        case 5:
            bytes.removeSubrange(place...)
        case 6:
            let piece = bytes[place..<end]
            for _ in 0..<Int.random(in: 1...64, using: &generator) { bytes += piece.prefix(256) }
        case 7:
            replaceNumber(of: &bytes, from: place, &generator)
        default:
            bytes.insert(
                contentsOf: Self.feared.randomElement(using: &generator) ?? [], at: place)
        }
    }

    private func replaceNumber(
        of bytes: inout [UInt8], from place: Int, _ generator: inout Generator
    ) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let begin = bytes[place...].firstIndex(where: digits.contains) else { return }
        let end = bytes[begin...].firstIndex { !digits.contains($0) } ?? bytes.endIndex
        let number = Self.numbers.randomElement(using: &generator) ?? "0"
        bytes.replaceSubrange(begin..<end, with: Array(number.utf8))
    }
}
