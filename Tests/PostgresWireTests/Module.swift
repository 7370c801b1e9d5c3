// Tests of the room PostgresWire, in the same folders as its sources.
