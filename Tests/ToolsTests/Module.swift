// Tests of the room Tools, in the same folders as its sources.
