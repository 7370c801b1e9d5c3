"""BACKUP and RESTORE in places that are full, read-only, foreign, linked or slow to copy from.

Runs again in a mount namespace of its own, where it makes file systems as small as it wants; what
cannot be had on a machine is skipped and said.
"""

import os
import pathlib
import resource
import shutil
import subprocess
import sys
import threading
import unittest

import server
from contents import (
    contents, contents_of, difference, names_in, wait_copying, wait_ended, wait_until)
from tables import COLUMNS, fill
from wire import Lost, SQLError

STEP = 20_000_000
INSIDE = "BASALT_TEST_HAS_MOUNTS"
HAS_MOUNTS = os.environ.get(INSIDE) == "yes"
needs_mounts = unittest.skipUnless(HAS_MOUNTS, "no mount namespace here")
MEGABYTE = 1 << 20


def sums(connection, name):
    """What no two different tables of this kind have in common."""
    return connection.query(
        f"SELECT count(*), sum(n), sum(v), min(ts), max(ts), count(distinct s) FROM {name}")


class PlacesTests(server.ServerTestCase):
    def setUp(self):
        super().setUp()
        self.mounts = []

    def tearDown(self):
        for one in self.servers:
            one.stop(9)
        for mount in reversed(self.mounts):
            subprocess.run(["umount", "-l", mount], check=True)
        super().tearDown()

    def mount(self, name, megabytes, mode="0755"):
        place = self.folder / name
        place.mkdir(exist_ok=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode={mode}", "tmpfs", str(place)],
            check=True)
        self.mounts.append(str(place))
        return place

    def filled(self, rows=2_000, allowed=(), root="root", **environment):
        """A server with a table t, and a connection to it."""
        values = {"BASALT_BACKUP_ALLOWED_PATHS": ",".join(str(path) for path in allowed)}
        running = self.start(root, environment={**values, **environment}).follow()
        connection = self.connect(running)
        connection.query("CREATE TABLE t " + COLUMNS)
        connection.query(fill("t", STEP, rows))
        connection.query("CREATE TABLE u (n LONG)")
        connection.query("INSERT INTO u VALUES (1)")
        return running, connection

    def refused(self, connection, statement, state, *words):
        with self.assertRaises(SQLError) as caught:
            connection.query(statement)
        self.assertEqual(caught.exception.state, state, caught.exception)
        for word in words:
            self.assertIn(str(word), caught.exception.message)
        return caught.exception.message

    def goes_on(self, connection, rows="2000"):
        """The server reads, writes and backs up elsewhere, and the backup is whole."""
        connection.query("INSERT INTO u VALUES (2)")
        self.assertEqual(connection.value("SELECT count(*) FROM t"), rows)
        connection.query("BACKUP DATABASE TO 'good' AS 'next'")
        path = self.folder / "root" / "backup" / "good" / "next"
        self.assertEqual(
            difference(contents_of(path, "--read-only"), contents(connection)), "")
        shutil.rmtree(path)

    # --- no room

    @needs_mounts
    def test_a_destination_too_small_is_told_before_copying(self):
        small = self.mount("small", 1)
        running, connection = self.filled(allowed=[small])
        self.refused(connection, f"BACKUP DATABASE TO '{small}'", "53100", "bytes needed", small)
        self.assertEqual(names_in(small), [])
        self.goes_on(connection)

    @needs_mounts
    def test_a_destination_that_fills_up_while_copying(self):
        small = self.mount("small", 4)
        running, connection = self.filled(rows=20_000, allowed=[small])
        connection.query(f"BACKUP DATABASE TO '{small}' AS 'full' ASYNC WITH (rate = '200kB')")
        wait_copying(connection, "full")
        with open(small / "filler", "wb") as filler:
            try:
                while True:
                    filler.write(b"x" * 65536)
                    filler.flush()
            except OSError:
                pass
        row = wait_ended(connection, "full")
        self.assertEqual(row["status"], "failed")
        self.assertIn("no space left", row["error"].lower())
        self.assertEqual(names_in(small), ["filler"])
        (small / "filler").unlink(missing_ok=True)
        self.goes_on(connection, "20000")
        # And there, as soon as there is room.
        connection.query(f"BACKUP DATABASE TO '{small}' AS 'now'")

    @needs_mounts
    def test_a_restore_onto_a_full_disk_changes_nothing(self):
        disk = self.mount("disk", 16)
        elsewhere = self.folder / "elsewhere"
        running, connection = self.filled(
            rows=20_000, allowed=[elsewhere], root=disk / "root",
            BASALT_CAIRO_WAL_FILE_SIZE="1m")
        connection.query(f"BACKUP DATABASE TO '{elsewhere}' AS 'one'")
        connection.query("UPDATE t SET v = 1 WHERE n < 100")
        before = contents(connection)
        free = os.statvfs(disk)
        with open(disk / "filler", "wb") as filler:
            filler.write(b"x" * (free.f_bavail * free.f_frsize - 300_000))

        for how in ("FULL", "INCREMENTAL", "AS other"):
            self.refused(
                connection, f"RESTORE TABLE t FROM '{elsewhere}/one' {how}", "53100")
            self.assertEqual(difference(contents(connection), before), "")
        connection.query("INSERT INTO u VALUES (3)")
        connection.query("DELETE FROM u WHERE n = 3")
        (disk / "filler").unlink()
        connection.query(f"RESTORE TABLE t FROM '{elsewhere}/one' FULL")
        self.assertEqual(connection.value("SELECT count(*) FROM t WHERE v = 1"), "1")
        running.stop(9)
        again = self.start(disk / "root").follow()
        self.assertEqual(self.connect(again).value("SELECT count(*) FROM t WHERE v = 1"), "1")

    @staticmethod
    def fill_up(place):
        """Takes every byte of a file system."""
        with open(place / "filler", "ab", buffering=0) as filler:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    pass

    @needs_mounts
    def test_a_full_destination_lets_a_backup_go(self):
        small = self.mount("small", 8)
        running, connection = self.filled(allowed=[small])
        connection.query(f"BACKUP DATABASE TO '{small}' AS 'one'")
        self.fill_up(small)
        self.refused(connection, f"BACKUP DATABASE TO '{small}' AS 'two'", "53100")

        connection.query(f"DROP BACKUP '{small}/one'")

        self.assertEqual(names_in(small), ["filler"])

    @needs_mounts
    def test_a_full_disk_of_the_database_lets_rows_go(self):
        disk = self.mount("disk", 96)
        running, connection = self.filled(rows=200, root=disk / "root")
        for name in ("a", "b", "c", "d"):
            connection.query(f"CREATE TABLE {name} {COLUMNS}")
            connection.query(fill(name, STEP, 20_000))
        connection.query("CREATE TABLE text (v VARCHAR)")
        reserve = disk / "root" / "db" / "_reserve"
        for statement in (
                "TRUNCATE TABLE a", "DROP TABLE b",
                "ALTER TABLE c DROP PARTITION LIST '2026-01-01'",
                "DELETE FROM d WHERE ts < '2026-01-04'"):
            self.assertTrue(wait_until(reserve.exists), statement)
            self.fill_up(disk)
            with self.assertRaises(SQLError) as caught:
                while True:
                    connection.query("INSERT INTO text VALUES ('" + "x" * 5_000 + "')")
            self.assertEqual(caught.exception.state, "53100")

            connection.query(statement)

            (disk / "filler").unlink()
            # The next thing that goes brings the reserve back.
            connection.query("CREATE TABLE brief (v INT)")
            connection.query("DROP TABLE brief")
        self.assertEqual(connection.value("SELECT count(*) FROM a"), "0")
        self.assertEqual(connection.value("SELECT count(*) FROM c WHERE ts < '2026-01-02'"), "0")
        self.assertEqual(connection.value("SELECT count(*) FROM d WHERE ts < '2026-01-04'"), "0")
        self.assertNotEqual(connection.value("SELECT count(*) FROM d"), "0")
        wanted = contents(connection)
        running.stop(9)
        again = self.start(disk / "root").follow()
        self.assertEqual(difference(contents(self.connect(again)), wanted), "")

    # --- pipes in the place of files

    def test_a_pipe_in_the_place_of_a_manifest_keeps_nobody_waiting(self):
        running, connection = self.filled()
        connection.query("BACKUP DATABASE AS 'one'")
        backup = self.folder / "root" / "backup" / "one"
        table = next((backup / "db").glob("t~*"))
        manifest = next(table.glob("_manifest.*"))
        manifest.unlink()
        os.mkfifo(manifest)

        for _ in range(4):
            self.refused(
                connection, "SELECT * FROM backup_partitions('one', 't')", "XX001", "regular")
        self.refused(connection, "RESTORE TABLE t FROM 'one' AS u", "XX001", "regular")
        self.goes_on(connection)
        running.stop(9)

        live = next((self.folder / "root" / "db").glob("t~*"))
        os.mkfifo(live / "_manifest.9999")
        again = self.connect(self.start("root").follow())
        self.assertEqual(again.value("SELECT count(*) FROM u"), "2")
        self.refused(again, "SELECT count(*) FROM t", "XX001", "regular")

    # --- no right to write

    @needs_mounts
    def test_a_read_only_destination(self):
        place = self.mount("place", 8)
        running, connection = self.filled(allowed=[place])
        connection.query(f"BACKUP DATABASE TO '{place}' AS 'kept'")
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        self.refused(connection, f"BACKUP DATABASE TO '{place}' AS 'two'", "58030", place)
        self.refused(connection, f"DROP BACKUP '{place}/kept'", "58030", place)
        self.assertEqual(names_in(place), ["kept"])
        # Reading needs no right to write.
        connection.query(f"VERIFY BACKUP '{place}/kept' DEEP")
        connection.query("DROP TABLE t")
        connection.query(f"RESTORE TABLE t FROM '{place}/kept'")
        self.goes_on(connection)
        # A server that may write cannot run there, and says which one can.
        refused = subprocess.run(
            [server.BINARY, "serve", "-d", f"{place}/kept"], capture_output=True, text=True,
            timeout=60)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--read-only", refused.stderr)

    def test_too_few_descriptors(self):
        running, connection = self.filled()
        pid = running.process.pid
        before = contents(connection)
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        states = set()
        for spare in range(0, 14):
            used = len(os.listdir(f"/proc/{pid}/fd"))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + spare, hard))
            try:
                connection.query(f"BACKUP DATABASE AS 'b{spare}'")
                states.add("complete")
            except SQLError as error:
                states.add(error.state)
                self.assertIn("too many open files", str(error).lower())
            finally:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
            self.assertEqual(difference(contents(connection), before), "")
        self.assertIn("complete", states)
        self.assertGreater(len(states), 1)
        backups = self.folder / "root" / "backup"
        for name in names_in(backups):
            connection.query(f"VERIFY BACKUP '{name}' DEEP")
        self.goes_on(connection)

    # --- other users, machines and disks

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_what_the_server_may_not_read_or_remove_is_in_nobodys_way(self):
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run([*as_nobody, "true"], capture_output=True).returncode != 0:
            self.skipTest("setpriv cannot change the user here")
        os.chmod(self.folder, 0o755)
        home = self.folder / "home"
        home.mkdir()
        os.chown(home, 65534, 65534)
        running = self.begin(
            home / "root", command=[*as_nobody, server.BINARY, "serve"]).wait_ready()
        running.psql(
            "CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY",
            "INSERT INTO t VALUES ('2026-01-01', 1)",
            "BACKUP DATABASE AS 'a'", "BACKUP DATABASE AS 'b'")
        backups = home / "root" / "backup"
        (backups / "lost+found").mkdir(mode=0o700)
        (backups / "foreign").mkdir(mode=0o700)
        kept = backups / "b" / "conf" / "kept"
        kept.mkdir(mode=0o700)
        (kept / "file").write_text("of root")

        self.assertEqual(
            running.rows("SELECT name, status FROM backups() ORDER BY name"),
            ["a|complete", "b|complete", "foreign|failed"])
        done = running.psql("DROP BACKUP 'b'", check=False)
        self.assertIn("58030", done.stderr)
        self.assertIn("is dropped, but not all of its files are removed", done.stderr)
        done = running.psql("BACKUP DATABASE INCREMENTAL AS 'c'")
        self.assertIn("is left over and cannot be removed", done.stderr)
        self.assertEqual(
            running.rows("SELECT parent FROM backups() WHERE name = 'c'"), ["a"])
        # Of a parent's file that cannot be read there is a copy.
        os.chmod(next((backups / "c" / "db").glob("t~*")), 0)
        os.chown(next((backups / "c" / "db").glob("t~*")), 0, 0)
        running.psql("BACKUP DATABASE INCREMENTAL FROM 'c' AS 'd'")
        self.assertEqual(
            running.rows("SELECT name, status FROM backups() WHERE name IN ('c', 'd')"
                         " ORDER BY name"), ["c|failed", "d|complete"])
        running.psql("VERIFY BACKUP 'd'")
        shutil.rmtree(backups, ignore_errors=False)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_another_user_starts_and_restores_what_tar_brought(self):
        running, connection = self.filled(rows=500)
        connection.query("BACKUP DATABASE AS 'one'")
        connection.query("INSERT INTO u VALUES (2)")
        connection.query("BACKUP DATABASE INCREMENTAL AS 'two'")
        wanted = contents(connection)
        running.stop()
        archive = self.folder / "two.tar.gz"
        backups = self.folder / "root" / "backup"
        subprocess.run(["tar", "-C", str(backups), "-zcf", str(archive), "two"], check=True)
        home = self.folder / "home of nobody"
        home.mkdir()
        shutil.chown(home, 65534, 65534)
        os.chmod(self.folder, 0o755)
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        os.chmod(archive, 0o644)
        if subprocess.run([*as_nobody, "true"], capture_output=True).returncode != 0:
            self.skipTest("no other user here")
        subprocess.run([*as_nobody, "tar", "-C", str(home), "-xf", str(archive)], check=True)
        # A path needs no root, least of all that of somebody else.
        foreign = self.folder / "root"
        os.chmod(foreign, 0o700)
        for act in ("verify", "list", "inspect"):
            read = subprocess.run(
                [*as_nobody, server.BINARY, "backup", act, "-d", str(foreign),
                 str(home if act == "list" else home / "two")], capture_output=True, text=True)
            self.assertEqual(read.returncode, 0, (act, read.stderr))

        def nobody(root):
            one = self.begin(
                root, command=[*as_nobody, server.BINARY, "serve"],
                environment={"BASALT_BACKUP_ALLOWED_PATHS": str(home)})
            return self.connect(one.wait_ready().follow())

        # A table of it, into a database of nobody's own, and the backup as the database itself.
        fresh = nobody(home / "fresh")
        fresh.query(f"RESTORE DATABASE FROM '{home}/two'")
        self.assertEqual(difference(contents(fresh), wanted), "")
        self.servers[-1].stop()
        started = nobody(home / "two")
        self.assertEqual(difference(contents(started), wanted), "")
        started.query("INSERT INTO u VALUES (3)")
        started.query("BACKUP DATABASE AS 'of nobody'")

    @needs_mounts
    def test_links_across_file_systems_become_copies(self):
        other = self.mount("other", 32)
        running, connection = self.filled(allowed=[other])
        connection.query("BACKUP DATABASE AS 'here'")
        connection.query(f"BACKUP DATABASE TO '{other}' AS 'there'")
        connection.query(f"BACKUP DATABASE INCREMENTAL TO '{other}' AS 'linked'")
        wanted = contents(connection)
        connection.notices.clear()
        connection.query(f"RESTORE TABLE t FROM '{other}/there' AS t2 WITH (link = true)")
        self.assertTrue(any("link" in text for text in connection.notices), connection.notices)
        connection.query("DROP TABLE t2")
        shutil.rmtree(other / "there")
        self.assertEqual(
            difference(contents_of(other / "linked", "--read-only"), wanted), "")
        self.goes_on(connection)

    def test_two_databases_of_one_origin_share_a_destination(self):
        shared = self.folder / "shared"
        running, connection = self.filled(rows=4_000, BASALT_CAIRO_SQL_BACKUP_ROOT=str(shared))
        wanted = contents(connection)
        connection.query("BACKUP DATABASE AS 'seed'")
        subprocess.run(["cp", "-a", str(shared / "seed"), str(self.folder / "sister")], check=True)
        environment = {"BASALT_CAIRO_SQL_BACKUP_ROOT": str(shared)}
        sister = self.start("sister", environment=environment).follow()
        connection.query("BACKUP DATABASE AS 'slow' ASYNC WITH (rate = '40kB')")
        other = self.connect(sister)
        other.query("INSERT INTO u VALUES (2)")
        changed = contents(other)
        other.query("BACKUP DATABASE INCREMENTAL AS 'of the sister'")
        self.refused(other, "BACKUP DATABASE AS 'slow'", "42710")
        # What a start sweeps is not what somebody who lives is writing.
        sister.stop(9)
        self.start("sister", environment=environment).follow()
        connection.query("DROP BACKUP 'seed'")
        self.assertEqual(wait_ended(connection, "slow")["status"], "complete")
        for name, state in (("slow", wanted), ("of the sister", changed)):
            self.assertEqual(
                difference(contents_of(shared / name, "--read-only"), state), "")
        # A destination that goes away under a backup is an error, and the server goes on.
        connection.query("BACKUP DATABASE AS 'gone' ASYNC WITH (rate = '40kB')")
        wait_copying(connection, "gone")
        shutil.rmtree(shared, ignore_errors=True)
        self.assertEqual(wait_ended(connection, "gone")["status"], "failed")
        connection.query("BACKUP DATABASE AS 'again'")
        connection.query("VERIFY BACKUP 'again' DEEP")

    def test_links_and_dots_planted_in_the_way(self):
        running, connection = self.filled(rows=100)
        backups = self.folder / "root" / "backup"
        outside = self.folder / "outside"
        outside.mkdir()
        (backups / "link").symlink_to(outside)
        for place in ("link", "link/deeper", "../db", "..", "a/../../db", f"{outside}",
                      ".hidden", ".staging-0"):
            self.refused(connection, f"BACKUP DATABASE TO '{place}'", "42501")
        for place in (f"{self.folder}/root/db", f"{self.folder}/root/db/x"):
            self.refused(connection, f"BACKUP DATABASE TO '{place}'", "42501")
        self.assertEqual(list(outside.iterdir()), [])
        connection.query("BACKUP DATABASE AS 'one'")
        # A destination inside a backup would go when that one is dropped.
        for place in ("one", "one/db", "one/new"):
            self.refused(connection, f"BACKUP DATABASE TO '{place}'", "22023", "inside")
        # The name of a destination is taken, and a link at the name of a backup is one too.
        connection.query("BACKUP DATABASE TO 'sub' AS 'x'")
        self.refused(connection, "BACKUP DATABASE AS 'sub'", "42710")
        self.refused(connection, "BACKUP DATABASE AS 'link'", "42710")
        (backups / "one" / "db" / "planted").symlink_to("/etc/passwd")
        for statement in ("VERIFY BACKUP 'one' QUICK", "RESTORE TABLE t FROM 'one' FULL"):
            self.refused(connection, statement, "XX001", "planted")

    def test_a_root_under_two_names(self):
        real = self.folder / "real"
        real.mkdir()
        (self.folder / "root").symlink_to(real)
        running, connection = self.filled(rows=100, allowed=[real])
        # Whatever it is called: what a start would sweep there, and what COMPLETE would remove.
        for place in ("", "/db", "/db/x", "/tmp", "/snapshot"):
            self.refused(
                connection, f"BACKUP DATABASE TO '{real}{place}' AS 'snapshot'", "22023", "inside")
        connection.query("BACKUP DATABASE AS 'one'")
        for name in ("one/", "./one", f"{real}/backup/one", f"{self.folder}/root/backup/one//"):
            connection.query(f"RESTORE TABLE t FROM '{name}' FULL")
            connection.query(f"VERIFY BACKUP '{name}'")

    def test_names_of_every_kind_and_255_bytes(self):
        running, connection = self.filled(rows=100)
        names = ["with space", "dots.and.dots.", "quote's", 'double"quote', "back\\slash",
                 "zażółć 数据 🪨", "line\nbreak", "%", "n" * 255, "Case", "case"]
        wanted = contents(connection)
        parent = None
        for name in names:
            quoted = name.replace("'", "''")
            how = f"INCREMENTAL FROM '{parent}'" if parent else ""
            connection.query(f"BACKUP DATABASE {how} AS '{quoted}'")
            connection.query(f"VERIFY BACKUP '{quoted}' DEEP")
            parent = quoted
        self.refused(connection, f"BACKUP DATABASE AS '{'n' * 256}'", "42602", "too long")
        shown = {row[0] for row in connection.query("SELECT name FROM backups()")}
        self.assertEqual(shown & set(names), set(names))
        backups = self.folder / "root" / "backup"
        for name in names[:-1]:
            connection.query(f"DROP BACKUP '{name.replace(chr(39), chr(39) * 2)}'")
        self.assertEqual(names_in(backups), ["case"])
        self.assertEqual(
            difference(contents_of(backups / "case", "--read-only"), wanted), "")

    def test_what_is_made_is_private(self):
        before = os.umask(0)
        try:
            running, connection = self.filled(rows=100)
            connection.query("BACKUP DATABASE AS 'one'")
            connection.query("BACKUP DATABASE INCREMENTAL TO 'other' AS 'two'")
            connection.query("RESTORE TABLE t FROM 'one' AS t2")
            connection.query("SNAPSHOT PREPARE")
        finally:
            os.umask(before)
        root = self.folder / "root"
        seen = 0
        for place in ("backup", "db", "snapshot"):
            for path in [root / place, *(root / place).rglob("*")]:
                seen += 1
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.assertGreater(seen, 40)

    # --- file systems whose files share blocks

    def image(self, kind, megabytes=400):
        """A file system of its own in a file; skips where it cannot be made or mounted."""
        maker = shutil.which(f"mkfs.{kind}")
        if not maker:
            self.skipTest(f"no mkfs.{kind} here")
        image, place = self.folder / f"{kind}.img", self.folder / kind
        place.mkdir()
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        done = subprocess.run([maker, "-q", str(image)], capture_output=True, text=True)
        if done.returncode == 0:
            done = subprocess.run(
                ["mount", "-o", "loop", str(image), str(place)], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"no {kind} in a loop device here: {done.stderr.strip()}")
        self.mounts.append(str(place))
        return place

    def shares_blocks(self, kind):
        place = self.image(kind)
        running, connection = self.filled(rows=1_000_000, root=place / "root")
        wanted = sums(connection, "t")
        connection.query("BACKUP DATABASE AS 'one'")
        backup = place / "root" / "backup" / "one"
        size = sum(path.stat().st_size for path in backup.glob("db/t~*/*/*.seg"))
        self.assertGreater(size, 8 * MEGABYTE)

        def used():
            subprocess.run(["sync", "-f", str(place)], check=True)
            return shutil.disk_usage(place).used

        before = used()
        connection.query("RESTORE TABLE t FROM 'one' AS t2")
        self.assertLess(used() - before, size // 3)
        self.assertEqual(sums(connection, "t2"), wanted)
        before = used()
        connection.query("BACKUP TABLE t AS 'two'")
        # A backup has blocks of its own.
        self.assertGreater(used() - before, size * 2 // 3)
        # Each is a file of its own: what one loses the others keep.
        connection.query("DELETE FROM t2 WHERE n % 2 = 0")
        connection.query("DROP TABLE t")
        connection.query("VERIFY BACKUP 'one' DEEP")
        connection.query("RESTORE TABLE t FROM 'one'")
        running.stop(9)
        connection = self.connect(self.start(place / "root").follow())
        self.assertEqual(sums(connection, "t"), wanted)
        # Bytes that are not those of the segment are found there too.
        segment = next(backup.glob("db/t~*/*/*.seg"))
        segment.chmod(0o600)
        with open(segment, "r+b") as file:
            file.seek(segment.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        self.refused(connection, "RESTORE TABLE t FROM 'one' AS t3", "XX001", segment)
        self.assertEqual(sums(connection, "t"), wanted)
        self.servers[-1].stop(9)

    @needs_mounts
    def test_restored_files_share_blocks_on_xfs(self):
        self.shares_blocks("xfs")

    @needs_mounts
    def test_restored_files_share_blocks_on_btrfs(self):
        self.shares_blocks("btrfs")

    # --- a slow copy of a prepared root

    @unittest.skipUnless(shutil.which("rsync"), "rsync is missing")
    def test_a_slow_rsync_while_everything_moves(self):
        running, connection = self.filled(
            rows=6_000, BASALT_CAIRO_WAL_FILE_SIZE="1m", BASALT_CAIRO_MAX_UNCOMMITTED_ROWS="500")
        wanted = contents(connection)
        connection.query("SNAPSHOT PREPARE")
        stop, problems = threading.Event(), []

        def churn():
            try:
                mine = self.connect(running)
                mine.query("DROP TABLE t")
                number = 0
                while not stop.is_set():
                    number += 1
                    mine.query(f"CREATE TABLE c{number} " + COLUMNS)
                    mine.query(fill(f"c{number}", STEP, 700))
                    mine.query(f"TRUNCATE TABLE c{number}")
                    mine.query(f"DROP TABLE c{number}")
                    mine.query("UPDATE u SET n = n + 1")
            except (SQLError, Lost) as error:
                problems.append(error)

        worker = threading.Thread(target=churn)
        worker.start()
        try:
            done = subprocess.run(
                ["rsync", "-a", "--bwlimit=150", "--exclude=/backup", "--exclude=/tmp",
                 f"{self.folder}/root/", f"{self.folder}/copy/"], capture_output=True, text=True)
        finally:
            stop.set()
            worker.join()
        self.assertEqual((problems, done.returncode, done.stderr), ([], 0, ""))
        retained = int(connection.value("SELECT retained_bytes FROM checkpoint_status()"))
        self.assertGreater(retained, 50_000)
        connection.query("SNAPSHOT COMPLETE")
        (self.folder / "copy" / "_restore").touch()
        self.assertEqual(difference(contents_of(self.folder / "copy"), wanted), "")


def in_namespace():
    """This script again, with mounts of its own if the machine allows it."""
    command = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount"]
    probe = ["sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    allowed = shutil.which("unshare") and subprocess.run(
        [*command, *probe], capture_output=True).returncode == 0
    values = dict(os.environ, **{INSIDE: "yes" if allowed else "no"})
    again = [sys.executable, str(pathlib.Path(__file__).resolve()), *sys.argv[1:]]
    done = subprocess.run([*(command if allowed else []), *again], env=values)
    sys.exit(done.returncode)


if __name__ == "__main__":
    if INSIDE in os.environ:
        server.main()
    in_namespace()
