package import Diagnostics
package import Planner
package import Values

/// Computes single values: what INSERT writes and what statements take as arguments.
package struct RowEvaluator {
    private let interpreter: Interpreter
    private let parameters: [Value]

    package init(parameters: [Value], _ limits: ComputingLimits) {
        self.parameters = parameters
        interpreter = Interpreter(parameters: parameters, limits.makeAllowance())
    }

    /// Computes an expression without columns.
    package func value(_ expression: BoundExpression) throws(DatabaseError) -> Value {
        switch expression.kind {
        case .constant(let value): return value
        case .parameter(let index) where index < parameters.count: return parameters[index]
        case .parameter, .column, .operation, .conditional:
            return try interpreter.constant(expression)
        }
    }
}

extension Batch {
    /// A range of the rows.
    package func rows(_ range: Range<Int>) -> Batch {
        Selection.take(self, range.map { Int32(truncatingIfNeeded: $0) })
    }

    /// Some of the rows, in the order given.
    package func rows(at indices: [Int32]) -> Batch { Selection.take(self, indices) }
}
