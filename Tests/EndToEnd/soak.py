"""Everything at once against the real process, compared with a model.

    soak.py [--seed N] [--seconds S] [--writers N] [--keep]

Writers insert (also late), update, delete, truncate, create and drop tables. Meanwhile backups, full
and incremental, are taken, verified, started as databases, restored from and dropped, snapshots are
copied, and the server is killed with -9 and restarted. Every state that is read, of the database, a
backup, a restored table or a recovered snapshot, must be one its writers went through, all tables at
one instant.
"""

import collections
import contextlib
import random
import signal
import subprocess
import sys
import threading
import time
import traceback

import loop
from server import Server, remove
from soak_model import Clock, Operation, Script, is_one_instant
from wire import Connection, Lost, SQLError

SETTINGS = {"BASALT_CAIRO_MAX_UNCOMMITTED_ROWS": "500", "BASALT_CAIRO_WAL_FILE_SIZE": "1m"}
# Another change came first, and nothing of this one happened.
CONFLICTS = {"40001", "55P03", "40P01"}
# So that an hour does not fill the disk.
MOST_BACKUPS = 12
UNSUPPORTED = {"0A000", "42883"}


class Failure(Exception):
    """The database does not hold what it must."""


def moment(chance):
    return f"2026-01-0{chance.randint(1, 6)} {chance.randint(0, 23):02}:{chance.randint(0, 59):02}:00"


class Writer(threading.Thread):
    """Runs operations one after another until its connection is lost or it is told to end."""

    def __init__(self, script, soak, seed):
        super().__init__(name=f"writer {script.number}", daemon=True)
        self.script = script
        self.soak = soak
        self.chance = random.Random(seed)
        self.is_ending = False

    def run(self):
        try:
            connection = Connection(self.soak.port)
            while not self.is_ending:
                with self.script.turn:
                    self._step(connection)
            connection.close()
        except Lost:
            pass
        except SQLError as error:
            if error.state != "57P01":
                self.soak.complain(f"{self.name}: {error}")
        except Exception:
            self.soak.complain(f"{self.name}: {traceback.format_exc()}")

    def _step(self, connection):
        operation, kind = self._choose()
        self.script.begin(operation)
        try:
            connection.query(operation.sql)
        except SQLError as error:
            if connection.status != b"I":
                connection.query("ROLLBACK")
            self.script.end(False)
            if error.state in CONFLICTS:
                self.soak.count("conflicts")
            else:
                raise SQLError(error.state, f"{error.message}: {operation.sql[:200]}") from error
        else:
            self.script.end(True)
            self.soak.count(kind)

    def _choose(self):
        tables = sorted(self.script.state)
        kind = self.chance.choices(
            ["insert", "insert_two", "update", "delete", "truncate", "create", "drop", "block"],
            [50, 10, 12, 8, 1, 3, 2, 10])[0]
        if not tables or kind == "create" and len(tables) < 4:
            return self._create()
        table = self.chance.choice(tables)
        if kind == "drop" and len(tables) > 1:
            return Operation(f"DROP TABLE {table}", lambda state: state.pop(table)), "drop"
        make = {
            "update": self._update, "delete": self._erase, "truncate": self._truncate,
        }.get(kind, self._insert)
        if kind in ("insert_two", "block"):
            parts = [self._insert(self.chance.choice(tables)) for _ in range(2)]
            if kind == "block":
                parts.append(self.chance.choice([self._update, self._erase])(table))
            return self._together(parts), kind
        return make(table), kind if kind != "create" and kind != "drop" else "insert"

    def _create(self):
        self.soak.serial += 1
        table = f"w{self.script.number}_{self.soak.serial}"
        unit = self.chance.choice(["DAY", "DAY", "HOUR", "MONTH"])
        sql = (
            f"CREATE TABLE {table} (ts TIMESTAMP, k LONG, v LONG) TIMESTAMP(ts)"
            f" PARTITION BY {unit}")
        return Operation(sql, lambda state: state.update({table: {}})), "create"

    def _insert(self, table):
        rows = {}
        for _ in range(self.chance.choice((1, 3, 20, 200))):
            self.soak.serial += 1
            rows[self.soak.serial * 100 + self.script.number] = (
                moment(self.chance), self.chance.randint(0, 1000))
        values = ", ".join(f"('{ts}', {key}, {value})" for key, (ts, value) in rows.items())
        return Operation(
            f"INSERT INTO {table} VALUES {values}",
            lambda state: state.update({table: {**state[table], **rows}}))

    def _update(self, table):
        divisor, rest = self.chance.choice((2, 7, 31)), self.chance.randint(0, 30)

        def change(state):
            state[table] = {
                key: (ts, value + 1 if value % divisor == rest % divisor else value)
                for key, (ts, value) in state[table].items()}
        return Operation(
            f"UPDATE {table} SET v = v + 1 WHERE v % {divisor} = {rest % divisor}", change)

    def _erase(self, table):
        low = self.chance.randint(0, 1000)

        def change(state):
            state[table] = {
                key: (ts, value) for key, (ts, value) in state[table].items()
                if not low <= value <= low + 100}
        return Operation(f"DELETE FROM {table} WHERE v BETWEEN {low} AND {low + 100}", change)

    @staticmethod
    def _truncate(table):
        return Operation(f"TRUNCATE TABLE {table}", lambda state: state.update({table: {}}))

    @staticmethod
    def _together(parts):
        def change(state):
            for part in parts:
                part.change(state)
        return Operation("; ".join(["BEGIN", *(part.sql for part in parts), "COMMIT"]), change)


class Soak:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.root = folder / "root"
        self.chance = random.Random(options.seed)
        self.counts = collections.Counter()
        self.complaints = []
        self.unsupported = set()
        self.lock = threading.Lock()
        self.serial = 0
        self.made = 0
        clock = Clock()
        self.scripts = [Script(number, clock) for number in range(options.writers)]
        self.writers = []
        # Name of each backup that is there, with the windows of its instant.
        self.backups = {}
        self.server = None

    @property
    def port(self):
        return self.server.ports["postgres"]

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def complain(self, text):
        with self.lock:
            self.complaints.append(text)

    # Servers

    def start(self, root, *arguments):
        return Server(root, *arguments, environment=SETTINGS).wait_ready().follow()

    def begin_writers(self):
        self.writers = [
            Writer(script, self, self.chance.random()) for script in self.scripts]
        for writer in self.writers:
            writer.start()

    def end_writers(self):
        for writer in self.writers:
            writer.is_ending = True
        for writer in self.writers:
            writer.join()

    @staticmethod
    def read(port):
        """Every table's rows, as the model writes them, by the writer the table belongs to."""
        connection = Connection(port)
        found = collections.defaultdict(dict)
        connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        for (table,) in connection.query("SELECT table_name FROM tables() ORDER BY 1"):
            if not table.startswith("w"):
                continue
            rows = connection.query(f"SELECT ts, k, v FROM {table}")
            keys = keyed(rows)
            if len(keys) != len(rows):
                raise Failure(f"{table} has {len(rows)} rows of {len(keys)} keys")
            found[int(table[1:].split("_")[0])][table] = keys
        connection.query("COMMIT")
        connection.close()
        return found

    def settle(self):
        """After a restart: each writer's tables are as before or after what was under way."""
        found = self.read(self.port)
        for script in self.scripts:
            here = found[script.number]
            operation = script.pending
            if here == script.state:
                script.end(False)
                self.counts["unanswered, not happened"] += operation is not None
                continue
            script.end(operation is not None)
            self.counts["unanswered, happened"] += 1
            if here != script.state:
                sql = operation.sql[:100] if operation else None
                raise Failure(
                    f"after a restart: {difference(here, script.state)}, under way: {sql}")

    def compare(self, found, windows, what):
        counts = []
        for window in windows:
            matches = window.matches(found[window.script.number])
            if not matches:
                end = difference(found[window.script.number], window.state)
                raise Failure(
                    f"{what} is of no instant of writer {window.script.number}: from its begin"
                    f" ({len(window.operations)} operations) {end}")
            counts.append(matches)
        if not is_one_instant(windows, counts):
            raise Failure(f"{what} shows two instants")

    # Acts

    def kill(self):
        self.server.stop(signal.SIGKILL)
        for writer in self.writers:
            writer.join()
        self.server = self.start(self.root)
        self.settle()
        self.begin_writers()

    def restart(self):
        self.end_writers()
        if self.server.stop() != 0:
            raise Failure("a clean stop did not end with 0:\n" + "\n".join(self.server.log[-20:]))
        self.server = self.start(self.root)
        self.settle()
        self.begin_writers()

    def kill_in_backup(self):
        """A backup that was never answered is not there, or whole."""
        name = f"killed{self.counts['kill_in_backup']}"
        client = threading.Thread(target=self.backup_until_lost, args=(name,))
        client.start()
        time.sleep(self.chance.random() * 0.1)
        with self.windows():
            self.kill()
            client.join()
        for left in (self.root / "backup").glob("*"):
            if left.name.startswith(name) and not (left / "_backup.json").exists():
                raise Failure(f"half a backup is left: {left}")
        if (self.root / "backup" / name).exists():
            self.sql(f"VERIFY BACKUP '{name}'")
            self.sql(f"DROP BACKUP '{name}'")

    def backup_until_lost(self, name):
        try:
            self.sql(f"BACKUP DATABASE AS '{name}'")
        except (Lost, SQLError):
            pass  # What came of it is looked at afterwards.

    def sql(self, text):
        connection = Connection(self.port)
        try:
            return connection.query(text)
        finally:
            connection.close()

    @contextlib.contextmanager
    def windows(self):
        """The states that every writer goes through meanwhile."""
        windows = [script.open_window() for script in self.scripts]
        try:
            yield windows
        finally:
            for script, window in zip(self.scripts, windows):
                script.close_window(window)

    def backup(self, kind):
        self.made += 1
        name = f"b{self.made}"
        with self.windows() as windows:
            self.sql(f"BACKUP DATABASE {kind} AS '{name}'")
        self.backups[name] = windows
        self.sql(f"VERIFY BACKUP '{name}'")

    def full(self):
        self.backup("FULL")

    def incremental(self):
        self.backup("INCREMENTAL")

    def some_backup(self):
        if not self.backups:
            self.full()
        return self.chance.choice(sorted(self.backups))

    def drop_backup(self):
        name = self.some_backup()
        self.sql(f"VERIFY BACKUP '{name}'")
        self.sql(f"DROP BACKUP '{name}'")
        del self.backups[name]

    def start_backup(self):
        """A copy of a backup is a database; the backup itself is left as it is."""
        name = self.some_backup()
        copy = self.folder / "copy"
        subprocess.run(["cp", "-a", str(self.root / "backup" / name), str(copy)], check=True)
        self.look_into(copy, self.backups[name], f"backup {name}")

    def look_into(self, root, windows, what):
        server = self.start(root)
        try:
            self.compare(self.read(server.ports["postgres"]), windows, what)
            connection = Connection(server.ports["postgres"])
            connection.query("CREATE TABLE later (a INT); INSERT INTO later VALUES (1)")
            connection.close()
            if server.stop() != 0:
                raise Failure(f"{what} did not stop well")
        finally:
            server.stop(signal.SIGKILL)
            remove(root)

    def restore_as(self):
        """Restores one table beside the live ones and compares it."""
        name = self.some_backup()
        window = self.chance.choice(self.backups[name])
        if not window.state:
            return
        table = self.chance.choice(sorted(window.state))
        try:
            self.sql(f"RESTORE TABLE {table} FROM '{name}' AS restored")
        except SQLError as error:
            # It may have been dropped while the backup was taken.
            if error.state == "42P01":
                return
            raise
        rows = keyed(self.sql("SELECT ts, k, v FROM restored"))
        self.sql("DROP TABLE restored")
        if rows not in [state.get(table) for state in window.states()]:
            raise Failure(f"{table} restored from {name} is of no instant of its backup")

    def restore_in_place(self):
        """Takes one writer's table back to a backup; its script goes on from there."""
        name = self.some_backup()
        window = self.chance.choice(self.backups[name])
        script = window.script
        with script.turn:
            tables = sorted(set(window.state) & set(script.state))
            if not tables:
                return
            table = self.chance.choice(tables)
            before = Connection(self.port)
            script.begin(Operation("", lambda state: None))
            try:
                before.query(f"RESTORE TABLE {table} FROM '{name}' FULL")
            except SQLError as error:
                script.end(False)
                if error.state in CONFLICTS | {"42P01"}:
                    return
                raise
            rows = keyed(before.query(f"SELECT ts, k, v FROM {table}"))
            before.close()
            if rows not in [state.get(table) for state in window.states()]:
                raise Failure(f"{table} taken back to {name} is of no instant of its backup")
            script.pending.change = lambda state: state.update({table: rows})
            script.end(True)

    def snapshot(self):
        """Prepares, copies the root while writers go on, completes, and recovers the copy."""
        copy = self.folder / "snapshot-copy"
        with self.windows() as windows:
            self.sql("SNAPSHOT PREPARE")
        try:
            subprocess.run(
                ["rsync", "-a", "--exclude=/backup", "--exclude=/tmp", f"{self.root}/",
                 f"{copy}/"], check=True)
        finally:
            self.sql("SNAPSHOT COMPLETE")
        (copy / "_restore").touch()
        self.look_into(copy, windows, "a snapshot's copy")

    ACTS = [
        ("full", 2), ("incremental", 6), ("drop_backup", 3), ("start_backup", 3), ("restore_as", 3),
        ("restore_in_place", 2), ("snapshot", 2), ("kill", 3), ("restart", 1),
        ("kill_in_backup", 1)]

    def act(self):
        known = [(name, weight) for name, weight in self.ACTS if name not in self.unsupported]
        name = self.chance.choices([one[0] for one in known], [one[1] for one in known])[0]
        if len(self.backups) > MOST_BACKUPS:
            name = "drop_backup"
        try:
            getattr(self, name)()
        except SQLError as error:
            if error.state not in UNSUPPORTED:
                raise Failure(f"{name}: {error}") from error
            self.unsupported.add(name)
            return
        self.counts[name] += 1

    def run(self):
        self.server = self.start(self.root)
        try:
            self.begin_writers()
            end = time.monotonic() + self.options.seconds
            while time.monotonic() < end and not self.complaints:
                time.sleep(self.chance.random() * 0.3)
                self.act()
            self.restart()
            self.end_writers()
            for name in sorted(self.backups):
                self.sql(f"VERIFY BACKUP '{name}' DEEP")
                self.counts["verified at the end"] += 1
            if self.server.stop() != 0:
                raise Failure("the last stop did not end with 0")
        except (Failure, SQLError, Lost, AssertionError, subprocess.CalledProcessError) as error:
            log = "\n".join(self.server.log[-15:])
            self.complain(f"{type(error).__name__}: {error}\n{log}")
        finally:
            self.server.stop(signal.SIGKILL)


def keyed(rows):
    """A table's rows as the model writes them."""
    return {int(key): (ts, int(value)) for ts, key, value in rows}


def difference(found, wanted):
    lines = []
    for table in sorted(set(found) | set(wanted)):
        if table not in found or table not in wanted:
            lines.append(f"{table} is {'extra' if table in found else 'missing'}")
            continue
        extra = set(found[table].items()) - set(wanted[table].items())
        missing = set(wanted[table].items()) - set(found[table].items())
        if extra or missing:
            lines.append(
                f"{table}: {len(extra)} rows extra {sorted(extra)[:2]}, {len(missing)} missing"
                f" {sorted(missing)[:2]}, of {len(wanted[table])}")
    return "; ".join(lines) or "nothing differs"


def main():
    options = loop.read_options(__doc__, seconds=60)
    folder = loop.make_folder("soak")
    print(f"soak: seed {options.seed}, {options.seconds:g} s, {options.writers} writers", flush=True)
    soak = Soak(options, folder)
    soak.run()
    rows = sum(len(table) for script in soak.scripts for table in script.state.values())
    print(f"soak: {sum(script.done for script in soak.scripts)} operations, {rows} rows at the end")
    for name, count in sorted(soak.counts.items()):
        print(f"    {count:7} {name.replace('_', ' ')}")
    for name in sorted(soak.unsupported):
        print(f"SKIP {name}: this server does not know it")
    print(f"soak: {len(soak.complaints)} complaints")
    return loop.end("soak.py", options, folder, soak.complaints)


if __name__ == "__main__":
    sys.exit(main())
