// Tests of the room Backup, in the same folders as its sources.
