// Values: the SQL types and the columnar form of rows.
//
// Parts: `ValueType` (the types a column may have), `Value` (one value, for literals and edges),
// `ColumnVector` and `Batch` (many), `Bitmap`, `Timestamp` (civil time without a library), text
// and binary forms in Text/.
// Callers: every room that sees rows. Imports nothing but Diagnostics and Bytes.
// Invariants: NULL exists for every type and is a cleared validity bit, never a special value;
// a vector is immutable once shared.
// Read first: ValueType.swift, then Vector/ColumnVector.swift.
