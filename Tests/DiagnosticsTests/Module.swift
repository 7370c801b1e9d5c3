// Tests of the room Diagnostics, in the same folders as its sources.
