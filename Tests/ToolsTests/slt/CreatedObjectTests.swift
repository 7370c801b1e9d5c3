import Testing

@testable import slt

@Suite struct CreatedObjectTests {
    @Test(
        "what a statement makes is found, and what it only mentions is not",
        arguments: [
            ("CREATE TABLE t (a INT)", ["DROP TABLE IF EXISTS t"]),
            (
                "create temporary table if not exists S.\"a b\" as select 1",
                ["DROP TABLE IF EXISTS S.\"a b\""]
            ),
            (
                "CREATE SCHEMA s; CREATE TABLE s.t(a INT)",
                [
                    "DROP SCHEMA IF EXISTS s CASCADE", "DROP TABLE IF EXISTS s.t",
                ]
            ),
            ("ALTER TABLE a RENAME TO b", ["DROP TABLE IF EXISTS b"]),
            ("RENAME TABLE a TO \'b\'", ["DROP TABLE IF EXISTS \'b\'"]),
            ("ALTER TABLE a RENAME COLUMN x TO y", []),
            ("-- CREATE TABLE x\n/* CREATE TABLE y */ SELECT \'CREATE TABLE z\'", []),
            ("BACKUP TABLE t AS \'it\'\'s\'", ["DROP BACKUP \'it\'\'s\'"]),
            ("RESTORE TABLE t FROM \'x\' AS u", ["DROP TABLE IF EXISTS u"]),
            ("CREATE INDEX i ON t (a)", []),
            ("CREATE", []), ("SELECT \'open", []),
        ])
    func found(sql: String, removals: [String]) {
        let found = CreatedObject.found(in: sql)

        #expect(found.map { $0.removal(cascades: false) } == removals)
    }
}
