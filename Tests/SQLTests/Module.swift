// Tests of the room SQL, in the same folders as its sources.
