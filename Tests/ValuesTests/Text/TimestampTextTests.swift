import Bytes
import Testing
import Values

@Suite("TimestampText")
struct TimestampTextTests {
    @Test(
        "every spelling is read as its moment",
        arguments: [
            ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0), ("1970", 0),
            ("1970-02", 2_678_400_000_000),
            ("2026-01-02 03:04:05", 1_767_323_045_000_000),
            ("2026-01-02T03:04:05.000006Z", 1_767_323_045_000_006),
            ("2026-01-02T03:04:05.123456789Z", 1_767_323_045_123_456),
            ("2026-01-02 03:04:05.5+02:00", 1_767_315_845_500_000),
            ("2026-01-02 03:04:05-0130", 1_767_328_445_000_000),
            ("1969-12-31T23:59:59.999999Z", -1), ("2000-02-29", 951_782_400_000_000),
            ("0001-12-31 23:59:59.999999 BC", -62_135_596_800_000_001),
            ("4713-01-01 BC", -210_863_520_000_000_000), ("0001 BC", -62_167_219_200_000_000),
        ] as [(String, Int64)])
    func parse(text: String, moment: Int64) {
        #expect(TimestampText.parse(text) == moment)
    }

    @Test(
        "nonsense is refused",
        arguments: [
            "", "never", "2026-13-01", "2026-02-30", "2025-02-29", "2026-01-01T25:00",
            "2026-01-01T00:60:00", "20260101T", "2026-01-01 00:00:00 PST",
            "999999-01-01", "0000-01-01 BC", "-0001-01-01 BC", " BC",
            "290309-12-21 19:59:05.224191 BC",
            "2026-01-01T00:00:00+99:00",
        ])
    func refuse(text: String) {
        #expect(TimestampText.parse(text) == nil)
    }

    @Test("what PostgreSQL's style writes is read again", arguments: [.min, .min + 1, -1, 0, .max])
    func roundTrip(moment: Int64) {
        #expect(TimestampText.parse(TimestampText.text(moment, .postgres)) == moment)
    }

    @Test(
        "nanoseconds are read as they are written",
        arguments: [.min, .min + 999, -1_000_000_001, -1, 0, 999, .max] as [Int64])
    func nanoseconds(moment: Int64) {
        for isISO in [true, false] {
            var writer = ByteWriter()
            TimestampText.append(nanoseconds: moment, isISO: isISO, to: &writer)
            let text = String(decoding: writer.bytes, as: UTF8.self)

            #expect(TimestampText.parseNanoseconds(text) == moment)
        }
    }

    @Test("each style has its digits")
    func styles() {
        #expect(TimestampText.text(1_767_323_045_120_000, .iso) == "2026-01-02T03:04:05.120000Z")
        #expect(
            TimestampText.text(1_767_323_045_120_000, .isoMilliseconds)
                == "2026-01-02T03:04:05.120Z")
        #expect(TimestampText.text(1_767_323_045_120_000, .postgres) == "2026-01-02 03:04:05.12")
        #expect(TimestampText.text(0, .postgres) == "1970-01-01 00:00:00")
        #expect(TimestampText.text(-1, .iso) == "1969-12-31T23:59:59.999999Z")
    }

    @Test(
        "what is written is read back", arguments: [Int64.min / 2, -62_000_000_000_000_000, 0, 1])
    func roundTrip(seed: Int64) {
        for step in 0..<200 {
            let moment = (seed / 200 + Int64(step) * 987_654_321_987) % 250_000_000_000_000_000
            let text = TimestampText.text(moment, .iso)
            if moment > -62_135_596_800_000_000 { #expect(TimestampText.parse(text) == moment) }
        }
    }
}
