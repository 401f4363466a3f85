#!/usr/bin/env bash
# Make the virtual environment $2 with interpreter $1 from the lock file, and install this checkout into it.
set -euo pipefail
python=$1 venv=$2
cd "$(dirname "$0")/.."
"$python" - <<'PY' || { echo "setup: expected Python 3.11 to 3.13 as PYTHON, got: $("$python" --version 2>&1)" >&2; exit 2; }
import sys
sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))
PY
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  bash scripts/system-packages.sh python3-venv
fi
echo "setup: installing the locked packages into $venv (once, about a minute) ..." >&2
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
