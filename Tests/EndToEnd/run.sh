#!/usr/bin/env bash
# Runs the end-to-end tests against the binary named by the first argument.
set -euo pipefail
cd "$(dirname "$0")"
BASALT_BINARY="${1:?usage: run.sh PATH-OF-BASALT}"
export BASALT_BINARY PYTHONDONTWRITEBYTECODE=1 SWIFT_BACKTRACE=enable=no
exec python3 thin_line.py
