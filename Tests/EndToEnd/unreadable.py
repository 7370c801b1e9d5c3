"""A segment that is cut while the server maps it: every query of it fails, and no other."""

import os
import threading

import server


class UnreadableTests(server.ServerTestCase):
    def cut(self, running, count=200_000):
        running.psql(
            "CREATE TABLE t (ts TIMESTAMP, i LONG, s VARCHAR) TIMESTAMP(ts) PARTITION BY YEAR",
            "CREATE TABLE o (ts TIMESTAMP, i LONG, s VARCHAR) TIMESTAMP(ts) PARTITION BY YEAR",
            *(f"INSERT INTO {name} SELECT (x * 36000000)::timestamp, x, 'text ' || x "
              f"FROM long_sequence({count})" for name in ("t", "o")),
            "BACKUP DATABASE AS 'before'")
        # Their blocks are known to be right now, and are not looked at again.
        for name in ("t", "o"):
            self.assertEqual(running.rows(f"SELECT sum(i + 0) FROM {name}"),
                             [str(count * (count + 1) // 2)])
        segment, = (self.folder / "root" / "db").glob("t~*/1970/*.seg")
        segment.chmod(0o600)
        os.truncate(segment, 3000)

    def fails(self, running, statement):
        done = running.psql(statement, check=False)
        self.assertNotEqual(done.returncode, 0, (statement, done.stdout))
        self.assertRegex(done.stderr, "58030|XX001|cannot read a page|damaged|wrong length")

    def test_every_query_of_it_fails_again_and_again(self):
        running = self.start()
        self.cut(running)
        for statement in (
            "SELECT sum(i + 0) FROM t", "SELECT sum(i + 0) FROM t",
            "SELECT count(*) FROM t WHERE i * 2 > 100", "SELECT * FROM t LIMIT 10",
            "COPY t TO STDOUT", "CREATE TABLE c AS (SELECT * FROM t)",
            "INSERT INTO o SELECT * FROM t", "UPDATE t SET i = i + 1 WHERE i * 2 > 100",
        ):
            self.fails(running, statement)
        self.assertEqual(running.rows("SELECT count(*) FROM o WHERE i * 2 > 100"), ["199950"])
        running.psql("RESTORE TABLE t FROM 'before' FULL")
        self.assertEqual(running.rows("SELECT sum(i + 0) FROM t"), ["20000100000"])

    def test_other_tables_are_not_concerned(self):
        running = self.start()
        self.cut(running)
        ended, problems = threading.Event(), []

        def others():
            while not ended.is_set():
                done = running.psql("SELECT sum(i + 0) FROM o", check=False)
                if done.returncode != 0 or "20000100000" not in done.stdout:
                    problems.append(done.stdout + done.stderr)

        threads = [threading.Thread(target=others) for _ in range(2)]
        for thread in threads:
            thread.start()
        for statement in ("SELECT sum(i + 0), max(s) FROM t", "UPDATE t SET i = 1") * 10:
            self.fails(running, statement)
        ended.set()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])


if __name__ == "__main__":
    server.main()
