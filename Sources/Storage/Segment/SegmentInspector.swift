package import Diagnostics
package import Platform
import Values

/// Says what is in a segment file, for `basalt inspect`, and checks every block.
package enum SegmentInspector {
    /// - Throws: XX001 naming the file and the first damaged block.
    package static func describe(_ path: String, files: any FileSystem) throws(DatabaseError)
        -> [String]
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
                "column \(column.id) \(column.name) \(column.type.name): "
                    + blocks.joined(separator: ", "))
        }
        try reader.verifyAll()
        lines.append("all checksums are right")
        return lines
    }
}
