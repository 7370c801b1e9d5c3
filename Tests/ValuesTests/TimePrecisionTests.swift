import Diagnostics
import Testing
import Values

@Suite struct TimePrecisionTests {
    /// 2000-01-01, from which PostgreSQL rounds.
    private let epoch: Int64 = 946_684_800_000_000

    @Test(
        "halves go away from 2000-01-01, as in PostgreSQL",
        arguments: [
            (3, 1_499, 1_000), (3, 1_500, 2_000), (3, -1_499, -1_000), (3, -1_500, -2_000),
            (0, 499_999, 0), (0, 500_000, 1_000_000), (0, -500_000, -1_000_000), (6, 1, 1),
            (5, 4, 0), (5, 5, 10), (3, 0, 0),
        ] as [(Int, Int64, Int64)])
    func rounds(digits: Int, from: Int64, to: Int64) {
        #expect(TimePrecision(digits: digits).round(epoch + from) == epoch + to)
    }

    @Test("what is at the ends of time stays", arguments: [Int64.min, .min + 1, .max - 1, .max])
    func ends(time: Int64) {
        let rounded = TimePrecision(digits: 0).round(time)

        #expect(abs(rounded.distance(to: time)) < 1_000_000)
    }

    @Test("a precision takes all of a lower one, and six digits take everything")
    func takesAll() {
        let three = TypeModifier.precision(TimePrecision(digits: 3))
        let six = TypeModifier.precision(TimePrecision(digits: 6))

        #expect(three.takesAll(of: three))
        #expect(six.takesAll(of: three))
        #expect(six.takesAll(of: nil))
        #expect(!three.takesAll(of: six))
        #expect(!three.takesAll(of: nil))
    }

    @Test("a value with more digits is told from one that fits")
    func check() throws {
        let three = TypeModifier.precision(TimePrecision(digits: 3))

        try three.check(.timestamp(epoch + 1_000))
        try three.check(.null)
        #expect(throws: DatabaseError.self) { try three.check(.timestamp(epoch + 1)) }
    }
}
