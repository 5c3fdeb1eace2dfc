#!/usr/bin/env bash
# Bring the plotly.js of the reports up to date, from the npm registry: the script as it is published, its
# licence, and the style rules that it would otherwise insert itself, which the pages' security policy forbids.
#
# Usage: scripts/update-plotly.sh [VERSION]        (needs npm and node; see docs/adr/0008-report.md)
set -euo pipefail
cd "$(dirname "$0")/../src/napari_medassist/evaluation/report/static"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && npm pack --silent "plotly.js-basic-dist-min@${1:-latest}" && tar xzf ./*.tgz)
tr -d '\r' <"$folder/package/plotly-basic.min.js" >plotly-basic.min.js
cp "$folder/package/LICENSE" LICENSE-plotly.txt

node -e '
const script = require("fs").readFileSync("plotly-basic.min.js", "utf8");
const start = script.indexOf("{\"X,X div\":");
const rules = eval("(" + script.slice(start, script.indexOf("}", start) + 1) + ")");
const selector = (text) => text.replace(/X/g, ".js-plotly-plot .plotly").replace(/Y/g, ".plotly-notifier");
const version = script.match(/plotly.js \([^)]*\) v([\d.]+)/)[1];
const lines = Object.entries(rules).filter(([name]) => !name.includes("cloud"));
console.log(`/* Style rules of plotly.js v${version}, see LICENSE-plotly.txt. Made by scripts/update-plotly.sh. */`);
for (const [name, rule] of lines) console.log(`${selector(name)} { ${rule} }`);
' >plotly.css
echo "plotly.js $(grep -o 'v[0-9.]*' plotly.css | head -1)"
