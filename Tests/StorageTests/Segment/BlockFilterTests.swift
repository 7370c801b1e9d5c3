import Testing
import Values

@testable import Storage

/// Statistics of a few rows against the rows themselves.
@Suite struct BlockFilterTests {
    private static let comparisons: [BlockFilter.Comparison] = [
        .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
    ]

    private func statistics(_ type: ValueType, _ values: [Value]) -> SegmentStatistics {
        var builder = ColumnBuilder(type: type)
        for value in values { builder.append(value) }
        let vector = builder.makeVector()
        let symbols = type == .symbol ? SortedSymbols(vector) : nil
        return SegmentStatistics(vector, symbols, 0..<values.count)
    }

    private func mayHold(
        _ type: ValueType, _ values: [Value], _ comparison: BlockFilter.Comparison, _ value: Value
    ) -> Bool {
        let known = statistics(type, values)
        let condition = BlockFilter.Condition.compare(
            0, stored: type, as: type, comparison, value)
        return condition.mayHold { _ in known }
    }

    /// What SQL says: of NULL nothing is true, NaN equals itself and is above all numbers.
    private func holds(_ left: Value, _ comparison: BlockFilter.Comparison, _ right: Value) -> Bool
    {
        if left == .null { return false }
        let order = left.order(right)
        switch comparison {
        case .equal: return order == 0
        case .notEqual: return order != 0
        case .less: return order < 0
        case .lessOrEqual: return order <= 0
        case .greater: return order > 0
        case .greaterOrEqual: return order >= 0
        }
    }

    @Test("doubles: NaN, infinities, zeros of both signs and NULL", arguments: 0..<256)
    func doubles(chosen: Int) {
        let all: [Value] = [
            .null, .double(.nan), .double(-.infinity), .double(.infinity), .double(-0.0),
            .double(0), .double(1.5), .double(-1.5),
        ]
        let values = all.indices.filter { chosen >> $0 & 1 == 1 }.map { all[$0] }
        for comparison in Self.comparisons {
            for asked in all.dropFirst() {
                let exact = values.contains { holds($0, comparison, asked) }
                let found = mayHold(.double, values, comparison, asked)

                #expect(found || !exact, "\(comparison) \(asked) in \(values)")
                // Bounds alone tell all but the equality of what lies between them.
                if comparison == .less || comparison == .lessOrEqual {
                    #expect(found == exact, "\(comparison) \(asked) in \(values)")
                }
            }
        }
    }

    @Test("strings longer than a bound", arguments: 0..<300)
    func strings(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        func text() -> String {
            // They differ before, at and behind the end of a bound; and above it there is nothing.
            let head = String(repeating: random.next() % 5 == 0 ? "b" : "a", count: 31)
            let tail = ["", "a", "b", "\u{7f}", "ab", "é", "ü"][Int(random.next() % 7)]
            return head.dropLast(Int(random.next() % 3)) + tail
        }
        let values = (0..<3).map { _ in Value.string(text()) }
        for type in [ValueType.varchar, .symbol] {
            for comparison in Self.comparisons {
                let asked = Value.string(text())
                let exact = values.contains { holds($0, comparison, asked) }

                let found = mayHold(type, values, comparison, asked)

                #expect(found || !exact, "\(comparison) \(asked) in \(values)")
            }
        }
        let high = Value.binary([UInt8](repeating: 255, count: 40))
        #expect(mayHold(.binary, [high], .greater, .binary([UInt8](repeating: 255, count: 39))))
    }

    @Test("a FLOAT column is asked with the digits that it has")
    func floats() {
        let stored = [Value.double(Double(Float(0.1)))]

        #expect(mayHold(.float, stored, .equal, .double(0.1)))
        #expect(!mayHold(.float, stored, .notEqual, .double(0.1)))
    }

    @Test("values of another kind than the bounds leave nothing out")
    func otherKind() {
        #expect(mayHold(.long, [.integer(1)], .greater, .double(5)))
        #expect(mayHold(.uuid, [.uuid(1, 1)], .equal, .string("x")))
    }

    @Test("what is known of parts is known of the whole")
    func union() {
        let parts = [
            statistics(.varchar, [.string("m"), .null]), SegmentStatistics(nulls: 3),
            statistics(.varchar, [.string("c")]),
        ]

        let whole = SegmentStatistics.union(parts)

        #expect(whole.rows == 6 && whole.nulls == 4)
        #expect(whole.minimum == .binary(Array("c".utf8)))
        #expect(whole.maximum == .binary(Array("m".utf8)))
        let high = statistics(.binary, [.binary([UInt8](repeating: 255, count: 40))])
        #expect(SegmentStatistics.union(parts + [high]).maximum == .null)
    }

    @Test("moments that are left: conjunctions cut them, disjunctions keep all between")
    func moments() {
        func at(_ comparison: BlockFilter.Comparison, _ moment: Int64) -> BlockFilter.Condition {
            .compare(0, stored: .timestamp, as: .timestamp, comparison, .timestamp(moment))
        }
        func moments(_ condition: BlockFilter.Condition) -> ClosedRange<Int64>? {
            BlockFilter(condition, timestamp: 0).moments
        }

        #expect(moments(.all([at(.greater, 5), at(.lessOrEqual, 9)])) == 6...9)
        #expect(moments(.all([at(.greater, 9), at(.less, 9)])) == nil)
        #expect(moments(.any([at(.equal, 5), at(.equal, 9)])) == 5...9)
        #expect(moments(.any([at(.equal, 5), .isNull(1)])) == Int64.min...Int64.max)
        #expect(moments(.any([at(.equal, 5), .never])) == 5...5)
        #expect(moments(at(.greater, .max)) == nil && moments(at(.less, .min)) == nil)
        #expect(moments(at(.notEqual, 3)) == Int64.min...Int64.max)
    }
}
