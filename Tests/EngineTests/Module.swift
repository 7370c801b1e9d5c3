// Tests of the room Engine, in the same folders as its sources.
