"""Kills the real process again and again while it writes, and looks for what it owes.

    crash_loop.py [--seed N] [--seconds S] [--writers N] [--keep]

Every acknowledged row must be there exactly once, and of a transaction that was not acknowledged all
rows in both tables or none; what was once there after a crash stays there, what was not does not
come back.
"""

import collections
import random
import signal
import sys
import threading
import time

import loop
from server import Server
from wire import Connection, Lost, SQLError

TABLES = ("ledger", "mirror")
# Small, so that flushes, log files and their trimming happen between two kills.
SETTINGS = {"BASALT_CAIRO_MAX_UNCOMMITTED_ROWS": "300", "BASALT_CAIRO_WAL_FILE_SIZE": "1m"}


class Writer(threading.Thread):
    """Writes numbered transactions over one connection until it is lost."""

    def __init__(self, number, port, history, seed):
        super().__init__(name=f"writer {number}")
        self.number = number
        self.port = port
        self.history = history
        self.random = random.Random(seed)
        self.failure = None

    def run(self):
        try:
            connection = Connection(self.port)
            while True:
                self._transaction(connection)
        except Lost:
            pass
        except SQLError as error:
            # A server that stops may still say so.
            if error.state != "57P01":
                self.failure = f"{self.name}: {error}"

    def _transaction(self, connection):
        rows = self.random.choice((1, 1, 2, 5, 40))
        tables = TABLES if self.random.random() < 0.5 else TABLES[:1]
        number = self.history.issue(self.number, rows, tables)
        values = ", ".join(
            f"('2026-01-0{self.random.randint(1, 5)}T00:00:00Z', {self.number}, {number}, {part})"
            for part in range(rows))
        inserts = [f"INSERT INTO {table} VALUES {values}" for table in tables]
        style = self.random.randint(0, 3)
        if style == 0:
            if self.random.random() < 0.1:
                # Taken back by the client: it must never be seen.
                self.history.withdraw(self.number, number)
                connection.query("; ".join(["BEGIN", *inserts, "ROLLBACK"]))
                return
            for sql in ("BEGIN", *inserts, "COMMIT"):
                connection.query(sql)
        elif style == 1 or len(inserts) > 1:
            connection.query("; ".join(inserts))
        else:
            connection.query(inserts[0])
        self.history.acknowledge(self.number, number)


class History:
    """What was asked for, and what must have become of it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.wanted = {}
        # "sent", "kept" or "gone".
        self.fate = {}
        self.last = collections.Counter()

    def issue(self, writer, rows, tables):
        with self.lock:
            self.last[writer] += 1
            name = (writer, self.last[writer])
            self.wanted[name] = (rows, tables)
            self.fate[name] = "sent"
            return name[1]

    def acknowledge(self, writer, number):
        with self.lock:
            self.fate[writer, number] = "kept"

    def withdraw(self, writer, number):
        with self.lock:
            self.fate[writer, number] = "gone"

    def settle(self, found):
        """Compares with what a restarted server shows; returns what is wrong."""
        complaints = []
        strangers = {name for table in TABLES for name in found[table]} - set(self.wanted)
        complaints += [f"{name} was never sent" for name in sorted(strangers)]
        for name, (rows, tables) in self.wanted.items():
            there = {table: found[table].get(name, []) for table in TABLES}
            whole = all(
                sorted(there[table]) == (list(range(rows)) if table in tables else [])
                for table in TABLES)
            absent = not any(there.values())
            fate = self.fate[name]
            if fate == "kept" and not whole or fate == "gone" and not absent:
                complaints.append(f"{name} must be {fate}, wanted {rows} in {tables}: {there}")
            elif not whole and not absent:
                complaints.append(f"{name} is half there, wanted {rows} in {tables}: {there}")
            if fate == "sent":
                self.fate[name] = "kept" if whole else "gone"
        return complaints


def contents(port):
    connection = Connection(port)
    found = {}
    for table in TABLES:
        rows = collections.defaultdict(list)
        for writer, number, part in connection.query(f"SELECT w, n, p FROM {table}"):
            rows[int(writer), int(number)].append(int(part))
        found[table] = rows
    connection.close()
    return found


def start(root):
    return Server(root, environment=SETTINGS).wait_ready().follow()


def run(options, root):
    chance = random.Random(options.seed)
    history = History()
    server = start(root)
    try:
        connection = Connection(server.ports["postgres"])
        for table in TABLES:
            connection.query(
                f"CREATE TABLE {table} (ts TIMESTAMP, w INT, n LONG, p INT)"
                " TIMESTAMP(ts) PARTITION BY DAY")
        connection.close()
        end = time.monotonic() + options.seconds
        rounds = 0
        while time.monotonic() < end:
            rounds += 1
            writers = [
                Writer(number, server.ports["postgres"], history, chance.random())
                for number in range(options.writers)]
            for writer in writers:
                writer.start()
            # The kill may fall into recovery's aftermath, a flush or the middle of nothing.
            time.sleep(chance.choice((0.02, 0.1, 0.3, 1)) * chance.random())
            server.stop(signal.SIGKILL)
            for writer in writers:
                writer.join()
            server = start(root)
            complaints = [writer.failure for writer in writers if writer.failure]
            complaints += history.settle(contents(server.ports["postgres"]))
            if complaints:
                return rounds, history, complaints + server.log[-20:]
        if server.stop() != 0:
            return rounds, history, ["the last server did not end well", *server.log[-20:]]
        return rounds, history, []
    finally:
        server.stop(signal.SIGKILL)


def main():
    options = loop.read_options(__doc__, seconds=20)
    folder = loop.make_folder("crash")
    print(f"crash loop: seed {options.seed}, {options.seconds:g} s", flush=True)
    rounds, history, complaints = run(options, folder / "root")
    fates = collections.Counter(history.fate.values())
    rows = sum(
        history.wanted[name][0] * len(history.wanted[name][1])
        for name, fate in history.fate.items() if fate == "kept")
    print(
        f"crash loop: {rounds} kills, {fates['kept']} transactions with {rows} rows kept,"
        f" {fates['gone']} gone whole, {len(complaints)} complaints")
    return loop.end("crash_loop.py", options, folder, complaints, most=40)


if __name__ == "__main__":
    sys.exit(main())
