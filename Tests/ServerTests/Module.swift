// Tests of the room Server, in the same folders as its sources.
