import Catalog

extension Plan {
    /// The rows in the order of keys: read in that order where a table has it, else sorted.
    func ordered(by keys: [SortKey], first: BoundLimit?) -> Plan {
        if keys.count == 1, let read = inTimeOrder(by: keys[0].column, keys[0].isDescending) {
            return read
        }
        return .sort(self, keys, first: first)
    }

    /// The same plan over a scan in the order of time, when `column` is the designated timestamp of
    /// a table as it is stored.
    private func inTimeOrder(by column: Int, _ isDescending: Bool) -> Plan? {
        switch self {
        case .scan(let table, let columns, let filter):
            guard let timestamp = table.timestampIndex, columns[column] == timestamp else {
                return nil
            }
            return .timeOrder(
                TimeOrder(
                    table: table, columns: columns, filter: filter, isDescending: isDescending))
        case .filter(let input, let condition):
            return input.inTimeOrder(by: column, isDescending).map { .filter($0, condition) }
        case .project(let input, let outputs):
            guard case .column(let source) = outputs[column].kind else { return nil }
            return input.inTimeOrder(by: source, isDescending).map { .project($0, outputs) }
        case .oneRow, .timeOrder, .system, .aggregate, .distinct, .sort, .limit, .join: return nil
        }
    }
}
