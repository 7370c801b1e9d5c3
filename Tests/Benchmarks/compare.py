"""Compares Basalt with DuckDB and PostgreSQL on this machine, in one run; absolute times move with
the machine, ratios count. A peer that is not installed is left out, and said so.

    compare.py --basalt .build/release/basalt --bench .build/release/bench [--rows 50000000]

Every engine loads the same CSV file of trades into an empty table and makes it durable; rounds are
interleaved and the median is taken. 1-row commits come from 64 connections of pgbench.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))
from server import Server  # noqa: E402

TABLE = "ts TIMESTAMP, symbol {text}, side {text}, price DOUBLE{precision}, amount DOUBLE{precision}"


def timed(body):
    begin = time.monotonic()
    body()
    return time.monotonic() - begin


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Basalt:
    name = "basalt"

    def __init__(self, binary, folder, environment=None):
        self.server = Server(
            folder / "basalt", environment=environment, command=[binary, "serve"]).wait_ready()
        self.port = self.server.ports["postgres"]
        self.user, self.password, self.database = "admin", "quest", "qdb"
        (folder / "basalt" / "import").mkdir(exist_ok=True)
        self.folder = folder / "basalt" / "import"

    def sql(self, *statements):
        return psql(self, *statements)

    def create(self, name):
        self.sql(f"CREATE TABLE {name} ({TABLE.format(text='SYMBOL', precision='')}) "
                 "TIMESTAMP(ts) PARTITION BY DAY")

    def load(self, path, name):
        self.sql(f"\\copy {name} FROM '{path}' WITH (FORMAT csv)")

    def load_on_server(self, path, name):
        local = self.folder / "rows.csv"
        if not local.exists():
            os.link(path, local)
        self.sql(f"COPY {name} FROM 'rows.csv' WITH (FORMAT csv)")

    def peak_memory(self):
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) * 1024

    def stop(self):
        self.server.stop()


class PostgreSQL:
    name = "postgresql"

    def __init__(self, binaries, folder):
        self.folder = folder / "postgresql"
        self.binaries = binaries
        self.port = free_port()
        self.user, self.password, self.database = "postgres", "", "postgres"
        self.prefix = []
        if os.geteuid() == 0:
            self.folder.mkdir()
            shutil.chown(self.folder, "postgres")
            for path in [folder, *folder.parents][:-1]:
                path.chmod(path.stat().st_mode | 0o111)
            self.prefix = ["runuser", "-u", "postgres", "--"]
        self.run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "postgres")
        # As much memory as Basalt may use for writes, and checkpoints out of the way of a load.
        options = (f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 "
                   "-c shared_buffers=1GB -c max_wal_size=16GB -c max_connections=100")
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-o", options, "-l",
                 self.folder / "log", "start")

    def run(self, program, *arguments):
        subprocess.run(
            [*self.prefix, str(self.binaries / program), *map(str, arguments)], check=True,
            stdout=subprocess.DEVNULL)

    def sql(self, *statements):
        return psql(self, *statements)

    def create(self, name):
        self.sql(f"CREATE TABLE {name} ({TABLE.format(text='TEXT', precision=' PRECISION')})")

    def load(self, path, name):
        self.sql(f"\\copy {name} FROM '{path}' WITH (FORMAT csv)")

    def load_on_server(self, path, name):
        self.sql(f"COPY {name} FROM '{path}' WITH (FORMAT csv)")

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "fast", "stop")


class DuckDB:
    name = "duckdb"

    def __init__(self, module, folder):
        self.connection = module.connect(str(folder / "duck.db"))
        self.connection.execute("SET threads=2")

    def create(self, name):
        self.connection.execute(
            f"CREATE TABLE {name} ({TABLE.format(text='VARCHAR', precision='')})")

    def load_on_server(self, path, name):
        self.connection.execute(f"COPY {name} FROM '{path}' (FORMAT csv, HEADER false)")
        self.connection.execute("CHECKPOINT")

    def sql(self, *statements):
        for statement in statements:
            self.connection.execute(statement)

    def stop(self):
        self.connection.close()


def psql(engine, *statements):
    command = ["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(engine.port), "-U", engine.user,
               "-d", engine.database, "-At", "-v", "ON_ERROR_STOP=1"]
    for statement in statements:
        command += ["-c", statement]
    values = dict(os.environ, PGPASSWORD=engine.password, PGSSLMODE="disable")
    done = subprocess.run(command, env=values, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{engine.name}: {done.stderr}")
    return done.stdout.strip()


def report(**facts):
    print(json.dumps(facts), flush=True)


def compare_loads(engines, path, rows, rounds):
    times = {}
    for number in range(rounds):
        for engine in engines:
            for way in ("load_on_server", "load"):
                if not hasattr(engine, way):
                    continue
                engine.create(f"t{number}")
                seconds = timed(lambda: getattr(engine, way)(path, f"t{number}"))
                times.setdefault((way, engine.name), []).append(seconds)
                engine.sql(f"DROP TABLE t{number}")
    for (way, name), measured in times.items():
        seconds = statistics.median(measured)
        facts = dict(what="load" if way == "load" else "load of a file of the server",
                     engine=name, rows=rows, seconds=round(seconds, 3),
                     rows_per_second=round(rows / seconds), lowest=round(min(measured), 3),
                     highest=round(max(measured), 3))
        if name != "basalt":
            ours = statistics.median(times[(way, "basalt")])
            facts["basalt_over_peer"] = round(ours / seconds, 2)
        report(**facts)


def pgbench(engine, folder, seconds, clients):
    script = folder / "insert.sql"
    script.write_text("\\set n random(1, 500)\n"
                      "INSERT INTO c VALUES (now(), 'SYM:n', 'buy', :n, 1.5);\n")
    values = dict(os.environ, PGPASSWORD=engine.password, PGSSLMODE="disable")
    done = subprocess.run(
        ["pgbench", "-n", "-h", "127.0.0.1", "-p", str(engine.port), "-U", engine.user, "-f",
         str(script), "-c", str(clients), "-j", "2", "-T", str(seconds), engine.database],
        env=values, capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if not found:
        raise SystemExit(f"{engine.name}: pgbench: {done.stderr[-500:]}")
    return float(found.group(1))


def compare_commits(engines, folder, seconds, rounds):
    for clients in (1, 64):
        rates = {}
        for engine in engines:
            engine.create("c")
        for _ in range(rounds):
            for engine in engines:
                rates.setdefault(engine.name, []).append(
                    pgbench(engine, folder, seconds, clients))
        for engine in engines:
            rate = statistics.median(rates[engine.name])
            facts = dict(what="durable commits of one row", engine=engine.name,
                         connections=clients, commits_per_second=round(rate))
            if engine.name != "basalt":
                facts["basalt_over_peer"] = round(
                    statistics.median(rates["basalt"]) / rate, 2)
            report(**facts)
            engine.sql("DROP TABLE c")


def measure_memory(binary, folder, path, rows):
    """The peak of a server that may hold 64 MiB of rows while a load of many pours in."""
    limited = Basalt(binary, folder / "limited",
                     {"BASALT_CAIRO_WRITE_MEMORY_LIMIT": "64m"})
    before = limited.peak_memory()
    limited.create("t")
    limited.load(path, "t")
    report(what="memory while rows pour in", rows=rows, limit=64 << 20, peak_before=before,
           peak=limited.peak_memory())
    limited.stop()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--basalt", required=True)
    arguments.add_argument("--bench", required=True)
    arguments.add_argument("--rows", type=int, default=50_000_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=5)
    arguments.add_argument("--folder", default=".build/bench")
    options = arguments.parse_args()
    pathlib.Path(options.folder).mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="compare-", dir=options.folder)).resolve()
    folder.chmod(0o755)
    engines = []
    try:
        path = folder / "rows.csv"
        subprocess.run([options.bench, "csv", str(options.rows), str(path)], check=True)
        path.chmod(0o644)
        report(what="file", rows=options.rows, bytes=path.stat().st_size)
        engines.append(Basalt(str(pathlib.Path(options.basalt).resolve()), folder))
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        if found:
            engines.append(PostgreSQL(found[-1], folder))
        else:
            report(what="left out", engine="postgresql", why="not installed")
        try:
            import duckdb
            engines.append(DuckDB(duckdb, folder))
        except ImportError:
            report(what="left out", engine="duckdb", why="pip install duckdb first")
        compare_loads(engines, path, options.rows, options.rounds)
        servers = [engine for engine in engines if hasattr(engine, "port")]
        compare_commits(servers, folder, options.seconds, options.rounds)
        (folder / "limited").mkdir()
        measure_memory(options.basalt, folder, path, options.rows)
    finally:
        for engine in engines:
            engine.stop()
        subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
