// Planner: from a syntax tree to a plan whose names and types are settled.
//
// Parts: `Relations` and `SystemRelation` (how the planner learns what exists), `Bind/` (names and
// types; the one place that knows which coercions are allowed), `Logical/` (`BoundExpression`,
// `Plan`, `BoundInsert`), `PlanText` (EXPLAIN).
// Callers: Engine (binds statements), Execution (runs plans). Knows no storage and does no I/O.
// Invariants: a bound expression's column numbers refer to the columns its plan node's input gives;
// every operation's arguments have exactly the types that the operation wants: casts are explicit
// nodes; plans and expressions are immutable values.
// Read first: Logical/Plan.swift, then Bind/Binder.swift.
