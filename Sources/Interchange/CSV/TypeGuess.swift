package import Diagnostics
import Values

/// Finds names and types for the columns of a file that no table was made for.
package enum TypeGuess {
    /// Reads the first records of a chunk: a type is taken when every value that is not NULL has
    /// its spelling. A column without values is VARCHAR.
    ///
    /// - Throws: 22P04 for records that are cut wrongly.
    package static func columns(of chunk: RecordChunk, dialect: TextDialect) throws(DatabaseError)
        -> [RecordColumn]
    {
        let bytes = chunk.bytes.span
        let count = fieldCount(bytes, dialect)
        var finder = CellFinder(dialect, columns: count)
        var names = (0..<count).map { "f\($0)" }
        do throws(CellFinder.Failure) {
            if dialect.header != .none { names = unique(try finder.names(bytes)) }
        } catch {
            throw .extraColumn().inRecord(line: chunk.firstLine, column: nil)
        }
        let decoder = RecordDecoder(
            columns: names.map { RecordColumn(name: $0, type: .varchar) },
            dialect: dialect)
        let rows = try decoder.decode(chunk).batch
        return names.indices.map { index in
            RecordColumn(name: names[index], type: type(of: rows.columns[index]))
        }
    }

    private static let candidates: [ValueType] = [.long, .double, .timestamp, .boolean, .uuid]

    private static func type(of column: ColumnVector) -> ValueType {
        var possible = candidates
        var hasValues = false
        for row in 0..<min(column.count, Limits.guessedRecords) {
            guard case .string(let text) = column.value(at: row) else { continue }
            hasValues = true
            possible.removeAll { !isSpelling(text, of: $0) }
            if possible.isEmpty { return .varchar }
        }
        return hasValues ? possible.first ?? .varchar : .varchar
    }

    private static func isSpelling(_ text: String, of type: ValueType) -> Bool {
        // Of booleans only the words: 1, t and yes are numbers and texts more often.
        if type == .boolean { return ["true", "false"].contains(text.lowercased()) }
        // A year alone is a number.
        if type == .timestamp, text.utf8.count < 10 { return false }
        do throws(DatabaseError) {
            _ = try Value.parse(text, as: type)
            return true
        } catch {
            return false
        }
    }

    private static func fieldCount(_ bytes: Span<UInt8>, _ dialect: TextDialect) -> Int {
        var finder = CellFinder(dialect, columns: 0)
        do throws(CellFinder.Failure) {
            return try finder.names(bytes).count
        } catch {
            return 0
        }
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.enumerated().map { index, name in
            var candidate = name.isEmpty ? "f\(index)" : name
            while !seen.insert(candidate.lowercased()).inserted { candidate += "_" }
            return candidate
        }
    }
}
