#!/usr/bin/env bash
# Print the Python to make the virtual environment with: python3 where it is new enough, else the newest tested
# one that really runs (a pyenv shim may exist for a version that is not installed). Prints nothing if there is none.
set -euo pipefail

runs() { # runs COMMAND LOWEST HIGHEST
  "$1" -c "import sys; sys.exit(not ($2 <= sys.version_info[:2] <= $3))" 2>/dev/null
}

for candidate in python3 python3.13 python3.12 python3.11; do
  if runs "$candidate" "(3, 11)" "(3, 13)"; then
    command -v "$candidate"
    exit 0
  fi
done
for candidate in python3 python; do # newer than what is tested: still worth a try
  if runs "$candidate" "(3, 11)" "(4, 0)"; then
    command -v "$candidate"
    exit 0
  fi
done
