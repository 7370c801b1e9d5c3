import Diagnostics
import Testing

@testable import PostgresWire

@Suite("ConnectionMachine, queries")
struct ConnectionQueryTests {
    @Test("a simple query ends in ReadyForQuery")
    func simple() {
        var harness = ConnectionHarness.ready()
        harness.feed(FrontendEncoder.query("select 1"))
        #expect(harness.letters == "DCZ")

        harness.output = []
        harness.feed(FrontendEncoder.query("fail"))
        #expect(harness.letters == "EZ")
        #expect(harness.lastStatus == .idle)
    }

    @Test("a batch of the extended protocol is answered in order")
    func extended() {
        var harness = ConnectionHarness.ready()

        harness.feed(
            FrontendEncoder.parse(name: "s", "select 1") + FrontendEncoder.describeStatement("s")
                + FrontendEncoder.bind(statement: "s") + FrontendEncoder.describePortal()
                + FrontendEncoder.execute() + FrontendEncoder.closePortal()
                + FrontendEncoder.closePortal("none") + FrontendEncoder.sync())

        #expect(harness.letters == "1tT2TDC33Z")
    }

    @Test("a statement without rows has none to describe")
    func noData() {
        var harness = ConnectionHarness.ready()
        harness.feed(
            FrontendEncoder.parse("insert") + FrontendEncoder.describeStatement()
                + FrontendEncoder.sync())

        #expect(harness.letters == "1tnZ")
    }

    @Test("after an error everything up to Sync is passed over, once")
    func skipping() throws {
        var harness = ConnectionHarness.ready()

        harness.feed(
            FrontendEncoder.parse("fail parse") + FrontendEncoder.bind()
                + FrontendEncoder.execute() + FrontendEncoder.query("select 1")
                + FrontendEncoder.sync() + FrontendEncoder.sync()
                + FrontendEncoder.parse("select 1") + FrontendEncoder.sync())

        #expect(harness.letters == "EZZ1Z")
        #expect(try harness.errors().map(\.code) == ["22012"])
    }

    @Test("names that exist and names that do not are told apart")
    func names() throws {
        var harness = ConnectionHarness.ready()
        harness.feed(FrontendEncoder.parse(name: "s", "select 1") + FrontendEncoder.sync())
        for batch in [
            FrontendEncoder.parse(name: "s", "select 2"),
            FrontendEncoder.bind(statement: "none"), FrontendEncoder.describeStatement("none"),
            FrontendEncoder.describePortal("none"), FrontendEncoder.execute(portal: "none"),
            FrontendEncoder.bind(portal: "p", statement: "s")
                + FrontendEncoder.bind(portal: "p", statement: "s"),
        ] {
            harness.feed(batch + FrontendEncoder.sync())
        }

        #expect(
            try harness.errors().map(\.code) == [
                "42P05", "26000", "26000", "34000", "34000", "42P03",
            ])
    }

    @Test("unnamed statements and portals are replaced without a word")
    func unnamed() {
        var harness = ConnectionHarness.ready()
        let batch = FrontendEncoder.parse("select 1") + FrontendEncoder.bind()

        harness.feed(batch + batch + FrontendEncoder.sync())

        #expect(harness.letters == "1212Z")
        #expect(
            harness.log.contains(.releaseStatement(StatementID(number: 1)))
                && harness.log.contains(.releasePortal(PortalID(number: 2))))
    }

    @Test("a portal ends with its transaction, not before")
    func portals() throws {
        var harness = ConnectionHarness.ready()
        harness.feed(FrontendEncoder.query("begin"))
        harness.feed(
            FrontendEncoder.parse(name: "s", "select 1")
                + FrontendEncoder.bind(portal: "p", statement: "s") + FrontendEncoder.sync())
        harness.feed(FrontendEncoder.execute(portal: "p", maximumRows: 1) + FrontendEncoder.sync())
        #expect(try harness.errors().isEmpty)

        harness.feed(FrontendEncoder.query("commit"))
        harness.feed(FrontendEncoder.execute(portal: "p") + FrontendEncoder.sync())
        #expect(try harness.errors().map(\.code) == ["34000"])
    }

    @Test("an error the machine finds fails the transaction too")
    func failsTransaction() {
        var harness = ConnectionHarness.ready()
        harness.feed(FrontendEncoder.query("begin"))
        harness.feed(FrontendEncoder.execute(portal: "none") + FrontendEncoder.sync())

        #expect(harness.log.contains(.failTransaction))
        #expect(harness.lastStatus == .failed)
    }

    @Test("broken contents are errors, broken frames are the end")
    func violations() throws {
        var harness = ConnectionHarness.ready()
        harness.feed([0x51, 0, 0, 0, 6, 0xff, 0])
        #expect(harness.letters == "EZ")
        harness.feed([0x42, 0, 0, 0, 5, 0] + FrontendEncoder.sync())
        #expect(harness.letters == "EZEZ")
        #expect(!harness.machine.isClosed)

        harness.feed([0x21])
        #expect(try harness.errors().map(\.code) == ["22021", "08P01", "08P01"])
        #expect(harness.machine.isClosed)
    }

    @Test("a length above the limit is refused before anything of it is held")
    func limit() throws {
        var harness = ConnectionHarness.ready()
        harness.feed([0x51, 0x7f, 0xff, 0xff, 0xff])

        #expect(try harness.errors().map(\.severity) == ["FATAL"])
        #expect(harness.machine.isClosed)
    }

    @Test("while a statement runs input is held up to a bound, and Terminate is noticed")
    func holding() {
        var harness = ConnectionHarness.ready()
        harness.feed(FrontendEncoder.query("hold"))
        #expect(harness.machine.isBusy)
        #expect(harness.machine.wantsInput)

        harness.feed(FrontendEncoder.query(String(repeating: " ", count: 2_000_000)))
        #expect(!harness.machine.wantsInput)
        let leavesEarly = harness.machine.clientIsLeaving
        #expect(!leavesEarly)
        harness.feed(FrontendEncoder.bare("X"))
        let leaves = harness.machine.clientIsLeaving
        #expect(leaves)
        #expect(!harness.machine.isClosed)

        harness.perform(harness.machine.finish())
        #expect(harness.machine.isClosed)
    }

    @Test("a shutdown ends the connection with its reason, whatever runs")
    func shutdown() throws {
        var harness = ConnectionHarness.ready()
        harness.feed(FrontendEncoder.query("hold"))
        harness.perform(harness.machine.terminate(DatabaseError(.shutdown, "shutting down")))

        #expect(try harness.errors().map(\.code) == ["57P01"])
        #expect(harness.log.last == .close)
        let late = harness.machine.finish()
        #expect(late.isEmpty)
    }

    @Test("a COPY takes its data while its statement runs")
    func copy() {
        var harness = ConnectionHarness.ready()
        harness.feed(FrontendEncoder.query("hold"))
        harness.perform(harness.machine.beginCopyIn())
        harness.log = []
        harness.feed(
            FrontendEncoder.copyData([1]) + FrontendEncoder.sync() + FrontendEncoder.copyData([2])
                + FrontendEncoder.copyDone() + FrontendEncoder.query("select 1"))
        #expect(harness.log == [.copyData([1]), .copyData([2]), .copyDone])

        harness.perform(harness.machine.finish())
        #expect(harness.letters == "ZDCZ")
    }

    @Test("what is left of a failed COPY is passed over")
    func failedCopy() {
        var harness = ConnectionHarness.ready()
        harness.feed(FrontendEncoder.query("hold"))
        harness.perform(harness.machine.beginCopyIn())
        harness.perform(harness.machine.fail(DatabaseError(.badCopyFormat, "bad")))
        harness.feed(
            FrontendEncoder.copyData([1]) + FrontendEncoder.copyDone()
                + FrontendEncoder.query("select 1"))

        #expect(harness.letters == "EZDCZ")
    }

    @Test("SQL shares the names of prepared statements")
    func sharedNames() throws {
        var harness = ConnectionHarness.ready()
        let id = try harness.machine.definePrepared("s")
        harness.feed(FrontendEncoder.parse(name: "s", "select 1") + FrontendEncoder.sync())

        #expect(try harness.errors().map(\.code) == ["42P05"])
        #expect(harness.machine.preparedNames == ["s"])
        let dropped = try harness.machine.deallocate("s")
        #expect(dropped == id)
        #expect(throws: DatabaseError.self) { try harness.machine.deallocate("s") }
    }

    static let conversation =
        FrontendEncoder.query("select 1") + FrontendEncoder.parse(name: "s", "select 1")
        + FrontendEncoder.bind(statement: "s", formats: [.binary], values: [[1, 2], nil])
        + FrontendEncoder.execute(maximumRows: 3) + FrontendEncoder.flush()
        + FrontendEncoder.parse("fail parse") + FrontendEncoder.execute()
        + FrontendEncoder.sync() + FrontendEncoder.query("begin") + FrontendEncoder.query("fail")
        + FrontendEncoder.query("commit") + FrontendEncoder.bare("X")

    @Test("cuts at any place change nothing")
    func cuts() {
        var whole = ConnectionHarness.ready()
        whole.feed(Self.conversation)

        for piece in 1...30 {
            var cut = ConnectionHarness.ready()
            cut.feed(Self.conversation, piece: piece)
            #expect(cut.output == whole.output)
            #expect(cut.log == whole.log)
        }
        #expect(whole.log.last == .close)
    }

    @Test("random bytes never trap", arguments: 0..<16)
    func noise(_ seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        let fresh = ConnectionHarness.ready()
        for _ in 0..<60 {
            var bytes = Self.conversation
            for _ in 0..<3 {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                bytes[Int(state % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: state >> 32)
            }
            var harness = fresh
            harness.feed(bytes, piece: 1 + Int(state >> 40 & 63))
            var stranger = ConnectionHarness()
            stranger.feed(Array(bytes.dropFirst(Int(state >> 50 & 31))))
        }
    }
}
