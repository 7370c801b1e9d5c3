// Tests of the room Bytes, in the same folders as its sources.
