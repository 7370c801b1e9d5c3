import Catalog
import Testing
import Values

@Suite struct TableDefinitionTests {
    @Test("columns are found without regard to case")
    func columnNames() {
        let table = TableDefinition(
            id: 1, name: "trades",
            columns: [
                ColumnDefinition(id: 1, name: "ts", type: .timestamp),
                ColumnDefinition(id: 2, name: "Price", type: .double),
            ],
            timestampIndex: 0, partitionUnit: .day)

        #expect(table.columnIndex(named: "PRICE") == 1)
        #expect(table.columnIndex(named: "amount") == nil)
    }

    @Test("a partition unit is found by its name in any case", arguments: PartitionUnit.allCases)
    func units(unit: PartitionUnit) {
        #expect(PartitionUnit.named(unit.name.lowercased()) == unit)
    }
}
