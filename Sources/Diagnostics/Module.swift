// Diagnostics: how anything in Basalt says that something went wrong, or that it happened.
//
// Parts: `SQLState` (the one table of codes), `DatabaseError` (the one type that crosses rooms),
// `LogSink` (where log lines go; the file and console writers live in Platform).
// Callers: every room. Imports nothing.
// Invariants: an error carries a state from the table; a message never holds a secret or a row.
// Read first: DatabaseError.swift.
