"""RESTORE end to end: psql and curl on a running server, and the commands without one."""

import json
import os
import signal
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

from server import BINARY, ServerTestCase, basalt, main
from tables import ALL, CREATE, INSERT, ROWS


class Restore(ServerTestCase):
    def setUp(self):
        super().setUp()
        self.root = self.folder / "root"

    def filled(self):
        server = self.start()
        server.psql(CREATE, INSERT, "BACKUP DATABASE AS 'one'")
        return server

    def basalt(self, *arguments):
        return basalt(
            *arguments, environment={"BASALT_ROOT": str(self.root)}, cwd=self.folder)

    # --- on a running server

    def test_psql_restores_a_dropped_table(self):
        server = self.filled()
        server.psql("DROP TABLE t")

        done = server.psql("RESTORE TABLE t FROM 'one'")

        self.assertIn("RESTORE", done.stdout)
        self.assertIn('restore from "one" is complete', done.stderr)
        self.assertEqual(server.rows(ALL.format("t")), ROWS)

    def test_psql_is_told_what_stands_in_the_way_and_where(self):
        server = self.filled()

        done = server.psql("RESTORE TABLE t FROM 'one'", check=False)

        self.assertIn("42P07", done.stderr)
        self.assertIn("INCREMENTAL", done.stderr)
        self.assertIn("LINE 1: RESTORE TABLE t FROM 'one'\n" + " " * 22 + "^", done.stderr)

    def test_explain_shows_the_plan_and_what_would_be_lost(self):
        server = self.filled()
        server.psql("INSERT INTO t VALUES ('2026-01-02T10:00:00Z', 'new', 1)")

        rows = server.rows("EXPLAIN RESTORE TABLE t FROM 'one' INCREMENTAL")

        self.assertEqual([line.split("|")[:3] for line in rows], [
            ["public.t/2026-01-01", "reuse", "0"], ["public.t/2026-01-02", "replace", "1"]])
        self.assertEqual(rows[1].split("|")[7], "1")
        self.assertIn("public.t/2026-01-01|copy|1", "\n".join(server.rows("EXPLAIN BACKUP TABLE t")))

    def test_the_rest_api_tells_the_facts(self):
        server = self.filled()

        status, text = server.execute("RESTORE TABLE t FROM 'one' AS u")
        answer = json.loads(text)

        self.assertEqual((status, answer["ddl"]), (200, "OK"))
        self.assertEqual(answer["backup"]["rows"], 3)
        self.assertEqual(answer["backup"]["name"], "one")
        self.assertEqual(server.rows(ALL.format("u")), ROWS)

    def test_a_page_of_another_site_is_told_why_it_may_not(self):
        server = self.filled()
        query = urllib.parse.urlencode({"query": "BACKUP DATABASE"})
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.ports['http']}/exec?{query}",
            headers={"Origin": "http://elsewhere.example"})

        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=30)

        self.assertIn("a page of another site", caught.exception.read().decode())
        caught.exception.close()

    def test_full_tells_what_is_lost(self):
        server = self.filled()
        server.psql(
            "INSERT INTO t VALUES ('2026-01-02T10:00:00Z', 'new', 1), ('2031-01-01', 'x', 2)")

        rows = server.rows("EXPLAIN RESTORE DATABASE FROM 'one' FULL")
        done = server.psql("RESTORE TABLE t FROM 'one' FULL")

        told = {line.split("|")[0]: line.split("|") for line in rows}
        self.assertEqual(told["public.t/2026-01-02"][7], "1")
        self.assertEqual(told["public.t/2031-01-01"][1], "drop")
        self.assertEqual(told["public.t/2031-01-01"][7], "1")
        self.assertIn("2 rows are only in the database", done.stderr)

    def test_notices_are_no_warnings(self):
        server = self.filled()

        done = server.psql(
            "\\set VERBOSITY verbose", "BACKUP DATABASE AS 'two'", "RESTORE TABLE t FROM 'two' AS u",
            "SNAPSHOT COMPLETE")

        notices = [line for line in done.stderr.splitlines() if line.startswith("NOTICE:")]
        self.assertGreater(len(notices), 3, done.stderr)
        for line in notices:
            self.assertTrue(line.startswith("NOTICE:  00000:"), line)
        self.assertNotIn("WARNING", done.stderr)

    def test_jobs_are_told_after_kill_9(self):
        server = self.filled()
        server.psql("VERIFY BACKUP 'one'", "RESTORE TABLE t FROM 'one' AS u")
        server.psql("BACKUP TABLE nope", check=False)
        server.stop(signal.SIGKILL)

        rows = self.start().rows("SELECT job, status, name FROM backup_jobs()")

        self.assertEqual(rows[1:], [
            "restore|complete|one", "verify|complete|one", "backup|complete|one"])
        self.assertTrue(rows[0].startswith("backup|failed|"), rows)

    def test_two_backups_at_once_are_both_made(self):
        server = self.filled()
        makers = [
            threading.Thread(target=server.psql, args=(f"BACKUP DATABASE AS 'at once {number}'",))
            for number in range(4)]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join()

        for number in range(4):
            server.psql(f"VERIFY BACKUP 'at once {number}' DEEP")

    def test_a_clients_own_timeout_ends_a_backup(self):
        server = self.filled()

        done = server.psql(
            "SET statement_timeout = '300ms'", "BACKUP DATABASE AS 'slow' WITH (rate = 1)",
            check=False)

        self.assertIn("57014", done.stderr)
        self.assertIn("canceling statement due to statement timeout", done.stderr)
        self.assertEqual(os.listdir(self.root / "backup"), [
            name for name in os.listdir(self.root / "backup") if name != "slow"])
        self.assertEqual(
            server.rows("SELECT status FROM backups() WHERE name = 'slow'"), ["cancelled"])

    def test_a_killed_server_on_a_backup_leaves_a_source(self):
        self.filled().stop()
        copy = self.start(self.root / "backup/one")
        copy.psql("INSERT INTO t VALUES ('2026-03-01T00:00:00Z', 'late', 9)")
        copy.stop(signal.SIGKILL)
        server = self.start()

        server.psql("RESTORE DATABASE FROM 'one' INCREMENTAL")

        self.assertEqual(
            server.rows(ALL.format("t")), ROWS + ["2026-03-01 00:00:00|late|9"])

    def test_restored_rows_survive_kill_9(self):
        server = self.filled()
        server.psql("RESTORE TABLE t FROM 'one' AS u")
        server.stop(signal.SIGKILL)

        self.assertEqual(self.start().rows(ALL.format("u")), ROWS)

    # --- without a server

    def test_a_new_root_is_made_from_a_backup(self):
        self.filled().stop()
        backup = str(self.root / "backup/one")

        done = self.basalt("backup", "restore", "-d", "again", backup)

        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 tables, 2 partitions, 3 rows", done.stdout)
        self.assertEqual(self.start(self.folder / "again").rows(ALL.format("t")), ROWS)

    def test_list_inspect_verify_and_drop(self):
        self.filled().stop()

        listed = self.basalt("backup", "list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("one", listed.stdout)
        inspected = self.basalt("backup", "inspect", "one")
        self.assertIn("public.t", inspected.stdout)
        for depth in [[], ["--quick"], ["--deep"]]:
            done = self.basalt("backup", "verify", "one", *depth)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("one is sound", done.stdout)
        self.assertEqual(self.basalt("backup", "drop", "one").returncode, 0)
        gone = self.basalt("backup", "verify", "one")
        self.assertEqual(gone.returncode, 1)
        self.assertIn("58P01", gone.stderr)

    def test_list_looks_where_it_was_told(self):
        self.filled().stop()
        (self.root / "backup").rename(self.folder / "elsewhere")
        (self.root / "backup").mkdir()

        for place in ("elsewhere", "./elsewhere", str(self.folder / "elsewhere")):
            listed = self.basalt("backup", "list", place)
            self.assertEqual(listed.returncode, 0, listed.stderr)
            self.assertIn("one", listed.stdout)
        made = self.basalt("backup", "create", "-d", str(self.folder / "nothing"))
        self.assertEqual(made.returncode, 1, made.stdout)
        self.assertIn("there is no database", made.stderr)
        self.assertFalse((self.folder / "nothing").exists())
        for missing in (["nowhere"], ["-d", str(self.folder)], ["./nowhere"], ["-d", str(self.folder / "nothing")]):
            listed = self.basalt("backup", "list", *missing)
            self.assertEqual(listed.returncode, 1, listed.stdout)
            self.assertIn("58P01", listed.stderr)
        # A directory of the backup root has the name first.
        (self.root / "backup" / "elsewhere").mkdir()
        self.assertNotIn("one", self.basalt("backup", "list", "elsewhere").stdout)

    def test_create_then_a_dry_run_and_a_restore_by_partition(self):
        self.filled().stop()
        made = self.basalt("backup", "create", "--name", "two", "--from", "one")
        self.assertEqual(made.returncode, 0, made.stderr)

        planned = self.basalt(
            "backup", "restore", "two", "--table", "t", "--as", "u", "--like", "%-02", "--dry-run")
        self.assertEqual(planned.returncode, 0, planned.stderr)
        self.assertIn("public.u/2026-01-02", planned.stdout)
        done = self.basalt("backup", "restore", "two", "--table", "t", "--as", "u", "--like", "%-02")

        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.start().rows(ALL.format("u")), ROWS[2:])

    def test_a_terminal_sees_a_bar_and_a_file_does_not(self):
        self.filled().stop()
        environment = dict(os.environ, SWIFT_BACKTRACE="enable=no", BASALT_ROOT=str(self.root))
        for arguments in (["backup", "verify", "one"], ["backup", "create", "--name", "two"],
                          ["backup", "restore", "two", "--table", "t", "--as", "u"]):
            terminal, line = os.openpty()
            done = subprocess.run(
                [BINARY, *arguments], stdout=subprocess.PIPE, stderr=line, env=environment)
            os.close(line)
            shown = b""
            while True:
                try:
                    part = os.read(terminal, 65536)
                except OSError:
                    break
                if not part:
                    break
                shown += part
            os.close(terminal)
            self.assertEqual(done.returncode, 0, shown)
            self.assertRegex(shown.decode(), r"\r\x1b\[K\[[#.]{30}\] (verify|backup|restore)")
            # The bar is gone when the answer is there.
            self.assertTrue(done.stdout, arguments)
            self.assertIn(b"\r\x1b[K", shown[shown.rindex(b"["):] + shown)
        piped = self.basalt("backup", "verify", "one")
        self.assertNotIn("\x1b", piped.stderr)

    def test_damage_is_exit_code_5_and_restores_nothing(self):
        self.filled().stop()
        segment = next((self.root / "backup/one/db").glob("t~*/2026-01-01/*.seg"))
        segment.chmod(0o600)
        data = bytearray(segment.read_bytes())
        data[70] ^= 1
        segment.write_bytes(data)

        verified = self.basalt("backup", "verify", "one")
        restored = self.basalt("backup", "restore", "one", "--table", "t", "--as", "u")
        inspected = self.basalt("inspect", str(segment))

        for done in (verified, restored, inspected):
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assertIn(segment.name, done.stderr)
        self.assertNotIn("u", self.start().rows("SELECT table_name FROM tables()"))

    def test_inspect_tells_every_kind_of_file(self):
        self.filled().stop()
        files = {
            "segment": next((self.root / "backup/one/db").glob("t~*/2026-01-01/*.seg")),
            "manifest": next((self.root / "backup/one/db").glob("t~*/_manifest.*")),
            "identity": self.root / "db/_database",
            "log": next((self.root / "db/_wal").glob("*.wal")),
            "backup": self.root / "backup/one/_backup.json",
        }
        for kind, path in files.items():
            done = self.basalt("inspect", str(path))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.startswith(kind), done.stdout)
        self.assertEqual(self.basalt("inspect", str(self.root / "conf/server.conf")).returncode, 1)

    def test_a_root_in_use_is_exit_code_4_and_wrong_arguments_are_2(self):
        self.filled()

        busy = self.basalt("backup", "restore", "one", "--table", "t", "--as", "u")
        self.assertEqual(busy.returncode, 4)
        self.assertIn("55006", busy.stderr)
        for wrong in (["backup", "restore"], ["backup", "nix"], ["backup", "verify", "a", "--x"],
                      ["backup", "restore", "one", "--as", "a", "--into", "b"], ["inspect"]):
            self.assertEqual(self.basalt(*wrong).returncode, 2, wrong)


if __name__ == "__main__":
    main()
