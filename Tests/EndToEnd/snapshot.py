"""SNAPSHOT PREPARE, a plain copy of the root, _restore: with cp, tar, kill -9 and another user."""

import os
import shutil
import signal
import subprocess
import threading

import server

ROWS = "SELECT count(*), sum(v) FROM t"


class SnapshotTests(server.ServerTestCase):
    def prepare(self):
        running = self.start()
        running.psql(
            "CREATE TABLE t (ts TIMESTAMP, v LONG) TIMESTAMP(ts) PARTITION BY DAY",
            "CREATE TABLE gone (v LONG)",
            "INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 2), ('2026-01-03', 3)",
            "INSERT INTO gone VALUES (7)",
            "SNAPSHOT PREPARE;")
        return running

    def expect(self, running, rows="3|6"):
        self.assertEqual(running.rows(ROWS), [rows])
        self.assertEqual(running.rows("SELECT v FROM gone"), ["7"])

    def copy(self, name="copy"):
        target = self.folder / name
        target.mkdir(exist_ok=True)
        for part in ("db", "conf", "snapshot"):
            done = subprocess.run(
                ["cp", "-a", str(self.folder / "root" / part), str(target)],
                capture_output=True, text=True)
            # A file that vanished between listing and reading would be named here.
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        return target

    def test_copies_while_tables_come_and_go(self):
        running = self.prepare()
        stop = threading.Event()
        problems = []

        def churn():
            try:
                number = 0
                while not stop.is_set():
                    number += 1
                    running.psql(
                        f"CREATE TABLE c{number} (v LONG)", f"INSERT INTO c{number} VALUES (1)",
                        f"DROP TABLE c{number}", "TRUNCATE TABLE t",
                        "INSERT INTO t VALUES ('2026-02-01', 100)")
            except AssertionError as error:
                problems.append(error)

        running.psql("DROP TABLE gone")
        worker = threading.Thread(target=churn)
        worker.start()
        try:
            copies = [self.copy(f"copy{number}") for number in range(10)]
        finally:
            stop.set()
            worker.join()
        self.assertEqual(problems, [])
        sums = subprocess.run(
            ["sha256sum", "--quiet", "-c", "snapshot/SHA256SUMS"], cwd=copies[-1],
            capture_output=True, text=True)
        self.assertEqual((sums.returncode, sums.stdout), (0, ""))
        running.psql("SNAPSHOT COMPLETE;")
        self.assertFalse((self.folder / "root" / "snapshot").exists())

        for copy in (copies[0], copies[-1]):
            (copy / "_restore").touch()
            self.expect(self.start(copy.name))
            self.assertFalse((copy / "_restore").exists())
            self.assertFalse((copy / "snapshot").exists())

    def test_a_kill_between_prepare_and_complete(self):
        running = self.prepare()
        running.psql("DROP TABLE gone", "TRUNCATE TABLE t")
        running.stop(signal.SIGKILL)

        again = self.start()
        self.assertEqual(again.rows("SELECT in_progress FROM checkpoint_status()"), ["t"])
        refused = again.psql("SNAPSHOT PREPARE", check=False)
        self.assertIn("55000", refused.stderr)
        self.assertIn("Waiting for SNAPSHOT COMPLETE to be called", refused.stderr)
        copy = self.copy()
        again.psql("SNAPSHOT COMPLETE")
        (copy / "_restore").touch()
        self.expect(self.start("copy"))

    def test_a_copy_without_the_trigger_names_both_choices(self):
        self.prepare()
        copy = self.copy()
        refused = self.begin("copy")
        self.assertNotEqual(refused.process.wait(timeout=server.START_SECONDS), 0)
        refused.drain()
        text = "\n".join(refused.log)
        self.assertIn(f"touch {copy}/_restore", text)
        self.assertIn(f"remove {copy}/snapshot", text)
        # The second choice: as it was copied.
        shutil.rmtree(copy / "snapshot")
        self.assertEqual(self.start("copy").rows("SELECT count(*) FROM t"), ["3"])

    def test_a_trigger_without_snapshot_is_named(self):
        self.start().stop()
        (self.folder / "root" / "_restore").touch()
        refused = self.begin()
        self.assertNotEqual(refused.process.wait(timeout=server.START_SECONDS), 0)
        refused.drain()
        text = "\n".join(refused.log)
        self.assertIn(f"{self.folder}/root/_restore", text)
        self.assertIn(f"{self.folder}/root/snapshot", text)

    def test_the_seed_word_by_word(self):
        """Prepare, copy, complete, stop, empty the root, copy back, touch _restore, start."""
        running = self.prepare()
        copy = self.copy()
        running.psql("SNAPSHOT COMPLETE;", "INSERT INTO t VALUES ('2026-03-01', 50)")
        running.stop()
        root = self.folder / "root"
        for child in root.iterdir():
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        subprocess.run(["cp", "-a", f"{copy}/.", str(root)], check=True)
        (root / "_restore").touch()
        self.expect(self.start())

    def test_through_tar_under_another_path_and_user(self):
        self.prepare()
        archive = self.folder / "copy.tar"
        subprocess.run(
            ["tar", "-C", str(self.folder / "root"), "-cf", str(archive), "db", "conf",
             "snapshot"], check=True)
        target = self.folder / "elsewhere" / "root"
        target.mkdir(parents=True)
        subprocess.run(["tar", "-C", str(target), "-xf", str(archive)], check=True)
        (target / "_restore").touch()
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "65534:65534", str(target.parent)], check=True)
        self.expect(self.start(target))

    def test_in_its_own_root_nothing_is_deleted(self):
        running = self.prepare()
        running.psql(
            "INSERT INTO t VALUES ('2026-03-01', 50)", "DROP TABLE gone", "CREATE TABLE late (v LONG)",
            "INSERT INTO late VALUES (1), (2)")
        running.stop(signal.SIGKILL)
        root = self.folder / "root"
        (root / "_restore").touch()
        for number in range(4):
            one = self.begin()
            try:
                one.process.wait(timeout=0.01 * number)
            except subprocess.TimeoutExpired:
                pass
            one.stop(signal.SIGKILL)

        restored = self.start()

        self.expect(restored)
        self.assertEqual([p.name for p in root.glob("*before-restore*")], ["before-restore-1"])
        # The former state is a root: beside the live one, and in its place.
        aside = self.start("root/before-restore-1")
        self.assertEqual(aside.rows(ROWS), ["4|56"])
        self.assertEqual(aside.rows("SELECT count(*) FROM late"), ["2"])
        aside.stop()
        restored.psql("DROP TABLE t")
        restored.stop()
        (root / "db").rename(root / "db.restored")
        (root / "before-restore-1" / "db").rename(root / "db")
        again = self.start(environment={"BASALT_BACKUP_ALLOWED_PATHS": str(root)})
        self.assertEqual(again.rows(ROWS), ["4|56"])
        self.assertEqual(again.rows("SELECT count(*) FROM late"), ["2"])
        refused = again.psql(f"BACKUP DATABASE TO '{root}/before-restore-1/x'", check=False)
        self.assertIn("22023", refused.stderr)

    def test_what_was_detached_before_prepare_comes_back(self):
        running = self.start()
        running.psql(
            "CREATE TABLE t (ts TIMESTAMP, v LONG) TIMESTAMP(ts) PARTITION BY DAY",
            "CREATE TABLE gone (v LONG)",
            "INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 2), ('2026-01-03', 3)",
            "INSERT INTO gone VALUES (7)",
            "ALTER TABLE t DETACH PARTITION LIST '2026-01-01'", "SNAPSHOT PREPARE;")
        copies = [self.copy("early")]
        running.psql(
            "ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'",
            "ALTER TABLE t DETACH PARTITION LIST '2026-01-02'", "DELETE FROM t WHERE v = 1")
        copies.append(self.copy("late"))
        running.stop(signal.SIGKILL)
        copies.append(self.folder / "root")
        for root in copies:
            (root / "_restore").touch()
            restored = self.start(root.name)
            self.expect(restored, "2|5")
            refused = restored.psql(
                "ALTER TABLE t ATTACH PARTITION LIST '2026-01-02'", check=False)
            self.assertIn("ERROR", refused.stderr)
            restored.psql("ALTER TABLE t ATTACH PARTITION LIST '2026-01-01'")
            self.expect(restored)
            # Of the early copy, what the server has done by itself since may be set aside too.
            if root.name != "early":
                self.assertTrue((root / "before-restore-1").exists(), root.name)

    def test_a_detach_that_was_killed_beside_a_snapshot_can_be_done_again(self):
        running = self.prepare()
        left = next((self.folder / "root" / "db").glob("t~*")) / "2026-01-02.detached"
        left.mkdir()
        segment = next((left.parent / "2026-01-02").glob("*.seg"))
        os.link(segment, left / segment.name)
        running.stop(signal.SIGKILL)

        again = self.start()
        again.psql("ALTER TABLE t DETACH PARTITION LIST '2026-01-02'")
        self.expect(again, "2|4")
        again.psql("ALTER TABLE t ATTACH PARTITION LIST '2026-01-02'", "SNAPSHOT COMPLETE;")
        self.expect(again)

    def test_kill_while_restoring(self):
        running = self.prepare()
        running.psql("TRUNCATE TABLE t", "DROP TABLE gone")
        copy = self.copy()
        (copy / "_restore").touch()
        for number in range(8):
            one = self.begin("copy")
            try:
                one.process.wait(timeout=0.01 * number)
            except subprocess.TimeoutExpired:
                pass
            one.stop(signal.SIGKILL)
        self.expect(self.start("copy"))


if __name__ == "__main__":
    server.main()
