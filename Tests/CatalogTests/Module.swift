// Tests of the room Catalog, in the same folders as its sources.
