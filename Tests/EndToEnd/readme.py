"""Types the tour of the README, as it stands there, in namespaces of its own.

`make run` and `basalt serve` begin a server and end the one before; SQL goes into the psql of the
block above it; `# text` behind a command is what it must print. `make` itself is asked what it would
do: nothing is installed or built here.
"""

import pathlib
import re
import shutil
import sys
import tempfile

from operations import PROLOGUE, REPOSITORY, find_namespaces, run_begin
from server import BINARY, remove

FENCE = re.compile(r"^```(sh|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVERS = ("make run", ".build/release/basalt serve")
SURROUNDINGS = r"""
set -euo pipefail
ip link set lo up
cd "$WORK"
exec bash "$WORK/tour.sh"
"""
MAKE = r"""#!/bin/bash
# What `make run` ends with; the steps before it install and build.
set -euo pipefail
[ "$*" = run ]
command=$(/usr/bin/make -n -C "$REPOSITORY" run | sed -n 's/^exec //p')
exec $command
"""

CHECKS = r"""
export PGPASSWORD=quest
was_killed=
# Three rows, and one behind the backup.
nothing_is_lost() {
    [ -n "$was_killed" ] || return 0
    was_killed=
    [ "$(psql -h localhost -p 8812 -U admin -At qdb -c 'SELECT count(*) FROM trades')" = 4 ]
}
"""


def tour(text):
    parts = [PROLOGUE.replace("systemctl stop; ", ""), CHECKS]
    waiting = None
    for match in FENCE.finditer(text):
        kind, body = match.groups()
        parts.append(f'echo "@@ {text.count(chr(10), 0, match.start()) + 1}"')
        if kind == "sql":
            if waiting is None:
                raise SystemExit("SQL without a psql above it")
            parts.append(f"{waiting} -v ON_ERROR_STOP=1 <<'END'\n{body}END")
            waiting = None
            continue
        for line in body.splitlines():
            command, _, remark = (part.strip() for part in line.partition("  # "))
            if command == "make test":
                parts.append(f"/usr/bin/make -n -C {REPOSITORY} test >/dev/null")
            elif command.startswith(SERVERS):
                # Ctrl-C ends the one before, unless kill did.
                parts += [f"begin_background {command}", "nothing_is_lost"]
            elif command.startswith("psql") and " -c " not in command:
                waiting = command
            elif command.startswith("kill"):
                parts += [command, 'wait "$background" || true', "background=", "was_killed=yes"]
            elif command.startswith("psql"):
                parts.append(f'{command} | tee output\ngrep -qx " *{remark}" output')
            elif command:
                parts.append(command)
    return "\n".join(parts) + "\n"


def run(namespaces):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="basalt-tour-"))
    try:
        (folder / ".build" / "release").mkdir(parents=True)
        (folder / ".build" / "release" / "basalt").symlink_to(
            pathlib.Path(BINARY).resolve())
        (folder / "bin").mkdir()
        (folder / "bin" / "make").write_text(MAKE)
        (folder / "bin" / "make").chmod(0o755)
        text = (REPOSITORY / "README.md").read_text(encoding="utf8")
        (folder / "tour.sh").write_text(tour(text))
        (folder / "begin.sh").write_text(SURROUNDINGS)
        return run_begin(folder, namespaces)
    finally:
        remove(folder)


def main():
    namespaces, reason = find_namespaces()
    missing = [name for name in ("psql", "curl", "pgrep", "make") if not shutil.which(name)]
    if not namespaces or missing:
        print(f"SKIP README: {reason or 'missing here: ' + ', '.join(missing)}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    done = run(namespaces)
    if done.returncode != 0:
        print(f"README.md: the block at line {done.stdout.rpartition('@@ ')[2][:4000]}")
        print("0 passed, 1 failed, 0 skipped")
        return 1
    print("1 passed, 0 failed, 0 skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
