import Bytes
import Catalog
package import Diagnostics
package import Platform
import Values

/// Says what is in a segment file, for `basalt inspect`, and checks every block.
package enum SegmentInspector {
    /// - Parameter isLong: tells the statistics of every 16,384 rows, not only of the first.
    /// - Throws: XX001 naming the file and the first damaged block.
    package static func describe(_ path: String, files: any FileSystem, isLong: Bool)
        throws(DatabaseError) -> [String]
    {
        let reader = try SegmentReader(path: path, files: files, expected: nil)
        let footer = reader.footer
        var lines = [
            "segment \(path)", "rows \(footer.rows)",
            "commits \(footer.firstLSN) to \(footer.lastLSN)",
        ]
        if let low = footer.minTimestamp, let high = footer.maxTimestamp {
            lines.append("timestamps \(low) to \(high)")
        }
        for column in footer.columns {
            let blocks = column.blocks.map { block in
                let encoding = block.encoding == .constant ? " constant" : ""
                return "\(block.kind.name)\(encoding) \(block.length)@\(block.offset)"
            }
            lines.append(
                "column \(column.id) \(column.name.inOneLine) \(column.type.name): "
                    + blocks.joined(separator: ", "))
            let definition = ColumnDefinition(
                id: column.id, name: column.name, type: column.type)
            let entries = try reader.statistics(for: definition, id: column.id)
            lines += statistics(entries, column.type, isLong: isLong)
        }
        try reader.verifyAll()
        lines.append("all checksums are right")
        return lines
    }

    /// One line for all rows, and where there are more of them than share an entry one for each.
    private static func statistics(
        _ entries: [SegmentStatistics], _ type: ValueType, isLong: Bool
    ) -> [String] {
        var lines = ["  all rows: " + text(SegmentStatistics.union(entries), type)]
        if entries.count < 2 { return lines }
        let shown = isLong ? entries.count : Limits.inspectedEntries
        var first = 0
        for entry in entries.prefix(shown) {
            lines.append("  rows \(first) to \(first + entry.rows - 1): " + text(entry, type))
            first += entry.rows
        }
        if entries.count > shown {
            let left = entries.count - shown
            lines.append("  and \(left) more blocks of statistics, which --long shows")
        }
        return lines
    }

    private static func text(_ entry: SegmentStatistics, _ type: ValueType) -> String {
        var parts: [String] = []
        if entry.hasValues, type.bounds != .none {
            parts.append("min " + text(entry.minimum, type))
            parts.append("max " + (entry.maximum == .null ? "unknown" : text(entry.maximum, type)))
        }
        parts.append("\(entry.nulls) NULL")
        if entry.nans > 0 { parts.append("\(entry.nans) NaN") }
        return parts.joined(separator: ", ")
    }

    /// A bound as people write it; dots where it may have been cut.
    private static func text(_ bound: Value, _ type: ValueType) -> String {
        guard case .binary(let bytes) = bound else { return bound.text(as: type) ?? "NULL" }
        let dots = bytes.count < Limits.stringBoundBytes ? "" : "…"
        if type == .binary { return "\\x" + Hexadecimal.text(bytes) + dots }
        return "'" + String(decoding: bytes, as: UTF8.self).inOneLine + "'" + dots
    }
}
