#!/usr/bin/env bash
# Make the virtual environment, or mend it: an install that was stopped half-way, a Python that has gone, a checkout
# that was moved. An environment that is whole is brought to what pyproject.toml and constraints.txt ask for.
#
# Usage: scripts/create-venv.sh FOLDER      (PYTHON=... names the interpreter)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
bin=$venv/bin
[ "${OS:-}" != Windows_NT ] || bin=$venv/Scripts
unfinished=$venv/.unfinished

belongs_here() { # its scripts hold absolute paths
  "$bin/pip" --version 2>/dev/null | grep -qF "$([ "${OS:-}" = Windows_NT ] || pwd -P)"
}

if [ -e "$unfinished" ] || ! belongs_here; then
  python=${PYTHON:-$(scripts/find-python.sh)}
  if [ -z "$python" ]; then
    echo "Python 3.11 or newer is needed. Install it, or name it: make PYTHON=/path/to/python3" >&2
    exit 1
  fi
  echo "Making $venv with $("$python" --version) ($python)"
  "$python" -m venv --clear "$venv"
fi

echo "Installing napari-medassist and its tools into $venv (some minutes the first time)"
quiet=
[ -t 1 ] || quiet=-qq # a log need not hold pip's progress
touch "$unfinished"
if ! "$bin/python" -m pip install $quiet --log "$venv/pip.log" --disable-pip-version-check \
  --editable '.[pyqt6,dev]' --constraint constraints.txt; then
  echo "pip did not succeed; the end of $venv/pip.log:" >&2
  tail -n 25 "$venv/pip.log" >&2
  exit 1
fi
# The networks of nnU-Net, without what they ask for beside PyTorch: it would bring a second PyTorch along, unused.
"$bin/python" -m pip install $quiet --log "$venv/pip.log" --disable-pip-version-check --no-deps \
  dynamic-network-architectures --constraint constraints.txt
rm "$unfinished"
