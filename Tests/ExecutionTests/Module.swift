// Tests of the room Execution, in the same folders as its sources.
