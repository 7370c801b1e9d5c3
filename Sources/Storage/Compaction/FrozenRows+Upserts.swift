import Catalog
import Diagnostics
import Values

extension FrozenRows {
    /// The same rows without those that later ones of the same upsert key hide: a segment never
    /// holds two rows of one key.
    func withoutHidden(_ definition: TableDefinition) throws(DatabaseError) -> FrozenRows {
        guard let resolution = UpsertResolution(definition) else { return self }
        let dictionaries = view.dictionaries.map { $0?.current() }
        let batches = view.chunks.map { part in
            Batch(
                rowCount: part.rows,
                columns: definition.columns.indices.map {
                    part.chunk.vector($0, rows: 0..<part.rows, dictionary: dictionaries[$0])
                })
        }
        let visible = try resolution.visibleRows(of: batches)
        if visible.reduce(0, { $0 + $1.rowCount }) == view.rowCount { return self }
        let memtable = Memtable(definition: definition, firstLSN: firstLSN)
        for batch in visible where batch.rowCount > 0 { memtable.append(batch, lsn: lastLSN) }
        return memtable.frozen
    }
}
