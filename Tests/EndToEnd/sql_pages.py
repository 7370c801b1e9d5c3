"""Runs the SQL of pages of documentation with psql, as it stands there.

    sql_pages.py PAGE...

The blocks of a page marked `sql` run one after another in one session on a new server; the first
error fails the page.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

from server import Server

BLOCK = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(page):
    """The number of blocks that ran; raises with psql's words when one did not."""
    blocks = BLOCK.findall(page.read_text())
    if not blocks:
        raise SystemExit(f"{page}: no block marked sql")
    with tempfile.TemporaryDirectory(prefix="basalt-sql-") as root:
        server = Server(os.environ["BASALT_BINARY"], pathlib.Path(root) / "root").wait_ready()
        server.follow()
        try:
            done = subprocess.run(
                ["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(server.ports["postgres"]), "-U",
                 "admin", "-d", "qdb", "-v", "ON_ERROR_STOP=1", "-f", "-"],
                env=dict(os.environ, PGPASSWORD="quest", PGSSLMODE="disable"),
                input="\n".join(blocks), capture_output=True, text=True)
        finally:
            server.stop()
    if done.returncode != 0:
        raise SystemExit(f"{page}: {done.stderr}")
    return len(blocks)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: {run(pathlib.Path(name))} blocks run", flush=True)
