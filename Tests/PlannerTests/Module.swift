// Tests of the room Planner, in the same folders as its sources.
