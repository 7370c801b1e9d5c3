"""Runs the SQL of pages of documentation with psql, as it stands there.

    sql_pages.py PAGE...

The blocks of a page marked `sql` run one after another in one session on a new server; the first
error fails the page.
"""

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
        server = Server(pathlib.Path(root) / "root").wait_ready()
        server.follow()
        try:
            client = server.begin_psql(options=("-q", "-f", "-"), stdin=subprocess.PIPE)
            _, errors = client.communicate("\n".join(blocks))
        finally:
            server.stop()
    if client.returncode != 0:
        raise SystemExit(f"{page}: {errors}")
    return len(blocks)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: {run(pathlib.Path(name))} blocks run", flush=True)
