#!/usr/bin/env bash
# Runs the end-to-end tests against the binary named by the first argument.
set -euo pipefail
cd "$(dirname "$0")"
BASALT_BINARY="${1:?usage: run.sh PATH-OF-BASALT [PATH-OF-SLT]}"
slt=${2:-../../.build/debug/slt}
sql=$(cd ../SQL && pwd)
export BASALT_BINARY PYTHONDONTWRITEBYTECODE=1 SWIFT_BACKTRACE=enable=no

# All of them run, whatever the one before said.
status=0
echo "== golden files over the wire"
python3 golden_files.py own "$slt" "$sql" || status=1
echo "== golden files on PostgreSQL"
python3 golden_files.py postgres "$slt" "$sql/pg-compat" || status=1
echo "== the thin line"
python3 thin_line.py || status=1
echo "== every type"
python3 every_type.py || status=1
echo "== the process"
python3 process.py || status=1
echo "== ways out of damage"
python3 repair.py || status=1
echo "== the image without Docker"
python3 container.py || status=1
echo "== the README"
python3 readme.py || status=1
echo "== the pages for operators"
(cd ../.. && python3 Tests/EndToEnd/operations.py docs/operations/running.md \
    docs/operations/backup-and-restore.md) || status=1
echo "== the pages of SQL"
python3 sql_pages.py ../../docs/sql/statements.md || status=1
echo "== copies of a prepared root"
python3 snapshot.py || status=1
echo "== a mapped file that is cut"
python3 unreadable.py || status=1
echo "== kill -9"
python3 crash_loop.py --seconds "${CRASH_SECONDS:-20}" || status=1
echo "== COPY"
python3 copy_rows.py || status=1
echo "== soak"
python3 soak.py --seconds "${SOAK_SECONDS:-20}" || status=1
echo "== restore, on a server and without one"
python3 restore.py || status=1
echo "== backups while everything moves"
python3 backup_changes.py || status=1
echo "== backups in full, read-only and foreign places"
python3 backup_places.py || status=1
echo "== backups that somebody has tampered with"
python3 backup_hostile.py || status=1
echo "== drivers"
# Made once; without a network the system's own drivers are used, and what is missing is named.
drivers=../../.build/drivers
if [ ! -e "$drivers/made" ]; then
    python3 -m venv --system-site-packages "$drivers" &&
        timeout 180 "$drivers/bin/pip" install --quiet --retries 1 -r drivers.txt &&
        touch "$drivers/made" || echo "run: no drivers could be installed"
fi
python=python3
if [ -x "$drivers/bin/python3" ]; then python=$drivers/bin/python3; fi
"$python" drivers.py || status=1
echo "== backups of every shape"
python3 backup_shapes.py ${LARGE:+--large} || status=1
exit $status
