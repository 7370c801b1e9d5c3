// SQL: from text to a syntax tree with positions, and back.
//
// Parts: `Lexer` (bytes to tokens), `Parser` and its extensions by topic (recursive descent with a
// depth counter; operators by precedence), `Syntax/` (the tree: immutable values), `Printer` (the
// tree back to text), `Limits.swift` (what a statement may cost).
// Callers: Planner and Engine. Knows no tables, no types and no functions: names stay names.
// Invariants: a position is a zero-based count of Unicode scalars into the whole text that was
// given to `Parser.parse`; no input crashes or recurses beyond the limits; the depth of a tree is
// bounded, so that whoever walks it may recurse; printing a tree and parsing it again gives an
// equal tree.
// Read first: Syntax/Statement.swift, then Parser.swift.
