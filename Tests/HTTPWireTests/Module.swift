// Tests of the room HTTPWire, in the same folders as its sources.
