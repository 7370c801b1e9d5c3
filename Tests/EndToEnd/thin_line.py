"""The thin line, end to end: psql to a table, to a crash, to a backup, and back."""

import json
import re
import signal
import subprocess
import threading

import tables
from server import BINARY, ServerTestCase, basalt, main
from tables import CREATE, INSERT, ROWS

ALL = tables.ALL.format("t")


class ThinLine(ServerTestCase):
    def filled(self):
        server = self.start()
        server.psql(CREATE, INSERT)
        return server

    def test_rows_come_back_in_order(self):
        server = self.filled()

        self.assertEqual(server.rows(ALL), ROWS)
        self.assertEqual(server.rows("SELECT s, v FROM t WHERE v > 0"), ["a|1.5"])
        self.assertEqual(server.rows("SELECT v FROM t ORDER BY ts DESC LIMIT 2"), ["", "-3"])
        self.assertEqual(server.rows("SELECT count(*) FROM t"), ["3"])

    def test_an_error_has_a_state_and_a_place(self):
        server = self.filled()

        done = server.psql("SELECT nix FROM t", check=False)

        self.assertIn("42703", done.stderr)
        self.assertIn('column "nix" does not exist', done.stderr)
        self.assertIn("LINE 1: SELECT nix FROM t\n               ^", done.stderr)

    def test_a_wrong_password_is_refused(self):
        server = self.start()

        done = server.psql("SELECT 1", password="wrong", check=False)

        self.assertIn('password authentication failed for user "admin"', done.stderr)

    def test_rows_survive_kill_9(self):
        self.filled().stop(signal.SIGKILL)

        self.assertEqual(self.start().rows(ALL), ROWS)

    def test_a_clean_stop_flushes_and_keeps_the_rows(self):
        self.assertEqual(self.filled().stop(), 0)
        self.assertTrue(list((self.folder / "root/db").glob("t~*/2026-01-01/*.seg")))

        self.assertEqual(self.start().rows(ALL), ROWS)

    def test_what_a_killed_client_was_told_is_there(self):
        server = self.start()
        server.psql(CREATE)
        acknowledged = []

        def write():
            for number in range(10_000):
                done = server.psql(
                    f"INSERT INTO t VALUES ('2026-01-01T00:00:00Z', 'k', {number})", check=False)
                if done.returncode != 0:
                    return
                acknowledged.append(number)
                if len(acknowledged) == 20:
                    server.process.send_signal(signal.SIGKILL)

        writer = threading.Thread(target=write)
        writer.start()
        writer.join()
        server.stop(signal.SIGKILL)

        found = {int(float(row)) for row in self.start().rows("SELECT v FROM t")}
        self.assertTrue(set(acknowledged) <= found, (acknowledged, found))
        self.assertLessEqual(len(found - set(acknowledged)), 1)

    def test_a_damaged_log_is_refused_and_repaired_on_demand(self):
        server = self.start()
        server.psql(CREATE, *(
            f"INSERT INTO t VALUES ('2026-01-01T00:00:00Z', 'k', {number})" for number in range(9)))
        server.stop(signal.SIGKILL)
        (log,) = (self.folder / "root/db/_wal").glob("*.wal")
        data = bytearray(log.read_bytes())
        # Behind the batches there may be room: zeros.
        data[len(data.rstrip(b"\0")) // 2] ^= 16
        log.write_bytes(data)
        root = ("-d", str(self.folder / "root"))

        refused = basalt("serve", *root)
        looked = basalt("repair", *root)
        commit = re.search(r"basalt repair -d .* --wal-skip-to (\d+)", refused.stderr).group(1)
        repaired = basalt("repair", "--wal-skip-to", commit, *root)

        self.assertEqual((refused.returncode, looked.returncode, repaired.returncode), (5, 5, 0))
        self.assertIn("are lost", repaired.stderr)
        left = self.start().rows("SELECT v FROM t ORDER BY v")
        self.assertEqual(left[0], "0")
        self.assertEqual(left[-1], "8")
        self.assertLess(len(left), 9)

    def test_cancel_stops_a_query_and_nothing_else(self):
        server = self.start()
        rows = ", ".join(f"({number})" for number in range(5000))
        server.psql("CREATE TABLE n (x LONG)", f"INSERT INTO n VALUES {rows}")
        process = server.begin_psql(text=False, stdin=subprocess.PIPE)
        process.stdin.write(b"\\echo ready\nSELECT count(*) FROM n a CROSS JOIN n b CROSS JOIN n c;\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"ready\n")
        while server.rows("SELECT count(*) FROM query_activity()") == ["1"]:
            pass
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stderr.readline(), b"Cancel request sent\n")
        self.assertIn(b"57014", process.stderr.readline())

        # psql ends a script at Ctrl-C; the query must have left nothing running behind it.
        process.communicate(timeout=60)
        self.assertEqual(server.rows("SELECT count(*) FROM query_activity()"), ["1"])

    def test_a_backup_from_psql_is_a_root(self):
        server = self.filled()
        done = server.psql("BACKUP DATABASE AS 'first'")
        self.assertRegex(done.stderr, r'backup "first" is complete: .*, 1 tables, 3 rows')
        server.psql("INSERT INTO t VALUES ('2026-01-03T00:00:00Z', 'later', 9)")

        copy = self.start(self.folder / "root/backup/first")

        self.assertEqual(copy.rows(ALL), ROWS)
        self.assertEqual(len(server.rows(ALL)), 4)

    def test_a_backup_by_curl_answers_ok_and_is_a_root(self):
        server = self.filled()
        done = subprocess.run(
            ["curl", "-sG", "--data-urlencode", "query=BACKUP database;",
             f"http://localhost:{server.ports['http']}/exec"],
            capture_output=True, text=True, timeout=60, check=True)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["ddl"], "OK")

        copy = self.start(answer["backup"]["path"])

        self.assertEqual(copy.rows(ALL), ROWS)

    def test_a_read_only_server_writes_nothing(self):
        server = self.filled()
        server.psql("BACKUP DATABASE AS 'first'")
        backup = self.folder / "root/backup/first"
        before = listing(backup)

        copy = self.start(backup, "--read-only")
        self.assertEqual(copy.rows(ALL), ROWS)
        refused = copy.psql(INSERT, check=False)

        self.assertIn("25006", refused.stderr)
        self.assertEqual(copy.stop(), 0)
        self.assertEqual(listing(backup), before)

    def test_exec_answers_select_ddl_and_errors_in_json(self):
        server = self.filled()

        status, text = server.execute("SELECT s, v FROM t ORDER BY ts LIMIT 1")
        answer = json.loads(text)
        self.assertEqual(status, 200)
        self.assertEqual(answer["columns"][0], {"name": "s", "type": "SYMBOL"})
        self.assertEqual(answer["dataset"], [["a", 1.5]])
        self.assertEqual(answer["count"], 1)

        self.assertEqual(json.loads(server.execute("CREATE TABLE u (a LONG)")[1])["ddl"], "OK")

        status, text = server.execute("SELECT x FROM nowhere")
        self.assertEqual(status, 400)
        self.assertEqual(json.loads(text)["position"], 14)

    def test_health_answers(self):
        self.assertEqual(self.start().health()[0], 200)

    def test_a_second_server_on_the_root_is_refused_with_the_pid(self):
        server = self.start()

        second = self.begin()
        code = second.process.wait(timeout=30)
        second.drain()

        self.assertNotEqual(code, 0)
        self.assertIn(str(server.process.pid), "\n".join(second.log))

    def test_the_first_start_creates_the_root_and_says_where(self):
        server = self.start()

        for name in ("conf/server.conf", "db", "backup", "log", "public", "import", "export"):
            self.assertTrue((self.folder / "root" / name).exists(), name)
        text = "\n".join(server.log)
        self.assertIn(f"Basalt configuration files are in {self.folder}/root/conf", text)

    def test_hangup_takes_a_new_password(self):
        server = self.filled()
        path = self.folder / "root/conf/server.conf"
        path.write_text("pg.password=other\npg.net.bind.to=127.0.0.1:1\n")

        server.process.send_signal(signal.SIGHUP)
        server.wait_line("reloaded, changed: pg.password")

        self.assertIn(
            "authentication failed", server.psql("SELECT 1", check=False).stderr)
        self.assertEqual(
            server.psql("SELECT 7", password="other").stdout, "7\n")

    def test_with_n_a_hangup_is_ignored(self):
        server = self.start("root", "-n")

        server.process.send_signal(signal.SIGHUP)

        self.assertEqual(server.rows("SELECT 7"), ["7"])

    def test_a_root_on_a_read_only_mount_is_served(self):
        self.filled().stop()
        done = subprocess.run(["unshare", "-m", "true"], capture_output=True)
        if done.returncode != 0:
            self.skipTest("no mount namespaces here: " + done.stderr.decode())
        root = self.folder / "root"
        script = self.folder / "mounted.sh"
        script.write_text(
            f'mount --bind "{root}" "{root}" && mount -o remount,ro,bind "{root}"'
            f' && exec "{BINARY}" "$@"\n')

        server = self.begin(
            root, "--read-only", command=["unshare", "-m", "sh", str(script), "serve"])
        server.wait_ready()

        self.assertEqual(server.rows(ALL), ROWS)
        self.assertIn("25006", server.psql(INSERT, check=False).stderr)

    def test_a_bad_setting_refuses_the_start_with_file_and_line(self):
        self.start().stop()
        path = self.folder / "root/conf/server.conf"
        path.write_text("# comment\ncairo.commit.mode=sometimes\n")

        server = self.begin()
        code = server.process.wait(timeout=30)
        server.drain()

        self.assertNotEqual(code, 0)
        self.assertRegex("\n".join(server.log), r"server\.conf:2")


def listing(folder):
    return sorted(
        (str(path.relative_to(folder)), path.lstat().st_mode, path.lstat().st_mtime_ns,
         path.lstat().st_size)
        for path in folder.rglob("*"))


if __name__ == "__main__":
    main()
