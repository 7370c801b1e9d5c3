"""What a database holds, row by row, so that two of them can be compared."""

import contextlib
import time

from server import Server
from wire import Connection


def contents(connection):
    """The columns and the sorted rows of every table, as text, by the table's name."""
    found = {}
    named = connection.query("SELECT table_schema, table_name FROM information_schema.tables")
    for schema, table in named:
        name = f'"{schema}"."{table.replace(chr(34), chr(34) * 2)}"'
        columns = [(row[0], row[1]) for row in connection.query(f"SHOW COLUMNS FROM {name}")]
        rows = connection.query(f"SELECT * FROM {name}")
        found[schema, table] = (columns, sorted(rows, key=repr))
    return found


@contextlib.contextmanager
def served(root, *arguments):
    """A connection to a server of its own on a root; ends both."""
    server = Server(root, *arguments)
    try:
        connection = Connection(server.wait_ready().follow().ports["postgres"])
        yield connection
        connection.close()
    finally:
        server.stop()


def contents_of(root, *arguments):
    """What a server shows that is started on this root: a backup, or a copied root."""
    with served(root, *arguments) as connection:
        return contents(connection)


def difference(found, wanted):
    """In a few words what differs, empty when nothing does: rows are too many to print."""
    words = []
    for name in sorted(set(found) | set(wanted)):
        if name not in wanted:
            words.append(f"{name} should not be there")
        elif name not in found:
            words.append(f"{name} is missing")
        elif found[name][0] != wanted[name][0]:
            words.append(f"{name} has columns {found[name][0]}, not {wanted[name][0]}")
        elif found[name][1] != wanted[name][1]:
            more = [row for row in found[name][1] if row not in wanted[name][1]][:3]
            less = [row for row in wanted[name][1] if row not in found[name][1]][:3]
            words.append(
                f"{name} has {len(found[name][1])} rows, not {len(wanted[name][1])}:"
                f" too many {more}, missing {less}")
    return "; ".join(words)


def wait_until(question, seconds=30):
    """Asks again and again until the answer is true; returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.005)


def backup_row(connection, name):
    """The row of backups() with this name, as a dictionary; empty when there is none."""
    columns = ("id", "status", "progress", "error", "kind", "parent", "rows", "path", "lsn",
               "bytes_linked", "bytes_copied", "tables")
    rows = connection.query(
        f"SELECT {', '.join(columns)} FROM backups() WHERE name = '{name}' ORDER BY started_at DESC")
    return dict(zip(columns, rows[0])) if rows else {}


def wait_copying(connection, name):
    """Waits until a backup copies: its instant is fixed by then."""
    if not wait_until(
            lambda: "copying" in (backup_row(connection, name).get("progress") or "")):
        raise AssertionError(f"backup {name} does not copy: {backup_row(connection, name)}")


def wait_ended(connection, name):
    """Waits until a backup has come to an end, and returns its row."""
    if not wait_until(lambda: backup_row(connection, name).get("status") != "running"):
        raise AssertionError(f"backup {name} does not end: {backup_row(connection, name)}")
    return backup_row(connection, name)


def names_in(destination):
    """What lies in a destination of backups, without the files it keeps for itself."""
    kept = (".lock", ".reading", ".verified")
    return sorted(path.name for path in destination.iterdir() if path.name not in kept)
