"""Starts the real basalt process on free loopback ports and talks to it with real clients."""

import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from wire import Connection

BINARY = os.environ.get("BASALT_BINARY", ".build/debug/basalt")
START_SECONDS = 30
LISTENS = re.compile(r"(postgres|http|health) server listens on \S+:(\d+)")


class Server:
    """One running server; its own pid stops it."""

    def __init__(self, root, *arguments, environment=None, command=None):
        self.root = str(root)
        values = dict(os.environ, SWIFT_BACKTRACE="enable=no")
        for name in ("PG", "HTTP_MIN"):
            values[f"BASALT_{name}_NET_BIND_TO"] = "127.0.0.1:0"
        values["BASALT_HTTP_BIND_TO"] = "127.0.0.1:0"
        values.update(environment or {})
        values.pop("BASALT_BINARY", None)
        self.log = []
        self.ports = {}
        self.process = subprocess.Popen(
            [*(command or [BINARY, "serve"]), "-d", self.root, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=values)
        self._rest = b""
        self._follower = None

    def wait_ready(self):
        """Reads the log until all three listeners have said where they are."""
        end = time.monotonic() + START_SECONDS
        while len(self.ports) < 3:
            line = self._line(end)
            if line is None:
                raise AssertionError("server did not start:\n" + "\n".join(self.log))
            found = LISTENS.search(line)
            if found:
                self.ports[found.group(1)] = int(found.group(2))
        return self

    def wait_line(self, text):
        """Reads the log until a line holds the text."""
        end = time.monotonic() + START_SECONDS
        while True:
            line = self._line(end)
            if line is None:
                raise AssertionError(f"no line with {text!r}:\n" + "\n".join(self.log))
            if text in line:
                return line

    def _line(self, end):
        while b"\n" not in self._rest:
            patience = None if end is None else max(0, end - time.monotonic())
            ready, _, _ = select.select([self.process.stdout], [], [], patience)
            if not ready:
                return None
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                return None
            self._rest += chunk
        raw, self._rest = self._rest.split(b"\n", 1)
        self.log.append(raw.decode(errors="replace"))
        return self.log[-1]

    def follow(self):
        """Reads the log in the background, so that a full pipe never stops the server."""
        def read():
            while self._line(None) is not None:
                pass
        self._follower = threading.Thread(target=read, daemon=True)
        self._follower.start()
        return self

    def drain(self):
        """Reads what is left of the log after the process has ended."""
        if self._follower:
            self._follower.join(START_SECONDS)
        end = time.monotonic() + START_SECONDS
        while self._line(end) is not None:
            pass

    def stop(self, number=signal.SIGTERM):
        """Sends a signal and returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=START_SECONDS)
        if not self.process.stdout.closed:
            self.drain()
            self.process.stdout.close()
        return code

    def psql(self, *statements, user="admin", password="quest", options=(), check=True):
        """Runs statements through psql, unaligned; returns the finished process."""
        client = self.begin_psql(*statements, user=user, password=password, options=options)
        try:
            output, errors = client.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            client.kill()
            client.communicate()
            raise
        if check and client.returncode != 0:
            raise AssertionError(f"psql failed: {errors}\n" + "\n".join(self.log))
        return subprocess.CompletedProcess(client.args, client.returncode, output, errors)

    def begin_psql(
            self, *statements, user="admin", password="quest", options=(), text=True, stdin=None):
        """Starts psql; without a statement it reads them from `stdin`."""
        values = dict(
            os.environ, PGPASSWORD=password, PGCONNECT_TIMEOUT="10", PGSSLMODE="disable")
        command = [
            "psql", "-X", "-h", "127.0.0.1", "-p", str(self.ports["postgres"]), "-U", user,
            "-d", "qdb", "-At", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", *options]
        for statement in statements:
            command += ["-c", statement]
        return subprocess.Popen(
            command, env=values, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=text)

    def rows(self, statement):
        return self.psql(statement).stdout.splitlines()

    def execute(self, query):
        """Asks /exec; returns (status, text)."""
        url = f"http://127.0.0.1:{self.ports['http']}/exec?" + urllib.parse.urlencode(
            {"query": query})
        return fetch(url)

    def health(self):
        return fetch(f"http://127.0.0.1:{self.ports['health']}/status")


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def basalt(*arguments, environment=None, **options):
    """Runs a command of the program to its end."""
    values = dict(os.environ, SWIFT_BACKTRACE="enable=no", **(environment or {}))
    return subprocess.run(
        [BINARY, *arguments], env=values, capture_output=True, text=True, timeout=60, **options)


def remove(folder):
    """Removes a folder, and what is read-only in it."""
    subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=True)
    shutil.rmtree(folder)


class ServerTestCase(unittest.TestCase):
    """A test with a folder of its own, and servers that end with it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="basalt-e2e-"))
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.stop(signal.SIGKILL)
        remove(self.folder)

    def begin(self, root="root", *arguments, environment=None, command=None):
        """Starts a server and waits for nothing."""
        path = root if str(root).startswith("/") else self.folder / root
        server = Server(path, *arguments, environment=environment, command=command)
        self.servers.append(server)
        return server

    def start(self, root="root", *arguments, environment=None):
        return self.begin(root, *arguments, environment=environment).wait_ready()

    def connect(self, server, kind=Connection, **options):
        """A connection that ends with the test."""
        connection = kind(server.ports["postgres"], **options)
        self.addCleanup(connection.close)
        return connection


def main():
    """Runs the tests of the calling script and ends it with 0 or 1."""
    result = unittest.main(exit=False, verbosity=2).result
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)
