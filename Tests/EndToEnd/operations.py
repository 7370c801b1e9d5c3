"""Runs the commands of a page of documentation, as they stand there.

    operations.py PAGE...

A fenced block whose first word is `sh` is run by bash, in the order of the page, in namespaces of its
own: its ports, processes, /var/lib, /srv, /etc/default, /etc/systemd/system and /usr/bin/basalt are
nobody else's. A second word says more: `background` is a server that runs until the next one, `docker`
and `volume` need what few machines have, `snapshot` needs a server that knows SNAPSHOT. What cannot be
run prints SKIP with the reason. `# => text` behind a command is what it must print. systemctl,
journalctl and crontab are stood in for by the closest thing: the unit's own ExecStart, its log, and
the lines' commands, run once.
"""

import functools
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

from server import BINARY, remove

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 300
FENCE = re.compile(r"^```sh *(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Runs first in the new namespaces: private copies of the places a page writes to.
SURROUNDINGS = r"""
set -euo pipefail
ip link set lo up
mount -t tmpfs tmpfs /srv
mount -t tmpfs tmpfs /var/lib
for place in /etc/default /etc/systemd/system; do
    [ -d "$place" ] || continue
    mount -t tmpfs tmpfs "$place"
done
mkdir -p /var/lib/basalt /srv/backup /srv/elsewhere
cd "$WORK"
exec bash "$WORK/page.sh"
"""

SYSTEMCTL = r"""#!/bin/bash
# Stands in for systemd: runs the ExecStart of the unit, with its environment, and ends it by SIGTERM.
set -euo pipefail
unit=$REPOSITORY/conf/basalt.service
log=$WORK/journal
pid_file=$WORK/pid
value() { sed -n "s/^$1=//p" "$unit"; }

start() {
    local began=0
    [ ! -e "$log" ] || began=$(wc -l <"$log")
    (
        export $(value Environment)
        set -a
        [ ! -e /etc/default/basalt ] || . /etc/default/basalt
        set +a
        umask "$(value UMask)"
        read -r -a command <<<"$(value ExecStart)"
        [ "${command[0]}" = /usr/bin/basalt ]
        exec basalt "${command[@]:1}" >>"$log" 2>&1 </dev/null
    ) &
    echo $! >"$pid_file"
    for _ in $(seq 300); do
        if tail -n +$((began + 1)) "$log" 2>/dev/null | grep -q " server ready"; then return; fi
        kill -0 "$(cat "$pid_file")" 2>/dev/null || break
        sleep 0.1
    done
    cat "$log" >&2
    exit 1
}

stop() {
    [ -e "$pid_file" ] || return 0
    local pid
    pid=$(cat "$pid_file")
    rm "$pid_file"
    kill -TERM "$pid" 2>/dev/null || return 0
    for _ in $(seq 600); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    exit 1
}

case "$1" in
    daemon-reload) ;;
    enable) start ;;
    start) start ;;
    stop) stop ;;
    restart) stop; start ;;
    reload)
        before=$(grep -c "reloaded" "$log" || true)
        kill -HUP "$(cat "$pid_file")"
        for _ in $(seq 100); do
            [ "$(grep -c "reloaded" "$log" || true)" = "$before" ] || exit 0
            sleep 0.1
        done
        exit 1 ;;
    *) exit 1 ;;
esac
"""

JOURNALCTL = """#!/bin/bash
cat "$WORK/journal"
"""

# What a crontab would run is run once, by the shell that cron would take.
CRONTAB = """#!/bin/bash
set -euo pipefail
table=$WORK/crontab
if [ "${1:-}" = -l ]; then cat "$table" 2>/dev/null || true; exit; fi
cat >"$table"
while read -r _ _ _ _ _ command; do /bin/sh -c "$command"; done <"$table"
"""

# Users are not made here: files of one's own belong to the one who runs this.
NOTHING = "#!/bin/bash\n"
INSTALL = """#!/bin/bash
arguments=()
while [ $# -gt 0 ]; do
    case "$1" in -o | -g) shift ;; *) arguments+=("$1") ;; esac
    shift
done
# The program under test stands in for one that was installed.
case "${arguments[*]}" in *.build/release/basalt*) exit 0 ;; esac
exec /usr/bin/install "${arguments[@]}"
"""

STAND_INS = {
    "systemctl": SYSTEMCTL, "journalctl": JOURNALCTL, "crontab": CRONTAB, "useradd": NOTHING,
    "chown": NOTHING, "install": INSTALL,
}

PROLOGUE = r"""
set -euo pipefail
background=
end_background() {
    [ -n "$background" ] || return 0
    kill -TERM "$background" 2>/dev/null || true
    wait "$background" || true
    background=
}
begin_background() {
    end_background
    # Emptied here: the child may come to it after the first look for "ready".
    : >"$WORK/background.log"
    "$@" >"$WORK/background.log" 2>&1 </dev/null &
    background=$!
    for _ in $(seq 300); do
        if grep -q " server ready" "$WORK/background.log"; then return; fi
        kill -0 "$background" 2>/dev/null || break
        sleep 0.1
    done
    cat "$WORK/background.log" >&2
    return 1
}
knows_snapshot() { psql -c "SNAPSHOT COMPLETE" >/dev/null 2>&1; }
expect() {
    if [ "$(cat "$WORK/output")" != "$1" ]; then
        echo "expected \"$1\", found: $(cat "$WORK/output")"
        return 1
    fi
}
trap 'status=$?; end_background; systemctl stop; exit $status' EXIT
"""


def blocks(text):
    for match in FENCE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)


def checked(body):
    """Turns `command  # => text` into a command whose output is compared."""
    lines = []
    for line in body.splitlines():
        found = re.match(r"^(.*?)\s+# => (.*)$", line)
        if found:
            lines.append(f'{found[1]} >"$WORK/output"; cat "$WORK/output"; expect "{found[2]}"')
        else:
            lines.append(line)
    return "\n".join(lines)


def script(text):
    """The page as one script, with a marker before each block."""
    parts = [PROLOGUE]
    for line, kind, body in blocks(text):
        parts.append(f'echo "@@ {line}"')
        if kind == "docker" and not has_docker():
            parts.append(f"echo 'SKIP line {line}: no running docker here'")
        elif kind == "volume":
            parts.append(f"echo 'SKIP line {line}: no volume manager here'")
        elif kind == "background":
            parts.append(f"systemctl stop\nbegin_background {body.strip()}")
        elif kind == "snapshot":
            parts.append(
                f"if knows_snapshot; then\n{checked(body)}\nelse\n"
                f"echo 'SKIP line {line}: the server does not know SNAPSHOT'\nfi")
        elif kind == "docker" or not kind:
            # A server of the page's own ends before the unit's comes back.
            if "systemctl" in body:
                parts.append("end_background")
            parts.append(checked(body))
        else:
            raise SystemExit(f"line {line}: unknown kind of block {kind!r}")
    return "\n".join(parts) + "\n"


@functools.cache
def has_docker():
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], capture_output=True).returncode == 0


def make_programs(folder):
    folder.mkdir()
    for name, text in STAND_INS.items():
        path = folder / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    (folder / "basalt").symlink_to(pathlib.Path(BINARY).resolve())


def run(page, namespaces):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="basalt-page-"))
    try:
        make_programs(folder / "bin")
        (folder / "conf").symlink_to(REPOSITORY / "conf")
        text = pathlib.Path(page).read_text(encoding="utf8")
        (folder / "page.sh").write_text(script(text))
        (folder / "begin.sh").write_text(SURROUNDINGS)
        return judge(page, text, run_begin(folder, namespaces))
    finally:
        remove(folder)


def run_begin(folder, namespaces):
    """Runs the folder's begin.sh to its end, with the programs of its bin/ before all others."""
    # What surrounds these tests must not tell the page's commands where to connect.
    values = {
        name: value for name, value in os.environ.items()
        if not name.startswith(("PG", "BASALT_", "QDB_", "MAKE"))}
    values.update(
        WORK=str(folder), REPOSITORY=str(REPOSITORY), SWIFT_BACKTRACE="enable=no",
        PATH=f"{folder}/bin:{os.environ['PATH']}:/usr/sbin:/sbin")
    return subprocess.run(
        [*namespaces, "bash", str(folder / "begin.sh")], env=values, timeout=SECONDS,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def judge(page, text, done):
    """Prints what was skipped or failed; returns counts of blocks passed, failed and skipped."""
    name = pathlib.Path(page).name
    skipped = re.findall(r"^SKIP line .*$", done.stdout, re.MULTILINE)
    for line in skipped:
        print(f"{line.replace('SKIP ', f'SKIP {name} ', 1)}")
    total = len(list(blocks(text)))
    if done.returncode == 0:
        return total - len(skipped), 0, len(skipped)
    parts = done.stdout.rpartition("@@ ")
    print(f"{name}: the block at line {parts[2][:4000]}")
    begun = len(re.findall(r"^@@ ", done.stdout, re.MULTILINE))
    return max(begun - 1 - len(skipped), 0), 1, len(skipped)


def find_namespaces():
    """How to get namespaces here, or why not."""
    common = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), *common]
    if not shutil.which("unshare") or not shutil.which("ip"):
        return None, "unshare (util-linux) or ip (iproute2) is missing"
    probe = subprocess.run(
        [*command, "sh", "-c", "ip link set lo up && mount -t tmpfs tmpfs /srv"],
        capture_output=True, text=True)
    return (command, None) if probe.returncode == 0 else (None, probe.stderr.strip())


def main():
    pages = sys.argv[1:]
    if not pages:
        sys.exit(__doc__)
    namespaces, reason = find_namespaces()
    if not namespaces:
        print(f"SKIP pages: no namespaces here: {reason}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    for program in ("psql", "curl", "rsync"):
        if not shutil.which(program):
            print(f"SKIP pages: {program} is missing")
            print("0 passed, 0 failed, 1 skipped")
            return 0
    counts = [run(page, namespaces) for page in pages]
    passed, failed, skipped = (sum(count[index] for count in counts) for index in range(3))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
