#!/usr/bin/env bash
# All tests. Those that time the window run first, with nothing beside them; then those that open a window, and beside
# them all others in a second process, whose output and closing line come last.
# Usage: scripts/run-tests.sh PYTEST [ARGUMENT ...]
set -euo pipefail
cd "$(dirname "$0")/.."

"$@" -m calm

others=$(mktemp)
# With job control, since a background process would ignore Ctrl-C without it, which some tests send.
set -m
"$@" -m "not gui and not calm" >"$others" 2>&1 &
process=$!
set +m
trap 'kill "$process" 2>/dev/null || true; rm -f "$others"' EXIT
status=0
"$@" -m "gui and not calm" || status=1
wait "$process" || status=1
cat "$others"
exit "$status"
