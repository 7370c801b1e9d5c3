import Catalog
import Diagnostics
import SQL
import Values

/// The columns that names can mean at one place of a query, in the order of the input's columns.
struct Scope {
    struct Column {
        /// What may stand before the point: the alias, or the table's name.
        let table: String
        let schema: String?
        let plan: PlanColumn
        let foldedName: FoldedName
        /// How JOIN USING treats it, when its name stands alone.
        var sharing = Sharing.none

        init(table: String, schema: String?, plan: PlanColumn) {
            self.table = table
            self.schema = schema
            self.plan = plan
            foldedName = FoldedName(plan.name)
        }
    }

    /// JOIN USING makes one column of two: the left one stands for both, the right one is found by
    /// its table's name only.
    enum Sharing { case none, stands, hidden }

    var columns: [Column] = []

    /// The columns of `*`: shared ones first and once.
    var starOrder: [Int] {
        columns.indices.filter { columns[$0].sharing == .stands }
            + columns.indices.filter { columns[$0].sharing == .none }
    }

    func resolve(_ reference: ColumnReference) throws(DatabaseError) -> Int {
        let name = FoldedName(reference.name.text)
        let table = reference.qualifier.last?.folded
        let schema = reference.qualifier.count > 1 ? reference.qualifier.first?.folded : nil
        var found: Int?
        var isTableKnown = false
        for (index, column) in columns.enumerated() {
            if let table, column.table != table { continue }
            if table == nil, column.sharing == .hidden { continue }
            if let schema, let own = column.schema, own != schema { continue }
            isTableKnown = true
            guard column.foldedName == name else { continue }
            if found != nil {
                throw .ambiguousColumn(reference.name.text, at: reference.name.position)
            }
            found = index
        }
        if let found { return found }
        if let qualifier = reference.qualifier.last, !isTableKnown {
            throw .missingFromEntry(qualifier.text, at: qualifier.position)
        }
        let position = reference.qualifier.first?.position ?? reference.name.position
        let spelling = (reference.qualifier + [reference.name]).map(\.text)
        throw .undefinedColumn(spelling.joined(separator: "."), at: position)
    }
}

/// What an aggregating query computes: gathered while its expressions are bound.
struct Grouping {
    /// Numbers from here on stand for aggregates until the keys are counted.
    static let firstAggregate = 1 << 32

    var keys: [BoundExpression] = []
    var aggregates: [BoundAggregate] = []
    /// Without GROUP BY every plain column becomes a key: QuestDB's rule.
    var isImplicit: Bool

    /// The expressions as written, to be found again in the select list.
    var writtenKeys: [Expression] = []

    mutating func index(of aggregate: BoundAggregate) -> Int {
        if let index = aggregates.firstIndex(of: aggregate) { return Self.firstAggregate + index }
        aggregates.append(aggregate)
        return Self.firstAggregate + aggregates.count - 1
    }

    /// Gives an aggregate its place behind the keys.
    func place(_ expression: BoundExpression) -> BoundExpression {
        expression.mappingColumns { index in
            index >= Self.firstAggregate ? keys.count + index - Self.firstAggregate : index
        }
    }
}
