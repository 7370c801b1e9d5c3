"""Runs golden SQL files over the wire: `golden_files.py own|postgres SLT [OPTION|PATH]...`.

`own` starts the server named by BASALT_BINARY on a fresh root, `postgres` a PostgreSQL on a fresh
cluster. Either listens on a free loopback port and is stopped by its own pid.
"""

import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from server import Server, remove

START_SECONDS = 60
RUN_SECONDS = 600


class Unavailable(Exception):
    """Why there is no PostgreSQL to compare with."""


class Postgres:
    """A PostgreSQL on a cluster of its own, which goes with it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="basalt-postgres-"))
        self.process = None
        try:
            self.bin = self._programs()
            self.prefix = self._as_somebody()
            self._start()
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def _programs():
        named = os.environ.get("POSTGRES_BIN")
        found = [named] if named else glob.glob("/usr/lib/postgresql/*/bin")
        found = [path for path in found if os.access(f"{path}/initdb", os.X_OK)]
        if not found:
            raise Unavailable(
                "no PostgreSQL server in /usr/lib/postgresql; apt-get install postgresql,"
                " or name its programs' directory in POSTGRES_BIN")
        return max(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path)])

    def _as_somebody(self):
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return []
        for name in ("postgres", "nobody"):
            try:
                user = pwd.getpwnam(name)
            except KeyError:
                continue
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        raise Unavailable("PostgreSQL refuses to run as root, and no other user is here")

    def _start(self):
        password = self.folder / "password"
        password.write_text("quest\n")
        password.chmod(0o644)
        subprocess.run(
            [*self.prefix, f"{self.bin}/initdb", "-D", str(self.folder / "data"), "-U", "admin",
             "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8",
             "--no-sync"],
            check=True, capture_output=True, text=True, cwd=self.folder)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [*self.prefix, f"{self.bin}/postgres", "-D", str(self.folder / "data"), "-c",
             f"port={self.port}", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c",
             "unix_socket_directories=", "-c", "timezone=UTC"],
            stdout=self.log, stderr=self.log, cwd=self.folder)
        end = time.monotonic() + START_SECONDS
        while subprocess.run(
                [f"{self.bin}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        ).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError((self.folder / "log").read_text())

    def stop(self):
        if self.process and self.process.poll() is None:
            # Fast shutdown: connections are ended, nothing is waited for.
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def run(slt, port, database, arguments):
    command = [slt, "--server", f"127.0.0.1:{port}", "--database", database, *arguments]
    return subprocess.run(command, timeout=RUN_SECONDS).returncode


def run_own(slt, arguments):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="basalt-slt-"))
    server = Server(folder / "root")
    try:
        return run(slt, server.wait_ready().ports["postgres"], "qdb", arguments)
    finally:
        code = server.stop()
        if code != 0:
            print(f"golden files: the server ended with {code}:", *server.log[-20:], sep="\n")
        remove(folder)


def run_postgres(slt, arguments):
    try:
        postgres = Postgres()
    except Unavailable as reason:
        print(f"SKIP golden files on PostgreSQL: {reason}")
        return 0
    try:
        print(f"golden files on {postgres.bin}", flush=True)
        return run(slt, postgres.port, "postgres", arguments)
    finally:
        postgres.stop()


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in ("own", "postgres"):
        sys.exit("usage: golden_files.py own|postgres SLT [OPTION|PATH]...")
    target = run_own if sys.argv[1] == "own" else run_postgres
    sys.exit(target(sys.argv[2], sys.argv[3:]))
