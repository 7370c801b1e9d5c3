"""Roots with files that are damaged or gone: nothing is swept, and each refusal names its way out."""

import re
import shlex
import shutil
import signal

from server import ServerTestCase, basalt, main

CREATE = "CREATE TABLE t (ts TIMESTAMP, v LONG) TIMESTAMP(ts) PARTITION BY MONTH"
NAMED = re.compile(r'basalt (repair -d "[^"]+" --(?:wal-skip-to \d+|rebuild-identity))')
COUNT = "SELECT count(*), sum(v) FROM t"


class Repair(ServerTestCase):
    def make(self, *more, number=signal.SIGTERM, root="root"):
        """A root with two tables and a backup; `more` comes after it, then the server ends."""
        self.root = self.folder / root
        self.db = self.root / "db"
        server = self.start(root)
        server.psql(
            CREATE, "INSERT INTO t VALUES ('2026-01-01', 1), ('2026-02-01', 2)",
            "CREATE TABLE other (x INT)", "INSERT INTO other VALUES (7)",
            "BACKUP DATABASE AS 'b1'", *more)
        server.stop(number)

    def refused(self):
        """The command that a refused start names."""
        done = basalt("serve", "-d", str(self.root))
        looked = basalt("repair", "-d", str(self.root))
        self.assertEqual((done.returncode, looked.returncode), (5, 5), done.stderr)
        self.assertNotIn("Restore this file from a backup", done.stderr)
        return NAMED.search(done.stderr).group(1)

    def run_named(self, command):
        return basalt(*shlex.split(command))

    def segments(self, table):
        return sorted(path for path in self.db.rglob("*.seg") if f"/{table}~" in str(path))

    # Manifests

    def test_what_is_lost_without_a_trace_is_told_by_name(self):
        create = ["CREATE SCHEMA sales", "CREATE TABLE empty (v LONG)", "CREATE SEQUENCE numbers",
                  "BACKUP DATABASE AS 'b2'"]
        uses = {
            "t": "SELECT count(*) FROM t", "empty": "INSERT INTO empty VALUES (1)",
            "numbers": "SELECT nextval('numbers')", "sales": "CREATE TABLE sales.w (v LONG)"}
        drops = {"numbers": "DROP TABLE numbers", "sales": "DROP SCHEMA sales"}
        for number, (name, use) in enumerate(uses.items()):
            for whole in (False, True):
                with self.subTest(name=name, whole=whole):
                    self.make(*create, root=f"lost{number}{whole}")
                    place = next(self.db.glob(f"{name}~*"))
                    if whole:
                        shutil.rmtree(place)
                    else:
                        next(place.glob("_manifest.*")).unlink()

                    looked = basalt("repair", "-d", str(self.root))
                    self.assertEqual(looked.returncode, 5)
                    self.assertIn(f"table {name} is damaged", looked.stderr)
                    for end in (drops.get(name, f"DROP TABLE {name}"),
                                "RESTORE DATABASE FROM 'b2' FULL"):
                        root = f"lost{number}{whole}{end[0]}"
                        shutil.copytree(self.root, self.folder / root)
                        server = self.start(root)
                        for statement in (use, "BACKUP DATABASE"):
                            refused = server.psql(statement, check=False)
                            self.assertIn("XX001", refused.stderr, statement)
                            self.assertIn(f"table {name} is damaged", refused.stderr)
                        self.assertEqual(server.rows("SELECT x FROM other"), ["7"])
                        server.psql(end, "BACKUP DATABASE")
                        if end.startswith("RESTORE"):
                            server.psql(use)
                        server.stop()
                        looked = basalt("repair", "-d", str(self.folder / root))
                        self.assertEqual(looked.returncode, 0, looked.stderr)

    def test_a_table_without_its_manifest_keeps_its_segments_and_is_restored(self):
        self.make()
        (manifest,) = self.db.glob("t~*/_manifest.*")
        kept = manifest.read_bytes()
        manifest.unlink()
        before = self.segments("t")
        self.assertTrue(before)
        looked = basalt("repair", "-d", str(self.folder / "root"))
        self.assertEqual(looked.returncode, 5)
        self.assertIn(str(manifest.parent), looked.stderr)

        for _ in range(2):
            server = self.start()
            failed = server.psql(COUNT, check=False)
            self.assertIn("XX001", failed.stderr)
            self.assertEqual(server.rows("SELECT x FROM other"), ["7"])
            self.assertIn("XX001", server.psql("BACKUP DATABASE", check=False).stderr)
            server.stop()
        self.assertEqual(self.segments("t"), before)

        manifest.write_bytes(kept)
        server = self.start()
        self.assertEqual(server.rows(COUNT), ["2|3"])
        server.stop()

        manifest, = self.db.glob("t~*/_manifest.*")
        manifest.unlink()
        server = self.start()
        server.psql("DROP TABLE t", "RESTORE TABLE t FROM 'b1'")
        self.assertEqual(server.rows(COUNT), ["2|3"])
        server.psql("BACKUP DATABASE AS 'b2'")
        server.stop()
        sound = basalt("repair", "-d", str(self.folder / "root"))
        self.assertEqual(sound.returncode, 0, sound.stderr)

    def test_a_backup_without_a_manifest_that_is_started_keeps_the_segments(self):
        self.make()
        copy = self.folder / "copy"
        shutil.copytree(self.folder / "root/backup/b1", copy)
        (manifest,) = copy.glob("db/t~*/_manifest.*")
        manifest.unlink()
        # As long as it is a backup it is not started on; what is left is served as a database.
        self.assertEqual(self.begin("copy").process.wait(timeout=30), 5)
        (copy / "_backup.json").unlink()

        server = self.start("copy")

        self.assertIn("XX001", server.psql(COUNT, check=False).stderr)
        self.assertEqual(server.rows("SELECT x FROM other"), ["7"])
        server.stop()
        self.assertTrue(list(copy.glob("db/t~*/*/*.seg")))

    def test_a_missing_segment_is_told_at_the_start_and_brought_back_by_a_restore(self):
        self.make()
        self.segments("t")[0].unlink()
        looked = basalt("repair", "-d", str(self.folder / "root"))
        self.assertEqual(looked.returncode, 5)
        self.assertIn(".seg", looked.stderr)

        server = self.start()
        self.assertTrue(any("a segment is missing" in line for line in server.log))
        self.assertNotEqual(server.psql("SELECT * FROM t", check=False).returncode, 0)
        self.assertEqual(server.rows("SELECT x FROM other"), ["7"])
        server.psql("RESTORE TABLE t FROM 'b1' FULL")
        self.assertEqual(server.rows(COUNT), ["2|3"])

    def test_all_that_is_missing_is_told(self):
        self.make()
        gone = self.segments("t") + self.segments("other")
        self.assertEqual(len(gone), 3)
        for path in gone:
            path.unlink()

        looked = basalt("repair", "-d", str(self.root))

        self.assertEqual(looked.returncode, 5)
        for path in gone:
            self.assertEqual(looked.stderr.count(path.name), 1, looked.stderr)
        self.assertIn("3 tables and segments are damaged or missing", looked.stderr)

    # The log

    def lose(self, path, kind):
        if kind == "missing":
            path.unlink()
        elif kind == "empty":
            path.write_bytes(b"")
        else:
            data = bytearray(path.read_bytes())
            data[20] ^= 1
            path.write_bytes(data)

    def test_a_lost_log_after_a_clean_end_costs_nothing(self):
        for kind in ("missing", "empty", "header"):
            with self.subTest(kind):
                self.make(root=kind)
                (log,) = (self.db / "_wal").glob("*.wal")
                self.lose(log, kind)

                command = self.refused()
                self.assertIn("--wal-skip-to", command)
                done = self.run_named(command)

                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("lost", done.stderr)
                server = self.start(kind)
                self.assertEqual(server.rows(COUNT), ["2|3"])
                server.psql("INSERT INTO t VALUES ('2026-03-01', 4)")
                server.stop(signal.SIGKILL)
                self.assertEqual(self.start(kind).rows(COUNT), ["3|7"])

    def test_a_damaged_header_of_a_log_with_rows_costs_nothing_either(self):
        self.make("INSERT INTO t VALUES ('2026-03-01', 4)", number=signal.SIGKILL)
        logs = sorted((self.db / "_wal").glob("*.wal"), key=lambda path: int(path.stem))
        self.lose(logs[-1], "header")

        command = self.refused()
        done = self.run_named(command)

        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.start().rows(COUNT), ["3|7"])

    # The identity

    def test_the_identity_is_made_anew(self):
        for kind in ("missing", "header"):
            for number in (signal.SIGTERM, signal.SIGKILL):
                with self.subTest((kind, number)):
                    root = f"{kind}-{int(number)}"
                    self.make("INSERT INTO t VALUES ('2026-03-01', 4)", number=number, root=root)
                    self.lose(self.db / "_database", kind)

                    command = self.refused()
                    self.assertIn("--rebuild-identity", command)
                    done = self.run_named(command)

                    self.assertEqual(done.returncode, 0, done.stderr)
                    # The backup told whose it is.
                    self.assertIn("backup/b1/db/_database", done.stdout)
                    server = self.start(root)
                    self.assertEqual(server.rows(COUNT), ["3|7"])
                    server.psql("BACKUP DATABASE INCREMENTAL AS 'b2'", "VERIFY BACKUP 'b2'")

    def test_the_identity_is_found_where_the_settings_let_backups_lie(self):
        for number, (kind, setting) in enumerate([
                ("file", "cairo.sql.backup.root"), ("environment", "cairo.sql.backup.root"),
                ("file", "backup.allowed.paths")]):
            with self.subTest(kind=kind, setting=setting):
                root = f"root{number}"
                self.make(root=root)
                # Elsewhere, as if it had always been there.
                elsewhere = self.folder / f"elsewhere{number}"
                (self.root / "backup").rename(elsewhere)
                environment = {}
                if kind == "file":
                    with open(self.root / "conf/server.conf", "a") as file:
                        file.write(f"{setting}={elsewhere}\n")
                else:
                    environment = {"BASALT_CAIRO_SQL_BACKUP_ROOT": str(elsewhere)}
                (self.db / "_database").unlink()

                done = basalt(
                    "repair", "-d", str(self.root), "--rebuild-identity", environment=environment)

                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"{elsewhere}/b1/db/_database", done.stdout)

    def test_a_backups_identity_beside_the_log_of_a_killed_server_is_told_apart(self):
        self.make("INSERT INTO t VALUES ('2026-03-01', 4)", number=signal.SIGKILL)
        shutil.copy(self.folder / "root/backup/b1/db/_database", self.db / "_database")

        command = self.refused()
        done = self.run_named(command)

        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.start().rows(COUNT), ["3|7"])

    def test_a_sound_root_is_left_alone(self):
        self.make()
        root = str(self.folder / "root")
        self.assertEqual(basalt("repair", "-d", root, "--rebuild-identity").returncode, 1)
        for commit in ("1", "99999999999"):
            skipped = basalt("repair", "-d", root, "--wal-skip-to", commit)
            self.assertEqual(skipped.returncode, 0, skipped.stderr)
            self.assertIn("nothing was to be skipped", skipped.stdout)
            self.assertIn("sound: 2 tables", skipped.stdout)
            self.assertNotIn("lost", skipped.stdout + skipped.stderr)
        both = basalt("repair", "-d", root, "--rebuild-identity", "--wal-skip-to", "9")
        self.assertEqual(both.returncode, 2)
        self.assertEqual(self.start().rows(COUNT), ["2|3"])


if __name__ == "__main__":
    main()
