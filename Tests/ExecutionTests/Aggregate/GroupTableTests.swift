import Testing
import Values

@testable import Execution

@Suite("GroupTable")
struct GroupTableTests {
    private func vector(_ type: ValueType, _ values: [Value]) -> ColumnVector {
        var builder = ColumnBuilder(type: type)
        for value in values { builder.append(value) }
        return builder.makeVector()
    }

    @Test("equal rows share a group, NULL is one of them")
    func groups() {
        var table = GroupTable()
        let keys = vector(.long, [.integer(5), .null, .integer(5), .integer(6), .null])

        #expect(table.add([keys], count: 5) == [0, 1, 0, 2, 1])
        #expect(table.count == 3)
    }

    @Test("-0 is 0 and every NaN is one")
    func floats() {
        var table = GroupTable()
        let keys = vector(.double, [.double(0), .double(-0.0), .double(.nan), .double(-.nan)])

        #expect(table.add([keys], count: 4) == [0, 0, 1, 1])
    }

    @Test("symbols of different dictionaries meet in one group")
    func symbols() {
        var table = GroupTable()
        let first = vector(.symbol, [.string("a"), .string("b"), .null])
        let second = vector(.symbol, [.string("b"), .string("c"), .null])

        #expect(table.add([first], count: 3) == [0, 1, 2])
        #expect(table.add([second], count: 3) == [1, 3, 2])
    }

    @Test("neighbouring strings do not run together")
    func separators() {
        var table = GroupTable()
        let left = vector(.varchar, [.string("ab"), .string("a")])
        let right = vector(.varchar, [.string("c"), .string("bc")])

        #expect(table.add([left, right], count: 2) == [0, 1])
    }

    @Test("growing loses no group, and looking adds none")
    func growth() {
        var table = GroupTable()
        let keys = vector(.int, (0..<5000).map { .integer($0) })
        let groups = table.add([keys], count: 5000)

        #expect(table.look([keys], count: 5000) == groups)
        #expect(table.look([vector(.int, [.integer(-1)])], count: 1) == [-1])
        #expect(table.count == 5000)
    }
}
