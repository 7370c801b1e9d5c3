"""The process as its operator meets it: signals, exit codes, options, warnings, ended sockets."""

import http.client
import json
import pathlib
import re
import signal
import socket
import struct
import subprocess
import urllib.parse

from server import BINARY, ServerTestCase, basalt, main
from wire import Connection, SQLError

LONG = "SELECT count(*) FROM n a CROSS JOIN n b CROSS JOIN n c"


class Process(ServerTestCase):
    def test_a_client_is_told_of_parameters_that_come_back(self):
        server = self.start()
        client = self.connect(server)
        told = lambda: (client.parameters["application_name"], client.parameters["search_path"])
        client.query("SET application_name = 'outer'")
        start = told()

        for ending in ("ROLLBACK", "SELECT * FROM nothing", "ROLLBACK TO s"):
            client.query("BEGIN; SAVEPOINT s; RELEASE s")
            if "TO" in ending:
                client.query("SAVEPOINT s")
            client.query("SET application_name = 'inner'; SET search_path = lab")
            self.assertEqual(told(), ("inner", "lab"))
            try:
                client.query(ending)
            except SQLError:
                pass  # A block that fails is undone at once.
            self.assertEqual(told(), start, ending)
            client.query("ROLLBACK")

        # Statements that came together are one transaction, too.
        with self.assertRaises(SQLError):
            client.query("SET application_name = 'inner'; SELECT * FROM nothing")
        self.assertEqual(told(), start)
        self.assertEqual(client.value("SHOW application_name"), "outer")

    def test_what_a_client_sends_forges_no_line_of_the_log_and_no_answer(self):
        server = self.start()
        name = "x\n2026-01-01T00:00:00.000000Z C server forged\x1b[2J"
        with self.assertRaises(SQLError) as refused:
            self.connect(server).query(f'SELECT "{name}"')
        self.assertNotIn("\n", refused.exception.message)
        self.assertIn("\\u001b[2J", refused.exception.message)
        status, text = server.execute(f'SELECT "{name}"')
        self.assertEqual(status, 400)
        self.assertIn(name, json.loads(text)["error"])
        server.stop()
        self.assertFalse([line for line in server.log if "\x1b" in line or line.startswith(name[2:])])

    def numbers(self, server, count=5000):
        rows = ", ".join(f"({number})" for number in range(count))
        server.psql("CREATE TABLE n (x LONG)", f"INSERT INTO n VALUES {rows}")

    def long_query(self, server):
        """Starts a query that takes minutes, and returns its client when it runs."""
        self.numbers(server)
        client = server.begin_psql(LONG)
        self.addCleanup(client.communicate)
        self.addCleanup(client.kill)
        while server.rows("SELECT count(*) FROM query_activity()") == ["1"]:
            pass
        return client

    # Signals

    def test_a_second_term_leaves_at_once_and_loses_nothing(self):
        server = self.start()
        self.long_query(server)

        server.process.send_signal(signal.SIGTERM)
        server.wait_line("stopping")
        self.assertIsNone(server.process.poll())
        code = server.stop()

        self.assertEqual(code, 1)
        self.assertNotIn("stopped", server.log[-1])
        self.assertEqual(self.start().rows("SELECT count(*) FROM n"), ["5000"])

    def test_one_term_or_interrupt_ends_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start()
            self.assertEqual(server.stop(number), 0)
            self.assertIn("stopped", server.log[-1])

    def test_a_statement_that_runs_is_answered_and_then_nobody_is_waited_for(self):
        # Had the stop to wait for the clients to go, it would take longer than the test waits.
        server = self.start(environment={"BASALT_SHUTDOWN_TIMEOUT": "3600s"})
        self.numbers(server)
        holder = server.begin_psql(stdin=subprocess.PIPE)
        self.addCleanup(holder.kill)
        holder.stdin.write("BEGIN; UPDATE n SET x = x;\n\\echo held\n")
        holder.stdin.flush()
        while holder.stdout.readline() != "held\n":
            pass
        # Both wait for the lock, which its holder loses when he is sent away.
        waiter = server.begin_psql(stdin=subprocess.PIPE)
        self.addCleanup(waiter.kill)
        waiter.stdin.write("DELETE FROM n WHERE x < 1000;\n\\echo deleted\n")
        waiter.stdin.flush()
        web = http.client.HTTPConnection("127.0.0.1", server.ports["http"])
        self.addCleanup(web.close)
        web.request("GET", "/exec?query=" + urllib.parse.quote("DELETE FROM n WHERE x >= 4000"))
        idle = http.client.HTTPConnection("127.0.0.1", server.ports["http"])
        self.addCleanup(idle.close)
        idle.connect()
        while server.rows("SELECT count(*) FROM query_activity()") != ["3"]:
            pass

        code = server.stop()

        self.assertEqual(code, 0)
        holder.communicate()
        output, _ = waiter.communicate()
        self.assertEqual(output.split(), ["DELETE", "1000", "deleted"])
        self.assertEqual(json.loads(web.getresponse().read()), {"dml": "OK", "updated": 1000})
        self.assertEqual(self.start().rows("SELECT count(*) FROM n"), ["3000"])

    # Exit codes

    def test_wrong_arguments_end_with_2_and_say_what_to_type(self):
        for arguments in (["nonsense"], ["serve", "--nonsense"], ["serve", "-d"], ["help", "x"]):
            done = basalt(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertRegex(done.stderr, "(?i)basalt: .*(type|needs)")
            self.assertEqual(done.stdout, "")

    def test_help_and_version_end_with_0(self):
        for arguments in ([], ["help"], ["help", "serve"], ["help", "settings"], ["--version"]):
            done = basalt(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
            self.assertNotEqual(done.stdout, "")

    def test_a_root_that_cannot_be_made_ends_with_1(self):
        (self.folder / "file").write_text("")

        done = basalt("serve", "-d", str(self.folder / "file" / "root"))

        self.assertEqual(done.returncode, 1)
        self.assertIn(str(self.folder / "file"), done.stderr)

    def test_a_directory_inside_another_root_ends_with_3_and_leaves_it_alone(self):
        server = self.start()
        root = pathlib.Path(server.root)

        for place in ("db", "conf", "backup"):
            done = basalt("serve", "-d", str(root / place))
            self.assertEqual(done.returncode, 3)
            self.assertIn(f"\"{root}\"", done.stderr)
            self.assertFalse((root / place / "db").exists())

    def test_a_bad_setting_ends_with_3(self):
        server = self.begin(environment={"BASALT_CAIRO_COMMIT_MODE": "sometimes"})

        self.assertEqual(server.process.wait(timeout=30), 3)

    def test_an_address_in_use_ends_with_3_and_names_it(self):
        server = self.start()
        taken = f"127.0.0.1:{server.ports['postgres']}"

        second = self.begin("other", environment={"BASALT_PG_NET_BIND_TO": taken})

        self.assertEqual(second.process.wait(timeout=30), 3)
        second.drain()
        self.assertIn(taken, "\n".join(second.log))

    def test_a_root_in_use_ends_with_4(self):
        self.start()

        self.assertEqual(self.begin().process.wait(timeout=30), 4)

    def test_a_damaged_root_ends_with_5_and_names_the_file(self):
        server = self.start()
        self.numbers(server, 10)
        server.stop()
        identity = self.folder / "root/db/_database"
        identity.write_bytes(b"\0" * identity.stat().st_size)

        second = self.begin()

        self.assertEqual(second.process.wait(timeout=30), 5)
        second.drain()
        self.assertIn("_database", "\n".join(second.log))

    # Options

    def test_f_writes_the_public_files_anew_and_without_it_they_stay(self):
        self.start().stop()
        page = self.folder / "root/public/index.html"
        original = page.read_text()
        page.write_text("mine")

        self.start().stop()
        self.assertEqual(page.read_text(), "mine")

        self.start("root", "-f").stop()
        self.assertEqual(page.read_text(), original)

    def test_as_many_files_may_be_open_as_the_administrator_allows(self):
        running = self.begin(command=[
            "sh", "-c", 'ulimit -Sn 64; exec "$0" "$@"', BINARY, "serve"]).wait_ready()
        limits = pathlib.Path(f"/proc/{running.process.pid}/limits").read_text()
        soft, hard = re.search(r"Max open files +(\d+) +(\d+)", limits).groups()
        self.assertEqual(soft, hard)

    def test_t_names_the_process_in_lists(self):
        server = self.start("root", "-t", "accounts")

        with open(f"/proc/{server.process.pid}/cmdline", encoding="utf8") as file:
            self.assertIn("-t\0accounts", file.read())

    # Warnings

    def test_an_open_door_with_the_known_password_is_a_loud_warning(self):
        server = self.start(environment={
            "BASALT_PG_NET_BIND_TO": "0.0.0.0:0", "BASALT_HTTP_BIND_TO": "0.0.0.0:0"})

        text = "\n".join(server.log)
        self.assertRegex(text, "E configuration pg.net.bind.to .*default password")
        self.assertRegex(text, "E configuration http.bind.to .*everybody")

    def test_a_closed_or_guarded_door_is_no_warning(self):
        inside = self.start()
        guarded = self.start("guarded", environment={
            "BASALT_PG_NET_BIND_TO": "0.0.0.0:0", "BASALT_HTTP_BIND_TO": "0.0.0.0:0",
            "BASALT_PG_PASSWORD": "other", "BASALT_HTTP_USER": "u",
            "BASALT_HTTP_PASSWORD": "p"})

        for server in (inside, guarded):
            self.assertNotIn(" E configuration", "\n".join(server.log))

    # Settings

    def test_a_port_that_is_switched_off_does_not_listen(self):
        server = self.begin(environment={"BASALT_HTTP_ENABLED": "false"})
        server.wait_line("server ready")

        text = "\n".join(server.log)
        self.assertIn("postgres server listens", text)
        self.assertNotIn("http server listens", text)

    def test_read_only_settings_refuse_writes_each_on_its_port(self):
        for name, refuses in (
                ("BASALT_PG_SECURITY_READONLY", (True, False)),
                ("BASALT_HTTP_SECURITY_READONLY", (False, True)),
                ("BASALT_READONLY", (True, True))):
            server = self.start(name, environment={name: "true"})
            done = server.psql("CREATE TABLE p (a INT)", check=False)
            status, _ = server.execute("CREATE TABLE h (a INT)")

            self.assertEqual((done.returncode != 0, status != 200), refuses, name)
            self.assertEqual(server.rows("SELECT 7"), ["7"])

    def test_connections_beyond_the_limit_are_refused_with_a_reason(self):
        server = self.start(environment={
            "BASALT_PG_NET_CONNECTION_LIMIT": "1", "BASALT_HTTP_NET_CONNECTION_LIMIT": "1"})
        first = self.connect(server)
        idle = self.open_socket(server.ports["http"])
        idle.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(b"204", idle.recv(65536))

        with self.assertRaises(SQLError) as refusal:
            Connection(server.ports["postgres"])
        self.assertEqual(refusal.exception.state, "53300")
        self.assertEqual(server.execute("SELECT 7")[0], 503)
        self.assertEqual(first.query("SELECT 7"), [("7",)])

    def test_a_client_that_asks_for_encryption_first_hears_that_it_is_one_too_many(self):
        server = self.start(environment={"BASALT_PG_NET_CONNECTION_LIMIT": "1"})
        first = self.connect(server)
        body = struct.pack("!I", 196608) + b"user\0admin\0\0"
        startup = struct.pack("!I", len(body) + 4) + body

        for code in (80877103, 80877104):
            late = self.open_socket(server.ports["postgres"])
            late.sendall(struct.pack("!II", 8, code))
            self.assertEqual(late.recv(1), b"N")
            late.sendall(startup)
            self.assertIn(b"C53300\0", self.rest(late))

        # Who says nothing is not waited for, and there is no more waiting than for a few.
        silent = [self.open_socket(server.ports["postgres"]) for _ in range(80)]
        for connection in silent:
            self.assertIn(b"C53300\0", self.rest(connection))
        with self.assertRaises(SQLError) as refusal:
            Connection(server.ports["postgres"])
        self.assertEqual(refusal.exception.state, "53300")
        self.assertEqual(first.query("SELECT 7"), [("7",)])
        first.close()
        while True:  # The place is free as soon as the server has seen the end of the first.
            try:
                again = self.connect(server)
                break
            except SQLError as error:
                self.assertEqual(error.state, "53300")
        self.assertEqual(again.query("SELECT 7"), [("7",)])

    def ask(self, server, query, *headers):
        """Sends a query to /exec with headers of one's own; returns the answer."""
        options = [part for header in headers for part in ("-H", header)]
        return subprocess.run(
            ["curl", "-s", "-G", "--data-urlencode", f"query={query}", *options,
             f"http://127.0.0.1:{server.ports['http']}/exec"],
            capture_output=True, text=True, timeout=30, check=True).stdout

    def test_what_is_for_later_statements_is_no_request(self):
        server = self.start()
        server.psql("CREATE TABLE t (a INT)")
        for statement in (
                "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT s",
                "SET statement_timeout = '1s'", "SET TRANSACTION READ ONLY",
                "PREPARE p AS SELECT 1"):
            status, text = server.execute(statement)
            self.assertEqual(status, 400, statement)
            self.assertIn("has no effect over HTTP", text)
        for statement in ("INSERT INTO t VALUES (1)", "RESET ALL", "DISCARD ALL"):
            self.assertEqual(server.execute(statement)[0], 200, statement)
        self.assertEqual(server.rows("SELECT a FROM t"), ["1"])

    def test_a_page_whose_name_was_turned_to_this_server_changes_nothing(self):
        server = self.start()
        server.psql("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (7)")
        host, origin = "Host: evil.com:9000", "Origin: http://evil.com:9000"
        for headers in (
                (host,), (host, origin), (host, origin, "Sec-Fetch-Site: same-origin"),
                (host, "Sec-Fetch-Site: same-origin"), ("Host: 127.0.0.1.evil.com",),
                ("Host: 127.0.0.1", origin)):
            for statement in (
                    "TRUNCATE TABLE t", "DROP TABLE t", "INSERT INTO t VALUES (8)",
                    "BACKUP DATABASE", "CREATE TABLE u (a INT)"):
                answer = self.ask(server, statement, *headers)
                self.assertIn("permission denied", answer, (statement, headers))
        answer = self.ask(server, "TRUNCATE TABLE t", host)
        self.assertIn("evil.com", answer)
        self.assertIn("http.hosts", answer)
        self.assertEqual(server.rows("SELECT a FROM t"), ["7"])

        for name in ("127.0.0.1", "localhost:9000", "[::1]:9000", "db.localhost"):
            self.assertIn("dml", self.ask(server, "INSERT INTO t VALUES (8)", f"Host: {name}"))
            own = (f"Host: {name}", f"Origin: http://{name}")
            self.assertIn("dml", self.ask(server, "INSERT INTO t VALUES (8)", *own))

    def test_a_name_that_is_listed_may_change_and_so_may_a_password(self):
        insert = "INSERT INTO t VALUES (8)"
        server = self.start(environment={"BASALT_HTTP_HOSTS": "other, Basalt"})
        server.psql("CREATE TABLE t (a INT)")
        self.assertIn("dml", self.ask(server, insert, "Host: basalt:9000"))
        self.assertIn("permission denied", self.ask(server, insert, "Host: basalt.evil.com"))

        guarded = self.start("guarded", environment={"BASALT_HTTP_TOKEN": "secret-token"})
        guarded.psql("CREATE TABLE t (a INT)")
        bearer = "Authorization: Bearer secret-token"
        self.assertIn("dml", self.ask(guarded, insert, "Host: basalt:9000", bearer))

    def test_a_bearer_of_the_token_comes_in_and_nobody_else(self):
        server = self.start(environment={"BASALT_HTTP_TOKEN": "secret-token"})
        url = f"http://127.0.0.1:{server.ports['http']}/exec?query=SELECT%207"
        for header, status in (
                (None, "401"), ("Bearer wrong", "401"), ("Bearer secret-token", "200")):
            done = subprocess.run(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                 *(["-H", f"Authorization: {header}"] if header else []), url],
                capture_output=True, text=True, timeout=30, check=True)
            self.assertEqual(done.stdout, status, header)

    def test_a_setting_without_effect_is_told_of_and_a_dangerous_one_refuses(self):
        server = self.start(environment={"BASALT_LINE_TCP_ENABLED": "true"})
        self.assertRegex("\n".join(server.log), "BASALT_LINE_TCP_ENABLED.*without effect")

        other = self.begin("other", environment={"BASALT_PG_TLS_REQUIRED": "true"})
        self.assertEqual(other.process.wait(timeout=30), 3)

    # Sockets that one side has ended

    def open_socket(self, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def rest(connection):
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
        return found

    def test_a_request_behind_which_the_client_ends_its_side_is_answered(self):
        server = self.start()
        for port, path, words in (
                ("http", "/exec?query=SELECT%207", b'"dataset":[[7]'),
                ("health", "/status", b"Healthy")):
            connection = self.open_socket(server.ports[port])
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            connection.shutdown(socket.SHUT_WR)

            self.assertIn(words, self.rest(connection))

    def test_a_query_behind_which_the_client_ends_its_side_is_answered(self):
        server = self.start()
        connection = Connection(server.ports["postgres"]).socket
        self.addCleanup(connection.close)
        for text in (b"SELECT 7\0", b"SELECT 8\0"):
            connection.sendall(b"Q" + struct.pack("!I", len(text) + 4) + text)
        connection.shutdown(socket.SHUT_WR)

        answer = self.rest(connection)

        for digit in (b"7", b"8"):
            self.assertIn(b"D\0\0\0\x0b\0\1\0\0\0\1" + digit, answer)

    def test_a_client_that_is_gone_leaves_no_query_behind(self):
        server = self.start()
        client = self.long_query(server)

        client.kill()

        while server.rows("SELECT count(*) FROM query_activity()") != ["1"]:
            pass


if __name__ == "__main__":
    main()
