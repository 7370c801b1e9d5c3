// Tests of the room Values, in the same folders as its sources.
