"""BACKUP and RESTORE of databases of every shape, row by row.

    backup_shapes.py [--large] [--tables NUMBER] [TEST...]

With --large it takes thousands of tables and a million symbols.
"""

import shutil
import subprocess
import sys
import time

import server
from contents import backup_row, contents, contents_of, difference, served
from every_type import TYPES
from wire import SQLError


def taken(name, usual):
    """The word behind an option, which unittest is not to see."""
    if name not in sys.argv:
        return usual
    place = sys.argv.index(name)
    _, value = sys.argv[place:place + 2]
    del sys.argv[place:place + 2]
    return value


LARGE = "--large" in sys.argv
# What one statement may take on thousands of tables.
SECONDS = 600
TABLES = int(taken("--tables", 5_000 if LARGE else 120))
SYMBOLS = 1_000_000 if LARGE else 20_000
CHAIN = 50 if LARGE else 12
UNITS = ("NONE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")
NAMES = ("dots.and.dots", "with space", 'quo"te', "it's", "größe-数据-🪨", "%2F~7", "..", "x" * 255,
         "CON", "a\\b", "_manifest.1", "semi;colon")


def told(what, began):
    print(f"{what} {time.monotonic() - began:.2f} s,", end=" ", flush=True)


def memory(running):
    """Kilobytes that a server has had at most."""
    with open(f"/proc/{running.process.pid}/status", encoding="utf8") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1])


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class ShapesTests(server.ServerTestCase):
    def begun(self, root="root"):
        running = self.start(root).follow()
        return running, self.connect(running, timeout=SECONDS)

    def survives(self, running, connection, wanted=None):
        """The database is the same as a backup, restored beside itself, and restored elsewhere."""
        wanted = wanted or contents(connection)
        connection.query("BACKUP DATABASE AS 'whole'")
        connection.query("VERIFY BACKUP 'whole' DEEP")
        path = backup_row(connection, "whole")["path"]
        self.same(contents_of(path, "--read-only"), wanted)
        connection.query("RESTORE DATABASE FROM 'whole' FULL")
        self.same(contents(connection), wanted)
        other = self.start("other", environment={
            "BASALT_BACKUP_ALLOWED_PATHS": str(self.folder / "root" / "backup")}).follow()
        fresh = self.connect(other, timeout=SECONDS)
        fresh.query(f"RESTORE DATABASE FROM '{path}'")
        self.same(contents(fresh), wanted)
        other.stop(9)
        again = self.start("other").follow()
        self.same(contents(self.connect(again, timeout=SECONDS)), wanted)

    def same(self, found, wanted):
        self.assertEqual(difference(found, wanted), "")

    def test_every_type_with_values_and_without(self):
        running, connection = self.begun()
        columns = ", ".join(f"c{number} {one[0]}" for number, one in enumerate(TYPES))
        connection.query(
            f"CREATE TABLE everything (ts TIMESTAMP, {columns}) TIMESTAMP(ts) PARTITION BY DAY")
        connection.query(f"CREATE TABLE loose ({columns})")
        values = ", ".join("'" + one[3] + "'" for one in TYPES)
        nulls = ", ".join("NULL" for _ in TYPES)
        for day in range(1, 4):
            at = f"'2026-01-0{day}T00:00:0"
            connection.query(
                f"INSERT INTO everything VALUES ({at}1Z', {nulls}), ({at}2Z', {values})")
        # A partition without a single value, and columns that are NULL in some segments only.
        connection.query(f"INSERT INTO everything VALUES ('2026-02-01', {nulls})")
        for number in range(len(TYPES)):
            row = ", ".join(
                "NULL" if number == place else f"'{one[3]}'" for place, one in enumerate(TYPES))
            connection.query(f"INSERT INTO loose VALUES ({row}), ({nulls})")
        connection.query("CREATE TABLE empty (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        connection.query("CREATE TABLE emptied (n INT)")
        connection.query("INSERT INTO emptied VALUES (1)")
        connection.query("TRUNCATE TABLE emptied")
        self.survives(running, connection)

    def test_all_partition_units_and_names(self):
        running, connection = self.begun()
        for number, name in enumerate(NAMES):
            unit = UNITS[number % len(UNITS)]
            by = f" TIMESTAMP(ts) PARTITION BY {unit}" if unit != "NONE" else ""
            connection.query(
                f"CREATE TABLE {quoted(name)} (ts TIMESTAMP, {quoted('c' + name[:200])} INT){by}")
            connection.query(
                f"INSERT INTO {quoted(name)} VALUES ('2024-02-29T23:59:59.999999Z', 1),"
                " ('2025-01-01', 2), ('1969-12-31T23:00:00Z', 3), ('2026-12-31T12:00:00Z', NULL)")
        connection.query("CREATE SCHEMA other")
        connection.query("CREATE TABLE other.t (n INT)")
        connection.query("CREATE TABLE t (id SERIAL, n INT)")
        connection.query("INSERT INTO other.t VALUES (1); INSERT INTO t (n) VALUES (2)")
        self.survives(running, connection)
        connection.query("INSERT INTO t (n) VALUES (3)")
        numbers = [row[0] for row in connection.query("SELECT id FROM t")]
        self.assertEqual(len(set(numbers)), 2)
        for name in NAMES:
            connection.query(f"DROP TABLE {quoted(name)}")
            connection.query(f"RESTORE TABLE {quoted(name)} FROM 'whole'")
            self.assertEqual(connection.value(f"SELECT count(*) FROM {quoted(name)}"), "4")

    def test_many_small_tables(self):
        running, connection = self.begun()
        root = self.folder / "root"
        for start in range(0, TABLES, 50):
            names = range(start, min(start + 50, TABLES))
            connection.query("; ".join(
                f"CREATE TABLE t{number} (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY"
                for number in names))
            connection.query("; ".join(
                f"INSERT INTO t{number} VALUES ('2026-01-01', {number})"
                for number in names if number % 2))
        wanted = contents(connection)
        before = memory(running)
        self.timed(f"{TABLES} tables: BACKUP", connection, "BACKUP DATABASE AS 'wide'")
        self.timed(
            "INCREMENTAL, nothing new", connection, "BACKUP DATABASE INCREMENTAL AS 'same'")
        connection.query("INSERT INTO t1 VALUES ('2026-01-02', -1)")
        now = contents(connection)
        self.timed("INCREMENTAL, one table", connection, "BACKUP DATABASE INCREMENTAL AS 'next'")
        row = backup_row(connection, "next")
        self.assertEqual((row["tables"], row["parent"]), (str(TABLES), "same"))
        for depth in ("QUICK", "", "DEEP"):
            self.timed(f"VERIFY {depth}", connection, f"VERIFY BACKUP 'next' {depth}")
        began = time.monotonic()
        with served(root / "backup" / "next", "--read-only") as other:
            other.value("SELECT count(*) FROM t1")
            told("start on it", began)
            self.same(contents(other), now)
        some = ", ".join(f"t{number}" for number in range(1, 20, 2))
        connection.query("; ".join(f"DELETE FROM t{number}" for number in range(1, 20, 2)))
        self.timed("RESTORE of ten", connection, f"RESTORE TABLE {some} FROM 'next' INCREMENTAL")
        self.same(contents(connection), now)
        self.timed("RESTORE DATABASE", connection, "RESTORE DATABASE FROM 'wide' FULL")
        self.same(contents(connection), wanted)
        self.timed("PREPARE", connection, "SNAPSHOT PREPARE")
        copy = self.folder / "copy"
        subprocess.run(["rsync", "-a", "--exclude=/backup", "--exclude=/tmp", f"{root}/",
                        f"{copy}/"], check=True)
        self.timed("COMPLETE", connection, "SNAPSHOT COMPLETE")
        grown = memory(running) - before
        (copy / "_restore").touch()
        began = time.monotonic()
        with served(copy) as other:
            other.value("SELECT count(*) FROM t1")
            told("_restore", began)
            self.same(contents(other), wanted)
        print(f"{grown} kB more", end=" ", flush=True)

    @staticmethod
    def timed(what, connection, statement):
        began = time.monotonic()
        connection.query(statement)
        told(what, began)

    def test_many_distinct_symbols(self):
        running, connection = self.begun()
        connection.query(
            "CREATE TABLE s (ts TIMESTAMP, s SYMBOL, n LONG) TIMESTAMP(ts) PARTITION BY DAY")
        for half in (0, 1):
            connection.query(
                f"INSERT INTO s SELECT CAST(1767225600000000 + x * 1000000 AS TIMESTAMP),"
                f" CAST('symbol ' || (x * 7919 + {half}) AS SYMBOL), x"
                f" FROM long_sequence({SYMBOLS // 2})")
        connection.query("BACKUP DATABASE AS 'one'")
        connection.query("VERIFY BACKUP 'one' DEEP")
        wanted = contents(connection)
        distinct = len({row[1] for row in wanted["public", "s"][1]})
        self.assertGreater(distinct, SYMBOLS * 0.9)
        connection.query("RESTORE TABLE s FROM 'one' AS s2")
        found = contents(connection)
        self.same({"s": found["public", "s2"]}, {"s": wanted["public", "s"]})

    def test_a_chain_whose_links_are_deleted_one_by_one(self):
        running, connection = self.begun()
        connection.query("CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        states, backups = [], self.folder / "root" / "backup"
        for number in range(CHAIN):
            connection.query(
                f"INSERT INTO t SELECT CAST(1767225600000000 + {number} * 43200000000 + x * 1000000"
                f" AS TIMESTAMP), {number} FROM long_sequence(20)")
            if number % 4 == 3:
                connection.query(f"DELETE FROM t WHERE n = {number - 2}")
            how = "INCREMENTAL" if number else ""
            connection.query(f"BACKUP DATABASE {how} AS 'b{number}'")
            states.append(contents(connection))
        parents = dict(connection.query("SELECT name, parent FROM backups()"))
        self.assertEqual(parents[f"b{CHAIN - 1}"], f"b{CHAIN - 2}")
        linked = connection.query("SELECT name FROM backups() WHERE bytes_linked > 0")
        self.assertEqual(len(linked), CHAIN - 1)
        # The first, every other, and half of the rest by hand.
        gone = {0} | set(range(1, CHAIN, 2))
        for number in sorted(gone):
            if number % 3:
                connection.query(f"DROP BACKUP 'b{number}'")
            else:
                shutil.rmtree(backups / f"b{number}")
        for number in sorted(set(range(CHAIN)) - gone)[:: 1 if not LARGE else 5]:
            connection.query(f"VERIFY BACKUP 'b{number}' DEEP")
            self.same(
                contents_of(backups / f"b{number}", "--read-only"), states[number])
        connection.query(f"INSERT INTO t VALUES ('2026-09-09', {CHAIN})")
        connection.query("BACKUP DATABASE INCREMENTAL AS 'last'")
        self.same(
            contents_of(backups / "last", "--read-only"), contents(connection))

    def test_a_backup_of_a_restored_backup_of_a_restored_backup(self):
        running, connection = self.begun()
        connection.query("CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        connection.query("CREATE SEQUENCE numbers")
        root = self.folder / "root"
        states, number = [], 0
        for generation in range(1, 4):
            connection.query(
                f"INSERT INTO t VALUES ('2026-01-0{generation}', {generation}),"
                f" ('2026-01-01', {-generation})")
            connection.query("BACKUP DATABASE AS 'b'")
            connection.query(f"INSERT INTO t VALUES ('2026-02-0{generation}', {generation})")
            connection.query("BACKUP DATABASE INCREMENTAL AS 'i'")
            states.append(contents(connection))
            running.stop()
            next_root = self.folder / f"generation{generation}"
            subprocess.run(["cp", "-a", str(root / "backup" / "i"), str(next_root)], check=True)
            root = next_root
            running, connection = self.begun(root)
            self.same(contents(connection), states[-1])
            # A sequence may leave numbers out, and never gives one twice.
            last, number = number, int(connection.value("SELECT nextval('numbers')"))
            self.assertGreater(number, last)
        # What was written to the later ones is in none of the earlier ones.
        running.stop()
        root = self.folder / "root"
        for state in states:
            self.same(contents_of(root / "backup" / "i", "--read-only"), state)
            root = self.folder / f"generation{states.index(state) + 1}"

    def test_parts_by_partition_and_condition(self):
        running, connection = self.begun()
        connection.query("CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        connection.query(
            "INSERT INTO t SELECT CAST(1767225600000000 + x * 3600000000 AS TIMESTAMP), x"
            " FROM long_sequence(95)")
        wheres = {
            "PARTITION LIST '2026-01-02', '2026-01-04'":
                "ts >= '2026-01-04' OR (ts >= '2026-01-02' AND ts < '2026-01-03')",
            "PARTITION LIKE '%-03'": "ts >= '2026-01-03' AND ts < '2026-01-04'",
            "WHERE n % 3 = 0": "n % 3 = 0",
            "WHERE ts >= '2026-01-03' AND n IS NOT NULL": "ts >= '2026-01-03'",
            "WHERE n > 1000": "n > 1000",
        }
        for number, (part, condition) in enumerate(wheres.items()):
            wanted = connection.query(f"SELECT * FROM t WHERE {condition}")
            connection.query(f"BACKUP TABLE t {part} AS 'p{number}'")
            connection.query(f"VERIFY BACKUP 'p{number}' DEEP")
            path = backup_row(connection, f"p{number}")["path"]
            found = contents_of(path, "--read-only")
            self.assertEqual(found["public", "t"][1], sorted(wanted, key=repr), part)
            connection.query(f"RESTORE TABLE t FROM 'p{number}' AS t{number}")
            self.assertEqual(
                sorted(connection.query(f"SELECT * FROM t{number}")), sorted(wanted), part)

    def test_more_partitions_than_files_that_may_be_open(self):
        few = ["sh", "-c", 'ulimit -n 200; exec "$0" "$@"', server.BINARY]
        running = self.begin(command=[*few, "serve"]).wait_ready()
        running.psql(
            "CREATE TABLE t (ts TIMESTAMP, v LONG) TIMESTAMP(ts) PARTITION BY DAY",
            "INSERT INTO t SELECT (x * 86400000000)::timestamp, x FROM long_sequence(400)",
            "BACKUP DATABASE AS 'many'", "DROP TABLE t", "RESTORE TABLE t FROM 'many'")
        self.assertEqual(running.rows("SELECT count(*), sum(v) FROM t"), ["400|80200"])
        running.stop()
        done = subprocess.run(
            [*few, "backup", "restore", "-d", self.folder / "new",
             self.folder / "root" / "backup" / "many"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        again = self.start("new")
        self.assertEqual(again.rows("SELECT count(*), sum(v) FROM t"), ["400|80200"])

    def test_a_backup_of_one_table_is_a_database_that_works(self):
        running, connection = self.begun()
        connection.query("CREATE SCHEMA other")
        connection.query("CREATE TABLE other.t (id SERIAL, n INT)")
        connection.query("INSERT INTO other.t (n) VALUES (1), (2)")
        connection.query("BACKUP TABLE other.t AS 'alone'")
        running.stop()
        running, connection = self.begun("root/backup/alone")
        connection.query("INSERT INTO other.t (n) VALUES (3)")
        connection.query("CREATE TABLE other.more (n INT)")
        numbers = [row[0] for row in connection.query("SELECT id FROM other.t")]
        self.assertEqual(len(set(numbers)), 3)

    def test_a_truncated_an_extra_and_a_missing_file(self):
        running, connection = self.begun()
        connection.query("CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY")
        connection.query("INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 2)")
        before = contents(connection)
        connection.query("BACKUP DATABASE AS 'sound'")
        backup = self.folder / "root" / "backup" / "sound"
        copy = self.folder / "root" / "backup" / "hurt"
        # The lock file holds nothing, and a backup without it is as good.
        files = sorted(
            path for path in backup.rglob("*") if path.is_file() and path.name != "_lock")

        def refused(path, *statements):
            for statement in statements:
                with self.assertRaises(SQLError, msg=f"{statement} with {path}") as caught:
                    connection.query(statement)
                self.assertIn(caught.exception.state, ("XX001", "58P01"), caught.exception)
            self.same(contents(connection), before)
            shutil.rmtree(copy)

        verify, restore = "VERIFY BACKUP 'hurt'", "RESTORE TABLE t FROM 'hurt' AS t2"
        for original in files:
            relative = original.relative_to(backup)
            # A table needs nothing of conf/, and of the tables' segments its own.
            both = (verify,) if relative.parts[0] == "conf" else (verify, restore)
            for harm in ("missing", "short", "flipped", "longer"):
                shutil.copytree(backup, copy)
                path = copy / relative
                path.chmod(0o600)
                data = bytearray(path.read_bytes())
                if harm == "missing":
                    path.unlink()
                elif harm == "short":
                    path.write_bytes(data[:-1])
                elif harm == "longer":
                    path.write_bytes(data + b"\0")
                else:
                    data[len(data) // 2] ^= 0x10
                    path.write_bytes(data)
                refused(f"{harm} {path}", *both)
        for extra in ("db/extra", "db/t~1/2026-01-01/extra.seg", "db/new/x"):
            shutil.copytree(backup, copy)
            (copy / extra).parent.mkdir(exist_ok=True, parents=True)
            (copy / extra).write_bytes(b"extra")
            refused(extra, verify, restore)
        connection.query("RESTORE DATABASE FROM 'sound' FULL")
        self.same(contents(connection), before)


if __name__ == "__main__":
    if LARGE:
        sys.argv.remove("--large")
    server.main()
