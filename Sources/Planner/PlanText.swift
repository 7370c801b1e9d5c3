import Catalog
import Values

extension Plan {
    /// The plan as EXPLAIN shows it, a line per node.
    package var lines: [String] {
        switch self {
        case .oneRow: return ["Result"]
        case .scan(let table, let columns, let filter):
            let names = columns.map { table.columns[$0].name }
            let head = "Scan \(table.name) (\(names.joined(separator: ", ")))"
            guard let filter else { return [head] }
            let pruning = ScanPredicate(filter, columns: columns)?.text(table)
            return [head, "  Filter: \(filter.text(names))"] + (pruning.map { ["  \($0)"] } ?? [])
        case .timeOrder(let scan):
            let plain = Plan.scan(scan.table, columns: scan.columns, filter: scan.filter).lines
            return ["Time-Ordered \(plain[0])\(scan.isDescending ? " DESC" : "")"]
                + plain.dropFirst()
        case .system(let relation, _): return ["System Relation \(relation.name)"]
        case .filter(let input, let condition):
            return Self.node("Filter: \(condition.text([]))", [input])
        case .project(let input, let outputs):
            let list = outputs.map { $0.text(input.names) }.joined(separator: ", ")
            return Self.node("Project \(list)", [input])
        case .aggregate(let input, let keys, let aggregates):
            let keyText = keys.map { $0.text(input.names) }.joined(separator: ", ")
            let list = aggregates.map { $0.text(input.names) }.joined(separator: ", ")
            let grouped = keys.isEmpty ? "" : " by \(keyText)"
            return Self.node("Aggregate \(list)\(grouped)", [input])
        case .distinct(let input): return Self.node("Distinct", [input])
        case .sort(let input, let keys, let first):
            let list = keys.map { "#\($0.column + 1)\($0.isDescending ? " DESC" : "")" }
            let head = first?.count == nil ? "Sort" : "Top-N Sort"
            return Self.node("\(head) \(list.joined(separator: ", "))", [input])
        case .limit(let input, let limit):
            let count = limit.count.map { " \($0.text([]))" } ?? ""
            let offset = limit.offset.map { " offset \($0.text([]))" } ?? ""
            return Self.node("Limit\(count)\(offset)", [input])
        case .join(let join):
            let head = join.leftKeys.isEmpty ? "Nested Loop" : "Hash Join"
            return Self.node("\(head) (\(join.kind.rawValue))", [join.left, join.right])
        }
    }

    private static func node(_ head: String, _ inputs: [Plan]) -> [String] {
        [head] + inputs.flatMap { $0.lines.map { "  " + $0 } }
    }

    private var names: [String] {
        if case .scan(let table, let columns, _) = self {
            return columns.map { table.columns[$0].name }
        }
        if case .timeOrder(let scan) = self {
            return scan.columns.map { scan.table.columns[$0].name }
        }
        return []
    }
}

extension BoundModification {
    /// The statement as EXPLAIN shows it, a line per node.
    package var lines: [String] {
        let names = table.columns.map(\.name)
        var lines: [String]
        switch change {
        case .delete: lines = ["Delete \(table.name)"]
        case .update(let assignments):
            let list = assignments.map { "\(names[$0.column]) = \($0.value.text(names))" }
            lines = ["Update \(table.name)", "  Set: \(list.joined(separator: ", "))"]
        }
        guard let filter else { return lines + ["  Scan \(table.name)"] }
        let used = filter.columnIndexes.map { names[$0] }
        lines.append("  Scan \(table.name) (\(used.joined(separator: ", ")))")
        lines.append("    Filter: \(filter.text(names))")
        let pruning = ScanPredicate(filter, columns: Array(table.columns.indices))
        if let pruning { lines.append("    \(pruning.text(table))") }
        return lines
    }
}

extension ScanPredicate {
    /// By what a scan leaves out blocks of rows without reading them.
    fileprivate func text(_ table: TableDefinition) -> String {
        "Pruned By: \(columns.map { table.columns[$0].name }.joined(separator: ", "))"
    }
}

extension BoundAggregate {
    func text(_ names: [String]) -> String {
        let inner = argument?.text(names) ?? "*"
        return "\(function.rawValue)(\(isDistinct ? "DISTINCT " : "")\(inner))"
    }
}

extension BoundExpression {
    /// The expression for people; columns by name where the names are known.
    func text(_ names: [String]) -> String {
        switch kind {
        case .constant(let value):
            if value == .null { return "NULL" }
            let text = value.text(as: type) ?? ""
            return type.isNumeric || type == .boolean ? text : "'\(text)'"
        case .column(let index): return index < names.count ? names[index] : "#\(index + 1)"
        case .parameter(let index): return "$\(index + 1)"
        case .operation(let operation, let arguments):
            let list = arguments.map { $0.text(names) }
            if let symbol = operation.symbol, list.count == 2 {
                return "(\(list[0]) \(symbol) \(list[1]))"
            }
            if operation == .cast { return "\(list[0])::\(type.name)" }
            if case .fit(let modifier, _) = operation {
                return "\(list[0])::\(modifier.name)"
            }
            return "\(operation.label)(\(list.joined(separator: ", ")))"
        case .conditional: return "CASE"
        }
    }
}

extension Operation {
    var symbol: String? {
        switch self {
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .divide: "/"
        case .remainder: "%"
        case .equal: "="
        case .notEqual: "<>"
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .and: "AND"
        case .or: "OR"
        case .concatenate: "||"
        case .bitAnd: "&"
        case .bitOr: "|"
        case .bitXor: "#"
        case .shiftLeft: "<<"
        case .shiftRight: ">>"
        case .isDistinctFrom: "IS DISTINCT FROM"
        case .isNotDistinctFrom: "IS NOT DISTINCT FROM"
        case .negate, .bitNot, .not, .isNull, .isNotNull, .isTrue, .isNotTrue, .isFalse,
            .isNotFalse, .inList, .between, .like, .cast, .fit, .coalesce, .array, .element,
            .quantified, .function, .call:
            nil
        }
    }

    /// The name in messages.
    package var label: String {
        if case .function(let function) = self { return function.rawValue }
        if case .like = self { return "like" }
        if case .call(let call) = self { return call.name }
        return symbol ?? "\(self)"
    }
}
