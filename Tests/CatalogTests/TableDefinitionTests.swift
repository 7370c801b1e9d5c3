import Catalog
import Testing
import Values

@Suite struct TableDefinitionTests {
    private let table = TableDefinition(
        id: 1, name: "trades",
        columns: [
            ColumnDefinition(id: 1, name: "sym", type: .symbol),
            ColumnDefinition(id: 2, name: "ts", type: .timestamp),
            ColumnDefinition(id: 3, name: "Price", type: .double),
        ],
        timestampIndex: 1, partitionUnit: .day, dedupKeys: [2, 1],
        keys: [KeyConstraint(name: "u", isPrimary: false, columns: [1, 3])])

    @Test("columns are found without regard to case")
    func columnNames() {
        #expect(table.columnIndex(named: "PRICE") == 2)
        #expect(table.columnIndex(named: "amount") == nil)
    }

    @Test(
        "many columns outside ASCII are found in any case, by their last name, however they are composed"
    )
    func foreignColumnNames() throws {
        let count = 1_000
        let columns = (0..<count).map {
            ColumnDefinition(
                id: UInt32($0 + 1), name: "Gr\u{f6}\u{df}e des Werkst\u{fc}cks \($0)", type: .int)
        }
        var wide = TableDefinition(
            id: 1, name: "wide", columns: columns, timestampIndex: nil, partitionUnit: .none)
        for number in 0..<count {
            let name = "GR\u{d6}\u{df}E DES WERKST\u{dc}CKS \(number)"
            #expect(wide.columnIndex(named: name) == number)
        }
        #expect(wide.columnIndex(named: "gro\u{308}\u{df}e des werkstu\u{308}cks 7") == 7)

        wide = wide.withColumnName("H\u{f6}he", at: 7)

        #expect(wide.columnIndex(named: "H\u{d6}HE") == 7)
        #expect(wide.columnIndex(named: columns[7].name) == nil)
    }

    @Test("a partition unit is found by its name in any case", arguments: PartitionUnit.allCases)
    func units(unit: PartitionUnit) {
        #expect(PartitionUnit.named(unit.name.lowercased()) == unit)
    }

    @Test("every change is the next version")
    func versions() {
        #expect(table.withName("other").version == 2)
        #expect(table.withTimeToLive(nil).withDedupKeys([]).version == 3)
        #expect(table.withTimeToLive(nil).withDedupKeys([]).following(table).version == 2)
    }

    @Test("the id of a dropped column is not given again")
    func columnIDs() {
        let column = ColumnDefinition(id: 0, name: "note", type: .varchar)
        let grown = table.withColumn(column)
        let again = grown.withoutColumn(at: 3).withColumn(column)

        #expect(grown.columns[3].id == 4)
        #expect(again.columns[3].id == 5)
        #expect(again.nextColumnID == 6)
    }

    @Test("dropping a column moves the timestamp and ends the keys that name it")
    func dropColumn() {
        let rest = table.withoutColumn(at: 0)

        #expect(rest.timestampIndex == 0)
        #expect(rest.dedupKeys == [2])
        #expect(rest.keys.isEmpty)
    }

    @Test("keys follow a column whose values are replaced")
    func replaceColumn() {
        let changed = table.replacingColumn(
            at: 0, with: ColumnDefinition(id: 1, name: "sym", type: .varchar))

        #expect(changed.columns[0].id == 4)
        #expect(changed.dedupKeys == [2, 4])
        #expect(changed.keys[0].columns == [4, 3])
    }

    @Test("a TTL is a whole number of partitions")
    func timeToLive() {
        #expect(TimeToLive(value: 48, unit: .hour).isMultiple(of: .day))
        #expect(!TimeToLive(value: 25, unit: .hour).isMultiple(of: .day))
        #expect(!TimeToLive(value: 30, unit: .day).isMultiple(of: .month))
        #expect(TimeToLive(value: 1, unit: .year).isMultiple(of: .month))
        #expect(!TimeToLive(value: 18, unit: .month).isMultiple(of: .year))
        #expect(TimeToLive(value: 1, unit: .year).length == .months(12))
        #expect(TimeToLive(value: .max, unit: .week).length == .microseconds(.max))
    }
}
