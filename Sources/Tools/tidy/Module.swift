// tidy: holds the tree to the rules of the house that neither compiler nor formatter knows.
//
// Parts: `Project` (the tree), `SourceFile` (code, comments and strings of one file), one file per
// group of rules, each a pure function from a file to findings.
// Callers: `make lint` (tidy rules) and `make docs-check` (tidy docs).
// Invariants: a rule looks at code and never at words inside comments or strings, unless that is
// its subject; every rule has a test with a bad and a good snippet.
// Read first: Project.swift.
