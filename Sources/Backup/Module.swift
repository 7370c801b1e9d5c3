// Backup: copies of the database that people can start, list, verify and delete.
//
// Parts: `BackupService` (the ten steps of BACKUP, and the list of what is there), `BackupRequest`
// and `BackupSummary` (what goes in and comes out), `JobJournal` (what was done, across restarts),
// `Crew` (threads that share a list of tasks), Plan/ (what to copy, link and write; the backup
// manifest), Destination/ (names, allowed paths, locks, staging directories), Verify/ (a backup
// against its manifest, and when that was), Restore/ (RESTORE and EXPLAIN: source, plan, material,
// one edit).
// Callers: Engine, which makes NOTICEs, JSON and rows of what this room returns; the basalt tool.
// Imports Platform, Values, Storage, Catalog: no SQL and no wire is known here.
// Invariants:
// - a backup exists whole or not at all: one rename is the backup, everything before is swept;
// - a published backup is never written to by this room again, except to remove it as a whole;
// - hard links lead from backup to backup, and into the live database only WITH (link = true);
// - a restore is one commit: before it nothing shows, and what it brought is taken away on failure;
// - names and paths read from a manifest are checked before a path is built from them.
// Locks: `BackupService` guards its jobs with one Mutex, each `BackupJob` its progress with one;
// neither is held across a call of Platform, nor one inside the other.
// Read first: BackupService.swift, then Plan/BackupPlan.swift.
