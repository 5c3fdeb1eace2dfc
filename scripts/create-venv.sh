#!/usr/bin/env bash
# Make the virtual environment, or mend it: an install that was stopped half-way, or whose Python has gone.
#
# Usage: scripts/create-venv.sh FOLDER      (PYTHON=... names the interpreter)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
bin=$venv/bin
[ "${OS:-}" != Windows_NT ] || bin=$venv/Scripts

is_whole() { # false too in a checkout that was moved or copied: scripts in a venv hold absolute paths
  "$bin/pip" --version 2>/dev/null | grep -qF "$([ "${OS:-}" = Windows_NT ] || pwd -P)"
}

if ! is_whole; then
  python=${PYTHON:-$(scripts/find-python.sh)}
  if [ -z "$python" ]; then
    echo "Python 3.11 or newer is needed. Install it, or name it: make PYTHON=/path/to/python3" >&2
    exit 1
  fi
  echo "Making $venv with $("$python" --version) ($python)"
  "$python" -m venv --clear "$venv"
fi
echo "Installing napari-medassist and its tools into $venv (some minutes the first time)"
"$bin/python" -m pip install --quiet --disable-pip-version-check \
  --editable '.[pyqt6,dev]' --constraint constraints.txt
