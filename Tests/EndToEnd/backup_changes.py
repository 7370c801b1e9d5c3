"""BACKUP while everything moves: whatever is changed meanwhile, each backup is one instant, row by row.

The backups here are slowed by their rate, so that the changes fall into the copying, and each is
started as a database and compared with what was there when it began.
"""

import signal
import socket
import struct
import subprocess
import threading

import server
from contents import (
    backup_row, contents, contents_of, difference, names_in, wait_copying, wait_ended, wait_until)
from tables import COLUMNS, fill
from wire import Lost, SQLError

CHANGED = ("late", "updated", "deleted", "cut", "emptied", "dropped", "again", "renamed", "wider",
           "narrower", "called", "typed", "detached")
CHANGES = (
    "INSERT INTO late VALUES ('2026-01-01T00:00:00.5Z', 'late', 1, -1),"
    " ('2020-02-29', 'older', 2, -2), ('2026-01-02T11:00:00Z', NULL, NULL, NULL)",
    "UPDATE updated SET v = -1, s = 'new' WHERE n % 3 = 0",
    "DELETE FROM deleted WHERE n % 2 = 0",
    "ALTER TABLE cut DROP PARTITION LIST '2026-01-01'",
    "TRUNCATE TABLE emptied",
    "DROP TABLE dropped",
    "DROP TABLE again",
    "CREATE TABLE again (other INT)",
    "INSERT INTO again VALUES (1)",
    "RENAME TABLE renamed TO renamed_now",
    "ALTER TABLE wider ADD COLUMN extra INT",
    "INSERT INTO wider VALUES ('2026-01-01T01:00:00Z', 'x', 1, 1, 7)",
    "ALTER TABLE narrower DROP COLUMN v",
    "ALTER TABLE called RENAME COLUMN v TO w",
    "ALTER TABLE typed ALTER COLUMN s TYPE VARCHAR",
    "ALTER TABLE detached DETACH PARTITION LIST '2026-01-02'",
    "CREATE TABLE fresh (v INT)",
    "INSERT INTO fresh VALUES (1)",
    "CREATE SCHEMA later",
)


class ChangesTests(server.ServerTestCase):
    def slow(self, running, name, more="", rate="100kB"):
        """Begins a backup that lasts, and returns when it copies: its instant is fixed by then."""
        connection = self.connect(running)
        connection.query(f"BACKUP DATABASE {more} AS '{name}' ASYNC WITH (rate = '{rate}')")
        wait_copying(connection, name)
        return connection

    def expect(self, found, wanted):
        self.assertEqual(difference(found, wanted), "")

    def big(self, running):
        """A table that takes about two seconds at the rate of `slow`."""
        connection = self.connect(running)
        connection.query("CREATE TABLE big " + COLUMNS)
        connection.query(fill("big", 32_000_000, 5_000))
        connection.query("CREATE TABLE small (n LONG)")
        connection.query("INSERT INTO small VALUES (1), (2)")
        return connection

    def left_behind(self):
        return names_in(self.folder / "root" / "backup")

    # --- one instant

    def test_every_kind_of_change_stays_outside(self):
        running = self.start(environment={"BASALT_CAIRO_MAX_UNCOMMITTED_ROWS": "500"}).follow()
        connection = self.big(running)
        for table in CHANGED:
            connection.query(f"CREATE TABLE {table} {COLUMNS}")
            connection.query(fill(table, 300_000_000, 400))
        before = contents(connection)

        self.slow(running, "during")
        for change in CHANGES:
            connection.query(change)
        status = backup_row(connection, "during")["status"]
        after = contents(connection)
        row = wait_ended(connection, "during")

        self.assertEqual(status, "running", "the changes came too late to show anything")
        self.assertEqual(row["status"], "complete", row)
        self.assertNotEqual(difference(after, before), "")
        connection.query("VERIFY BACKUP 'during' DEEP")
        self.expect(contents_of(row["path"], "--read-only"), before)
        connection.query("BACKUP DATABASE INCREMENTAL FROM 'during' AS 'after'")
        self.expect(
            contents_of(backup_row(connection, "after")["path"], "--read-only"), after)
        # The tables come back as they were, also those that are gone.
        for table in ("dropped", "typed", "narrower"):
            connection.query(f"RESTORE TABLE {table} FROM 'during' AS {table}_back")
            found = contents(connection)["public", f"{table}_back"]
            self.expect({table: found}, {table: before["public", table]})
        running.stop()

    def test_eight_connections_insert_meanwhile(self):
        running = self.start(environment={"BASALT_CAIRO_MAX_UNCOMMITTED_ROWS": "300"}).follow()
        connection = self.connect(running)
        for table in ("a", "b"):
            connection.query(
                f"CREATE TABLE {table} (ts TIMESTAMP, w INT, n LONG) TIMESTAMP(ts)"
                " PARTITION BY DAY")
        known, stop, problems = [0] * 8, threading.Event(), []

        def write(number):
            try:
                mine = self.connect(running)
                while not stop.is_set():
                    step = known[number] + 1
                    # Every third one is late by a day.
                    at = f"'2026-01-0{1 + step % 3}T00:00:{step % 60:02}Z'"
                    mine.query("; ".join(
                        f"INSERT INTO {table} VALUES ({at}, {number}, {step})"
                        for table in ("a", "b")))
                    known[number] = step
            except (SQLError, Lost) as error:
                problems.append(error)

        writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for writer in writers:
            writer.start()
        bounds = []
        try:
            for number in range(4):
                least = list(known)
                self.assertTrue(wait_until(lambda: min(known) > min(least) + 3 or problems))
                least = list(known)
                connection.query(
                    f"BACKUP DATABASE {'INCREMENTAL' if number else ''} AS 'b{number}'")
                # What a writer waits for was perhaps inside already.
                bounds.append((least, [count + 1 for count in known]))
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        self.assertEqual(problems, [])
        running.stop()
        for number, (least, most) in enumerate(bounds):
            path = self.folder / "root" / "backup" / f"b{number}"
            found = contents_of(path, "--read-only")
            seen = {}
            for table in ("a", "b"):
                seen[table] = [[] for _ in range(8)]
                for _, writer, step in found["public", table][1]:
                    seen[table][int(writer)].append(int(step))
            for writer in range(8):
                steps = sorted(seen["a"][writer])
                self.assertEqual(steps, sorted(seen["b"][writer]))
                self.assertEqual(steps, list(range(1, len(steps) + 1)))
                self.assertTrue(least[writer] <= len(steps) <= most[writer])

    # --- beside each other

    def test_two_at_once_and_three_on_one_day(self):
        running = self.start().follow()
        connection = self.big(running)
        before = contents(connection)
        first = self.slow(running, "first", rate="40kB")
        connection.query("INSERT INTO small VALUES (3)")
        now = contents(connection)
        connection.query("BACKUP DATABASE TO 'other' AS 'second'")
        connection.query("BACKUP DATABASE AS 'beside'")
        # Its name is taken though it is not there yet.
        with self.assertRaises(SQLError) as refused:
            connection.query("BACKUP DATABASE AS 'first'")
        self.assertEqual(refused.exception.state, "42710")
        running_ones = "SELECT count(*) FROM backups() WHERE name = 'first' AND status = 'running'"
        self.assertEqual(connection.value(running_ones), "1")
        self.assertTrue(wait_until(lambda: first.value(running_ones) == "0"))
        path = self.folder / "root" / "backup" / "first"
        self.expect(contents_of(path, "--read-only"), before)
        other = self.folder / "root" / "backup" / "other" / "second"
        self.expect(contents_of(other, "--read-only"), now)
        beside = self.folder / "root" / "backup" / "beside"
        self.expect(contents_of(beside, "--read-only"), now)

        for _ in range(3):
            connection.query("BACKUP TABLE small")
        days = sorted(name for name in self.left_behind() if name[0] == "2")
        self.assertEqual([name[10:] for name in days], ["", ".1", ".2"])
        self.assertEqual({name[:10] for name in days}, {days[0]})

    def test_a_prepared_snapshot_during_a_backup_and_the_reverse(self):
        running = self.start().follow()
        connection = self.big(running)
        backed_up = contents(connection)
        self.slow(running, "first")
        connection.query("INSERT INTO small VALUES (3)")
        prepared = contents(connection)
        connection.query("SNAPSHOT PREPARE")
        connection.query("DROP TABLE big")
        self.assertEqual(backup_row(connection, "first")["status"], "running")
        self.copy_root("between")
        path = wait_ended(connection, "first")["path"]
        # The reverse: prepared before, completed while a backup copies.
        connection.query("RESTORE TABLE big FROM 'first'")
        restored = contents(connection)
        self.copy_root("after")
        self.slow(running, "second")
        connection.query("SNAPSHOT COMPLETE")
        connection.query("DROP TABLE big")
        second = wait_ended(connection, "second")["path"]
        running.stop()

        self.expect(contents_of(path, "--read-only"), backed_up)
        self.expect(contents_of(second, "--read-only"), restored)
        for name in ("between", "after"):
            (self.folder / name / "_restore").touch()
            self.expect(contents_of(self.folder / name), prepared)

    def copy_root(self, name):
        done = subprocess.run(
            ["rsync", "-a", "--exclude=/backup", "--exclude=/tmp", f"{self.folder}/root/",
             f"{self.folder}/{name}/"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    # --- given up

    def given_up(self, running, name, status):
        """Nothing is left of it, it is listed with its end, and the next one works."""
        connection = self.connect(running)
        row = wait_ended(connection, name)
        self.assertEqual(row["status"], status, row)
        self.assertEqual(self.left_behind(), [])
        connection.query("BACKUP TABLE small AS 'next'")
        connection.query("VERIFY BACKUP 'next' DEEP")
        connection.query("DROP BACKUP 'next'")
        pins = connection.query("SELECT * FROM pins()")
        self.assertFalse([pin for pin in pins if "backup" in str(pin)], pins)

    def test_cancel_disconnect_and_timeout_leave_nothing(self):
        running = self.start().follow()
        connection = self.big(running)

        self.slow(running, "one", rate="20kB")
        connection.query(f"CANCEL BACKUP '{backup_row(connection, 'one')['id']}'")
        self.given_up(running, "one", "cancelled")

        client = running.begin_psql("BACKUP DATABASE AS 'two' WITH (rate = '20kB')")
        wait_copying(connection, "two")
        client.send_signal(signal.SIGINT)
        _, problem = client.communicate(timeout=30)
        self.assertIn("57014", problem)
        self.given_up(running, "two", "cancelled")

        client = running.begin_psql("BACKUP DATABASE AS 'three' WITH (rate = '20kB')")
        wait_copying(connection, "three")
        client.kill()
        client.communicate()
        self.given_up(running, "three", "cancelled")

        timed = self.connect(running)
        # A timeout the client set itself holds for backups too.
        timed.query("SET statement_timeout = '300ms'")
        with self.assertRaises(SQLError) as ended:
            timed.query("BACKUP DATABASE AS 'four' WITH (rate = '20kB')")
        self.assertEqual(ended.exception.state, "57014")
        self.given_up(running, "four", "cancelled")

        # A client of /exec that goes away.
        http = socket.create_connection(("127.0.0.1", running.ports["http"]))
        http.sendall(
            b"GET /exec?query=BACKUP%20DATABASE%20AS%20%27five%27%20WITH%20(rate%20%3D%20%2720kB%27)"
            b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_copying(connection, "five")
        http.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        http.close()
        self.given_up(running, "five", "cancelled")

    def test_query_timeout_of_the_server_is_not_for_backups(self):
        running = self.start(environment={"BASALT_QUERY_TIMEOUT": "1s"}).follow()
        connection = self.big(running)
        connection.query("BACKUP DATABASE AS 'long' WITH (rate = '100kB')")
        connection.query("VERIFY BACKUP 'long' DEEP")

    def test_kill_9_while_copying(self):
        running = self.start().follow()
        connection = self.big(running)
        before = contents(connection)
        connection.query("BACKUP DATABASE AS 'kept'")
        connection.query("INSERT INTO small VALUES (3)")
        connection.query(fill("big", 32_000_000, 5_000))
        after = contents(connection)
        self.slow(running, "lost", "INCREMENTAL")
        running.stop(signal.SIGKILL)

        again = self.start().follow()
        connection = self.connect(again)
        # What was half there goes soon after the start, without another backup.
        self.assertTrue(wait_until(lambda: self.left_behind() == ["kept"]), self.left_behind())
        self.expect(contents(connection), after)
        connection.query("BACKUP DATABASE INCREMENTAL AS 'next'")
        again.stop()
        backups = self.folder / "root" / "backup"
        self.expect(contents_of(backups / "kept", "--read-only"), before)
        self.expect(contents_of(backups / "next", "--read-only"), after)

    def test_kill_9_while_restoring(self):
        running = self.start().follow()
        connection = self.big(running)
        connection.query("CREATE SCHEMA other")
        connection.query("CREATE TABLE other.gone (n INT)")
        backed_up = contents(connection)
        connection.query("BACKUP DATABASE AS 'one'")
        connection.query("DELETE FROM big WHERE n % 2 = 0")
        connection.query("DROP TABLE other.gone")
        connection.query("INSERT INTO small VALUES (7)")
        changed = contents(connection)
        seen = set()
        for attempt in range(12):
            if len(seen) == 2:
                break
            client = running.begin_psql("RESTORE DATABASE FROM 'one' FULL")
            # From at once to longer than it takes.
            wait_until(lambda: client.poll() is not None, 0.02 * attempt * attempt)
            running.stop(signal.SIGKILL)
            client.communicate()
            running = self.start().follow()
            found = contents(self.connect(running))
            is_restored = difference(found, backed_up) == ""
            self.assertTrue(is_restored or difference(found, changed) == "", attempt)
            seen.add(is_restored)
        self.assertIn(True, seen)
        self.connect(running).query("VERIFY BACKUP 'one' DEEP")


if __name__ == "__main__":
    server.main()
