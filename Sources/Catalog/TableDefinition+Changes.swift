package import Values

/// Changed copies. Each has the next version; several changes in a row are made one step with
/// `following`. What a change must not do (drop the timestamp, take a name twice) the caller has
/// refused with a message; here it is a breach of contract.
extension TableDefinition {
    private func changed(_ change: (inout TableDefinition) -> Void) -> TableDefinition {
        var copy = self
        change(&copy)
        copy.version = version + 1
        return copy
    }

    /// The same definition as the one that follows another: one step, however many were made.
    package func following(_ other: TableDefinition) -> TableDefinition {
        var copy = self
        copy.version = other.version + 1
        return copy
    }

    /// A new table of the same columns: version 1. Column ids stay, so that segments fit.
    package func copied(id: UInt64, schema: String? = nil, name: String) -> TableDefinition {
        var copy = self
        copy.id = id
        copy.version = 1
        copy.schema = schema ?? self.schema
        copy.name = name
        return copy
    }

    package func withName(_ name: String, schema: String? = nil) -> TableDefinition {
        changed {
            $0.name = name
            $0.schema = schema ?? $0.schema
        }
    }

    /// Adds a column at the end, under a new id whatever the given one says.
    package func withColumn(_ column: ColumnDefinition) -> TableDefinition {
        precondition(columnIndex(named: column.name) == nil, "a column's name is its own")
        return changed { table in
            var column = column
            column.id = table.nextColumnID
            table.nextColumnID += 1
            table.columns.append(column)
        }
    }

    /// Leaves a column out; keys that name it go with it.
    package func withoutColumn(at index: Int) -> TableDefinition {
        precondition(index != timestampIndex, "the designated timestamp stays")
        return changed { table in
            let id = table.columns.remove(at: index).id
            if let timestamp = table.timestampIndex, timestamp > index {
                table.timestampIndex = timestamp - 1
            }
            table.dedupKeys.removeAll { $0 == id }
            table.keys.removeAll { $0.columns.contains(id) }
        }
    }

    private func withColumn(at index: Int, _ change: (inout ColumnDefinition) -> Void)
        -> TableDefinition
    {
        changed { change(&$0.columns[index]) }
    }

    package func withColumnName(_ name: String, at index: Int) -> TableDefinition {
        withColumn(at: index) { $0.name = name }
    }

    /// Puts another column in the place of one, under a new id: its values are others. Keys follow.
    package func replacingColumn(at index: Int, with column: ColumnDefinition)
        -> TableDefinition
    {
        changed { table in
            let old = table.columns[index].id
            let new = table.nextColumnID
            table.nextColumnID += 1
            table.columns[index] = column
            table.columns[index].id = new
            table.dedupKeys = table.dedupKeys.map { $0 == old ? new : $0 }
            table.keys = table.keys.map { key in
                KeyConstraint(
                    name: key.name, isPrimary: key.isPrimary,
                    columns: key.columns.map { $0 == old ? new : $0 })
            }
        }
    }

    /// For a change of the modifier alone, which every stored value suits.
    package func withModifier(_ modifier: TypeModifier?, at index: Int) -> TableDefinition {
        withColumn(at: index) { $0.modifier = modifier }
    }

    package func withDefault(_ value: ColumnDefault?, at index: Int) -> TableDefinition {
        withColumn(at: index) { $0.defaultValue = value }
    }

    package func withNullable(_ isNullable: Bool, at index: Int) -> TableDefinition {
        withColumn(at: index) { $0.isNullable = isNullable }
    }

    package func withSymbolOptions(_ options: SymbolOptions?, at index: Int) -> TableDefinition {
        withColumn(at: index) { $0.symbolOptions = options }
    }

    /// For a table that is being made: partitions are never changed later.
    package func withTime(_ timestampIndex: Int?, _ unit: PartitionUnit) -> TableDefinition {
        changed {
            $0.timestampIndex = timestampIndex
            $0.partitionUnit = unit
        }
    }

    package func withTimeToLive(_ timeToLive: TimeToLive?) -> TableDefinition {
        changed { $0.timeToLive = timeToLive }
    }

    /// - Parameter keys: column ids; empty ends deduplication.
    package func withDedupKeys(_ keys: [UInt32]) -> TableDefinition {
        changed { $0.dedupKeys = keys }
    }

    package func withChecks(_ checks: [CheckConstraint]) -> TableDefinition {
        changed { $0.checks = checks }
    }

    package func withKeys(_ keys: [KeyConstraint]) -> TableDefinition {
        changed { $0.keys = keys }
    }

    package func withIngestionHints(_ hints: IngestionHints?) -> TableDefinition {
        changed { $0.ingestionHints = hints }
    }

    package func withSequence(_ sequence: SequenceDefinition) -> TableDefinition {
        changed { $0.kind = .sequence(sequence) }
    }
}
