// Tests of the room Platform, in the same folders as its sources.
