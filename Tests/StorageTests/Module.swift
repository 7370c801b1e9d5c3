// Tests of the room Storage, in the same folders as its sources.
