// Storage: the tables on disk and in memory, and the order of everything that changes them.
//
// Parts: `Storage` (open, commit, snapshot, pinOnDisk, flush, close), Commit/ (the one committer and
// what it shares), WAL/ (the log), Memtable/ (committed rows not yet in a segment), Segment/
// (immutable files of rows), Manifest/ (what a table is, on disk), Recovery/ (opening), Snapshot/
// (pinned views), Compaction/ (segments rewritten in the background, metrics, upsert keys). Byte
// layouts: docs/formats/.
// Callers: Execution, Engine, Backup, basalt.
// Invariants: a commit is acknowledged when the log holds it as durably as `cairo.commit.mode` asks;
// a transaction is visible whole or not at all; a published file never changes; order is always
// segments durable, edit in the log, manifest durable, unlink; nothing read is trusted.
// Locks: `StorageCore.state` alone, never held across a Platform call. Waiting is through gates.
// Read first: Storage.swift, then Commit/Committer.swift.
