"""Measures what backups cost, each figure beside the obvious alternative in the same run: `cp -r` with
a sync, pg_basebackup, DuckDB's EXPORT and IMPORT. Absolute times move with the machine; ratios count.

    backup.py --basalt .build/release/basalt --bench .build/release/bench
              [--rows 50000000] [--tables 1000] [--csv FILE] [--parts full,ingest,…]

The files that are copied are read once before each measurement, for both sides, everything dirty is
written out and memory for the copy is at hand before the clock starts. A peer that is not installed is left out, and said so.
"""

import argparse
import datetime
import http.client
import json
import mmap
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))
import compare  # noqa: E402
from server import Server  # noqa: E402

PARTS = ("full", "incremental", "start", "restore", "ingest", "peers", "tables")
TRADES = f"CREATE TABLE trades ({compare.TABLE.format(text='SYMBOL', precision='')})" \
    " TIMESTAMP(ts) PARTITION BY DAY"
APPENDED_SHARE = 0.01


class Database:
    """A running server, asked over one kept connection so that no client's start is measured."""

    def __init__(self, binary, root, environment=None):
        self.begun = time.monotonic()
        self.server = Server(
            root, environment=environment, command=[binary, "serve"]).wait_ready().follow()
        self.root = pathlib.Path(root)
        self.link = http.client.HTTPConnection("127.0.0.1", self.server.ports["http"])
        self.port = self.server.ports["postgres"]
        self.user, self.password, self.database = "admin", "quest", "qdb"
        self.name = "basalt"

    def sql(self, statement):
        self.link.request("GET", "/exec?" + urllib.parse.urlencode({"query": statement}))
        answer = self.link.getresponse()
        facts = json.loads(answer.read())
        if answer.status != 200:
            raise SystemExit(f"{statement}: {facts}")
        return facts

    def timed(self, statement):
        """Seconds and answer of a statement."""
        begin = time.monotonic()
        facts = self.sql(statement)
        return time.monotonic() - begin, facts

    def load(self, path, table):
        folder = self.root / "import"
        folder.mkdir(exist_ok=True)
        local = folder / "rows.csv"
        local.unlink(missing_ok=True)
        (shutil.copy if path.stat().st_dev != folder.stat().st_dev else os.link)(
            path, local)
        self.sql(f"COPY {table} FROM 'rows.csv' WITH (FORMAT csv)")
        local.unlink()

    def settle(self):
        """Waits until all rows are in segments and compaction has come to rest."""
        self.sql("SNAPSHOT PREPARE")
        self.sql("SNAPSHOT COMPLETE")
        before, quiet = None, 0
        while quiet < 6:
            now = sorted(segments(self.root / "db"))
            quiet = quiet + 1 if now == before else 0
            before = now
            time.sleep(0.5)

    def stop(self):
        self.link.close()
        self.server.stop()


def files_below(folder):
    """Paths of a living root: what the server removes meanwhile is passed over."""
    for path, _, names in os.walk(folder):
        for name in names:
            yield pathlib.Path(path, name)


def segments(folder):
    return [path for path in files_below(folder) if path.suffix == ".seg"]


def size(folder):
    """Bytes of the files on disk, one with two names once."""
    seen = {}
    for path in files_below(folder):
        try:
            info = path.lstat()
        except FileNotFoundError:
            continue
        seen[info.st_ino] = info.st_blocks * 512
    return sum(seen.values())


def warm(*folders):
    for folder in folders:
        for path in files_below(folder):
            try:
                with open(path, "rb", buffering=0) as file:
                    while file.read(1 << 22):
                        pass
            except FileNotFoundError:
                continue
    os.sync()
    have_memory(2 * sum(size(pathlib.Path(folder)) for folder in folders))


def have_memory(count):
    """Touches so much memory and gives it back. A virtual machine may have lent its free pages to the
    host: to get them again costs whoever copies next more than the copying, whatever it is."""
    block = b"\1" * (1 << 20)
    with mmap.mmap(-1, max(count, 1 << 20)) as memory:
        for begin in range(0, len(memory) - len(block) + 1, len(block)):
            memory[begin:begin + len(block)] = block


def copy_with_sync(source, target):
    """What somebody without a backup command does, made durable."""
    subprocess.run(["cp", "-r", str(source), str(target)], check=True)
    subprocess.run(["sync", "-f", str(target)], check=True)


def remove(folder):
    subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=False)
    shutil.rmtree(folder, ignore_errors=True)
    os.sync()


class Report:
    """Rows of a table: what, ours, the other's, ratio, the promise and whether it is kept."""

    def __init__(self):
        self.rows = []

    def add(self, what, ours, other="", ratio=None, promise="", kept=None):
        row = (what, ours, other, "" if ratio is None else f"{ratio:.3f}", promise,
               "" if kept is None else ("yes" if kept else "NO"))
        self.rows.append(row)
        print(" | ".join(row), flush=True)

    def show(self):
        head = ("what", "Basalt", "other", "ratio", "promise", "kept")
        print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        for row in self.rows:
            print("| " + " | ".join(row) + " |")


def ms(seconds):
    return f"{seconds * 1000:.0f} ms"


def mb(count):
    return f"{count / 1e6:.1f} MB"


def rate(count, seconds):
    return f"{count / 1e6 / seconds:.0f} MB/s, {seconds:.2f} s"


class Trades:
    """The figures of one large table."""

    def __init__(self, database, folder, options, report):
        self.database, self.folder = database, folder
        self.options, self.report = options, report
        self.seconds_full = None

    def full(self):
        database, other = self.database, self.folder / "cp"
        times = {"cp": [], "backup": [], "unverified": []}
        total = size(database.root / "db")
        ways = ["cp", "backup", "unverified"]
        for number in range(self.options.rounds):
            # Each comes first, second and third: a disk may be slower after much was written.
            for way in ways[number % 3:] + ways[:number % 3]:
                warm(database.root / "db")
                if way == "cp":
                    times[way].append(compare.timed(
                        lambda: copy_with_sync(database.root / "db", other)))
                    remove(other)
                    continue
                options = "" if way == "backup" else " WITH (verify = false)"
                seconds, _ = database.timed(f"BACKUP DATABASE AS 'r{number}'{options}")
                times[way].append(seconds)
                database.sql(f"DROP BACKUP 'r{number}'")
        median = {name: statistics.median(values) for name, values in times.items()}
        copied = rate(total, median["cp"])
        for way, name in (("backup", "full backup"), ("unverified", "full, verify = false")):
            share = median["cp"] / median[way]
            self.report.add(f"{name}, throughput of cp -r + sync", rate(total, median[way]),
                            copied, share, ">= 0.9", share >= 0.9)
        self.seconds_full = median["backup"]

    def incremental(self):
        database = self.database
        warm(database.root / "db")
        full, facts = database.timed("BACKUP DATABASE AS 'full'")
        full = self.seconds_full or full
        bytes_full = facts["backup"]["bytesCopied"]
        quiet = [database.timed(f"BACKUP DATABASE INCREMENTAL AS 'same{n}'")[0] for n in range(3)]
        self.report.add("incremental, nothing new", ms(statistics.median(quiet)), "", None,
                        "< 100 ms", statistics.median(quiet) < 0.1)
        path = self.folder / "more.csv"
        times, sizes = [], []
        for number in range(self.options.rounds):
            write_appended(path, int(self.options.rows * APPENDED_SHARE), days=number)
            database.load(path, "trades")
            path.unlink()
            os.sync()
            have_memory(2 * bytes_full)
            seconds, facts = database.timed(f"BACKUP DATABASE INCREMENTAL AS 'more{number}'")
            times.append(seconds)
            sizes.append(facts["backup"]["bytesCopied"])
        seconds, copied = statistics.median(times), statistics.median(sizes)
        self.report.add("incremental after 1 % of rows, bytes", mb(copied), mb(bytes_full),
                        copied / bytes_full, "<= 0.015", copied / bytes_full <= 0.015)
        self.report.add("incremental after 1 % of rows, time", ms(seconds), ms(full),
                        seconds / full, "<= 0.03", seconds / full <= 0.03)

    def start(self):
        """Starts on a backup (which adopts it, so on one of its own) until a query is answered."""
        database = self.database
        database.sql("BACKUP DATABASE AS 'started'")
        begin = time.monotonic()
        second = Database(self.options.basalt, database.root / "backup" / "started")
        second.sql("SELECT count(*) FROM trades")
        seconds = time.monotonic() - begin
        second.stop()
        self.report.add("start on a backup to the first query", ms(seconds), "", None, "< 1 s",
                        seconds < 1)
        remove(database.root / "backup" / "started")

    def restore(self):
        database, other = self.database, self.folder / "cp"
        database.sql("BACKUP TABLE trades AS 'source'")
        place = database.root / "backup" / "source" / "db"
        count, total = len(segments(place)), size(place)
        linked, copied, plain = [], [], []
        ways = [(plain, ""), (linked, "link = true"), (copied, "link = false")]
        for number in range(self.options.rounds):
            for times, option in ways[number % 3:] + ways[:number % 3]:
                warm(place)
                if not option:
                    times.append(compare.timed(lambda: copy_with_sync(place, other)))
                    remove(other)
                    continue
                seconds, _ = database.timed(
                    f"RESTORE TABLE trades FROM 'source' AS t{number} WITH ({option})")
                times.append(seconds)
                database.sql(f"DROP TABLE t{number}")
        linked, copied, plain = map(statistics.median, (linked, copied, plain))
        self.report.add("RESTORE TABLE, link = true", f"{ms(linked)}, {count} files",
                        f"{linked / count * 1e6:.0f} us a file")
        one = database.sql("SELECT partition FROM backup_partitions('source', 'trades')")
        one = one["dataset"][0][0]
        seconds, facts = database.timed(
            f"RESTORE TABLE trades FROM 'source' PARTITION LIST '{one}' AS t WITH (link = true)")
        self.report.add("RESTORE TABLE of one partition, link = true", ms(seconds))
        database.sql("DROP TABLE t")
        share = plain / copied
        self.report.add("RESTORE TABLE, rate of cp -r + sync", rate(total, copied),
                        rate(total, plain), share, ">= 0.9", share >= 0.9)

    def ingest(self):
        """Commits and loads by themselves and while full backups follow one another."""
        database = self.database
        database.sql("CREATE TABLE c (" + compare.TABLE.format(text="SYMBOL", precision="")
                     + ") TIMESTAMP(ts) PARTITION BY DAY")
        for what, body in (
            ("durable commits of one row, 8 clients", self.commits), ("rows by \\copy", self.loads)
        ):
            alone, beside = [], []
            for _ in range(self.options.rounds):
                os.sync()
                alone.append(body())
                os.sync()
                with Backups(database) as backups:
                    beside.append(body())
                print(f"{what}: {backups.count} backups beside it", flush=True)
            before, during = statistics.median(alone), statistics.median(beside)
            self.report.add(f"{what}, during backups", f"{during:,.0f} /s", f"{before:,.0f} /s",
                            during / before, ">= 0.8", during / before >= 0.8)
        database.sql("DROP TABLE c")

    def commits(self):
        return compare.pgbench(self.database, self.folder, self.options.seconds, 8)

    def loads(self):
        path = self.folder / "slice.csv"
        count = 500_000
        if not path.exists():
            write_appended(path, count)
        end = time.monotonic() + self.options.seconds
        begin, done = time.monotonic(), 0
        while time.monotonic() < end:
            compare.psql(self.database, f"\\copy c FROM '{path}' WITH (FORMAT csv)")
            done += count
        return done / (time.monotonic() - begin)


class Backups:
    """Full backups one after the other for as long as the block lasts."""

    def __init__(self, database):
        self.link = Connection(database)
        self.count, self.isEnded = 0, False
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.isEnded = True
        self.thread.join()

    def run(self):
        while not self.isEnded:
            self.link.sql("BACKUP TABLE trades AS 'beside'")
            self.link.sql("DROP BACKUP 'beside'")
            self.count += 1


class Connection:
    """One more connection to a running server."""

    sql = Database.sql

    def __init__(self, database):
        self.link = http.client.HTTPConnection("127.0.0.1", database.server.ports["http"])


def write_appended(path, rows, days=0):
    """Rows of the day after the file's thirty, or of one after that."""
    begin = datetime.datetime(2026, 1, 31) + datetime.timedelta(days=days)
    step = datetime.timedelta(microseconds=86_400_000_000 // max(rows, 1))
    with open(path, "w") as file:
        for row in range(rows):
            number = row * 2654435761 % 9999991
            file.write(f"{(begin + row * step).isoformat(timespec='microseconds')}Z,"
                       f"SYM{number % 500},buy,{number / 100},{number % 100000 / 7:.4f}\n")
    path.chmod(0o644)


def measure_peers(database, folder, path, options, report):
    """The same rows in PostgreSQL and DuckDB, and what their backups cost."""
    os.sync()
    warm(database.root / "db")
    ours, facts = database.timed("BACKUP DATABASE AS 'peer'")
    place = database.root / "backup" / "peer"
    ours_size = size(place)
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    if found:
        postgres = compare.PostgreSQL(found[-1], folder)
        postgres.create("trades")
        postgres.load_on_server(path, "trades")
        postgres.sql("CHECKPOINT")
        target = postgres.folder / "copy"
        os.sync()
        seconds = compare.timed(lambda: postgres.run(
            "pg_basebackup", "-h", "127.0.0.1", "-p", postgres.port, "-U", "postgres",
            "-c", "fast", "-D", target))
        against(report, "backup", "pg_basebackup", ours, ours_size, seconds, size(target))
        postgres.stop()
        remove(postgres.folder)
    else:
        report.add("pg_basebackup", "left out: not installed")
    try:
        import duckdb
    except ImportError:
        report.add("DuckDB EXPORT and IMPORT", "left out: pip install duckdb first")
        return database.sql("DROP BACKUP 'peer'")
    duck = compare.DuckDB(duckdb, folder)
    duck.create("trades")
    duck.load_on_server(path, "trades")
    warm(place)
    restored, _ = database.timed("RESTORE TABLE trades FROM 'peer' AS restored")
    database.sql("DROP TABLE restored")
    for form in ("parquet", "csv"):
        target = folder / f"export-{form}"
        os.sync()
        seconds = compare.timed(lambda: (
            duck.sql(f"EXPORT DATABASE '{target}' (FORMAT {form})"),
            subprocess.run(["sync", "-f", str(target)], check=True)))
        against(report, "backup", f"DuckDB EXPORT, {form}", ours, ours_size, seconds, size(target))
        os.sync()
        second = duckdb.connect(str(folder / "second.db"))
        second.execute("SET threads=2")
        seconds = compare.timed(lambda: (
            second.execute(f"IMPORT DATABASE '{target}'"), second.execute("CHECKPOINT")))
        second.close()
        (folder / "second.db").unlink()
        report.add(f"RESTORE TABLE and DuckDB IMPORT, {form}", f"{restored:.2f} s",
                   f"{seconds:.2f} s", restored / seconds, "< 1", restored < seconds)
        remove(target)
    duck.stop()
    (folder / "duck.db").unlink()
    database.sql("DROP BACKUP 'peer'")


def against(report, what, name, ours, ours_size, theirs, theirs_size):
    report.add(f"{what} and {name}, time", f"{ours:.2f} s", f"{theirs:.2f} s", ours / theirs,
               "< 1", ours < theirs)
    report.add(f"{what} and {name}, size", mb(ours_size), mb(theirs_size),
               ours_size / theirs_size, "< 1", ours_size < theirs_size)


def measure_tables(folder, options, report):
    """Many tables of one row each."""
    database = Database(options.basalt, folder / "tables")
    for first in range(0, options.tables, 500):
        script = ["BEGIN"]
        for number in range(first, min(first + 500, options.tables)):
            script.append(f"CREATE TABLE t{number} (ts TIMESTAMP, n INT) TIMESTAMP(ts) "
                          "PARTITION BY DAY")
            script.append(f"INSERT INTO t{number} VALUES ('2026-01-01', {number})")
        compare.psql(database, ";".join([*script, "COMMIT"]))
    label = f"{options.tables:,} tables: "
    memory, _ = database.timed("SNAPSHOT PREPARE")
    database.sql("SNAPSHOT COMPLETE")
    prepared = []
    for _ in range(5):
        os.sync()
        prepared.append(database.timed("SNAPSHOT PREPARE")[0])
        database.sql("SNAPSHOT COMPLETE")
    prepare = statistics.median(prepared)
    report.add(label + "PREPARE, all rows in memory", ms(memory))
    report.add(label + "PREPARE after a flush", ms(prepare), "", None, "< 200 ms", prepare < 0.2)
    full, copied = [], []
    for number in range(3):
        os.sync()
        full.append(database.timed(f"BACKUP DATABASE AS 'f{number}'")[0])
        os.sync()
        copied.append(compare.timed(
            lambda: copy_with_sync(database.root / "db", folder / "tables-cp")))
        remove(folder / "tables-cp")
    full, copied = statistics.median(full), statistics.median(copied)
    report.add(label + "full backup, cp -r + sync", ms(full), ms(copied), copied / full)
    same = []
    for number in range(5):
        os.sync()
        same.append(database.timed(f"BACKUP DATABASE INCREMENTAL AS 'i{number}'")[0])
    same = statistics.median(same)
    report.add(label + "incremental, nothing new", ms(same), "", None, "< 100 ms", same < 0.1)
    database.sql("INSERT INTO t0 VALUES ('2026-01-02', 1)")
    one, _ = database.timed("BACKUP DATABASE INCREMENTAL AS 'one'")
    report.add(label + "incremental, one row in one table", ms(one))
    database.stop()
    begin = time.monotonic()
    second = Database(options.basalt, folder / "tables" / "backup" / "one")
    second.sql("SELECT * FROM t1")
    seconds = time.monotonic() - begin
    second.stop()
    report.add(label + "start on a backup to the first query", ms(seconds), "", None, "< 1 s",
               seconds < 1)


def measure_trades(folder, options, report):
    path = pathlib.Path(options.csv).resolve() if options.csv else folder / "rows.csv"
    if not options.csv:
        subprocess.run([options.bench, "csv", str(options.rows), str(path)], check=True)
        path.chmod(0o644)
    database = Database(options.basalt, folder / "basalt")
    try:
        database.sql(TRADES)
        seconds = compare.timed(lambda: database.load(path, "trades"))
        database.settle()
        report.add("rows loaded", f"{options.rows:,} in {seconds:.1f} s",
                   f"{mb(size(database.root / 'db'))} in {len(segments(database.root / 'db'))} "
                   "segments")
        trades = Trades(database, folder, options, report)
        for part in ("full", "start", "restore", "ingest"):
            if part in options.parts:
                getattr(trades, part)()
        if "peers" in options.parts:
            measure_peers(database, folder, path, options, report)
        if "incremental" in options.parts:
            trades.incremental()
    finally:
        database.stop()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--basalt", required=True)
    arguments.add_argument("--bench", default=".build/release/bench")
    arguments.add_argument("--rows", type=int, default=50_000_000)
    arguments.add_argument("--tables", type=int, default=1_000)
    arguments.add_argument("--csv", help="a file of --rows trades, instead of making one")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=8)
    arguments.add_argument("--parts", default=",".join(PARTS))
    arguments.add_argument("--folder", default=".build/bench")
    options = arguments.parse_args()
    options.parts = options.parts.split(",")
    options.basalt = str(pathlib.Path(options.basalt).resolve())
    pathlib.Path(options.folder).mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="backup-", dir=options.folder)).resolve()
    folder.chmod(0o755)
    report = Report()
    try:
        if options.rows > 0 and set(options.parts) - {"tables"}:
            measure_trades(folder, options, report)
        if options.tables > 0 and "tables" in options.parts:
            measure_tables(folder, options, report)
    finally:
        report.show()
        remove(folder)


if __name__ == "__main__":
    main()
