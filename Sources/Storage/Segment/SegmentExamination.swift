package import Catalog
package import Diagnostics
package import Platform
import Values

/// Looks at a segment file as a stranger: for backups, `basalt inspect` and VERIFY DEEP.
package enum SegmentExamination {
    /// Checks header, footer and the number of rows, without reading values.
    ///
    /// - Throws: XX001 naming the file.
    package static func checkFrame(of path: String, rows: Int, files: any FileSystem)
        throws(DatabaseError)
    {
        let reader = try SegmentReader(path: path, files: files, expected: nil)
        guard reader.footer.rows == rows else {
            throw .damaged(path, offset: 0, "segment with other rows than its manifest says")
        }
    }

    /// The same, and its bounds, as the manifest of its table has them.
    ///
    /// - Throws: XX001 naming the file.
    package static func checkFrame(
        of path: String, like entry: SegmentEntry, files: any FileSystem
    ) throws(DatabaseError) {
        try checkBounds(SegmentReader(path: path, files: files, expected: entry), entry, path)
    }

    private static func checkBounds(_ reader: SegmentReader, _ entry: SegmentEntry, _ path: String)
        throws(DatabaseError)
    {
        let footer = reader.footer
        guard footer.minTimestamp == entry.minTimestamp,
            footer.maxTimestamp == entry.maxTimestamp
        else {
            throw .damaged(path, offset: 0, "segment with other bounds than its manifest says")
        }
    }

    /// What the segment's own checksums find first; nil when they find nothing.
    package static func firstDamage(of path: String, files: any FileSystem) -> String? {
        do throws(DatabaseError) {
            try SegmentReader(path: path, files: files, expected: nil).verifyAll()
            return nil
        } catch {
            return error.message
        }
    }

    /// Decodes every row and compares bounds, order, columns and statistics with what the file, its
    /// manifest and its table say.
    ///
    /// - Throws: XX001 naming file and block.
    package static func examine(
        _ path: String, entry: SegmentEntry, of table: TableDefinition, files: any FileSystem
    ) throws(DatabaseError) {
        let reader = try SegmentReader(path: path, files: files, expected: entry)
        try reader.verifyAll()
        let footer = reader.footer
        try checkBounds(reader, entry, path)
        for (index, column) in table.columns.enumerated() {
            let id = entry.segmentColumn(of: column.id)
            let vector = try reader.vector(for: column, id: id, rows: 0..<footer.rows)
            try checkStatistics(vector, of: column, id: id, reader)
            if index == table.timestampIndex {
                try checkTimes(vector, of: table, entry: entry, path)
            }
        }
    }

    /// The designated timestamp ascends, without NULLs, from the lowest to the highest, and stays in
    /// its partition.
    private static func checkTimes(
        _ times: ColumnVector, of table: TableDefinition, entry: SegmentEntry, _ path: String
    ) throws(DatabaseError) {
        guard let low = entry.minTimestamp, let high = entry.maxTimestamp, times.count > 0 else {
            throw .damaged(path, offset: 0, "segment without bounds of its timestamp")
        }
        let partition = PartitionName.partition(of: low, in: table)
        guard partition.name == entry.partition, partition.range.contains(high) else {
            throw .damaged(path, offset: 0, "rows that belong to another partition")
        }
        var last = low
        for row in 0..<times.count {
            let time = times.isNull(row) ? Int64.min : times.load(row, Int64.self)
            guard time >= last else {
                throw .damaged(path, offset: 0, "rows out of the order of their times, row \(row)")
            }
            last = time
        }
        guard times.load(0, Int64.self) == low, last == high else {
            throw .damaged(path, offset: 0, "times beyond the bounds of the segment")
        }
    }
}
