#!/usr/bin/env bash
# All tests. Those that time the window run first, with nothing beside them. Then those that open a window, a folder
# of them a process, and beside them all others in one process, whose output and closing line come last.
# Usage: scripts/run-tests.sh PYTEST [ARGUMENT ...]
set -euo pipefail
cd "$(dirname "$0")/.."

"$@" -m calm

others=$(mktemp)
trap 'rm -f "$others"' EXIT
"$@" -m "not gui and not calm" >"$others" 2>&1 &
process=$!
status=0
for folder in $(grep -rl --include='*.py' 'mark\.gui' tests | xargs -n 1 dirname | sort -u); do
  mapfile -t files < <(grep -l 'mark\.gui' "$folder"/*.py)
  "$@" -m "gui and not calm" "${files[@]}" || status=1
done
wait "$process" || status=1
cat "$others"
exit "$status"
