#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# reports_test.sh RESULTS FOLDER: what plot.py and ratios.py make of the quick set's results, which are in the folder
# RESULTS, and of figures made up here. The pictures of the quick set stay in FOLDER.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
results=$(realpath "$1")
pictures=$(realpath -m "$2")
work=$(mktemp -d)
quick=$work/quick.jsonl
cat "$results"/*.jsonl >"$quick"
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
says() { grep -qF -- "$1" "$2" || fail "'$1' is not in $2: $(head -c 2000 "$2")"; }

# made_up PATH SIZE RAW_NS FARHOLD_NS: as rma_paths writes it.
made_up() {
  python3 - "$@" <<'END'
import json, sys
path, size, raw, farhold = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
spread = lambda x: {"p10": x * 0.8, "p25": x * 0.9, "median": x, "p75": x * 1.1, "p90": x * 1.2}
print(json.dumps({"comparison": f"{path}/{size}", "conditions": {"farhold": "0", "load": "0.1"}, "bodies": [
    {"name": "raw", "ns": spread(raw)},
    {"name": "farhold", "ns": spread(farhold), "beside": "raw", "ratio": spread(farhold / raw)}]}))
END
}
{
  made_up "mapped/array" "8 B" 3 130
  made_up "mapped/array" "64 KiB" 1000 1170
  made_up "mapped/array" "16 MiB" 5000000 5100000
} >made_up.jsonl

# Ratios: the same are as before, others are told, and no ratio fails anything.
cp -r "$here"/ratios.py "$here"/results.py .
mkdir ratios
./ratios.py keep 0.0.9 made_up.jsonl
./ratios.py keep 0.0.10 made_up.jsonl
./ratios.py compare made_up.jsonl >same.txt
says "against 0.0.10.json" same.txt
says "3 ratios as before, 0 slower, 0 faster, 0 new, 0 not measured" same.txt
{
  made_up "mapped/array" "8 B" 3 1300
  made_up "mapped/array" "64 KiB" 1000 500
  made_up "mapped/array" "1 KiB" 10 100
} >other.jsonl
./ratios.py compare other.jsonl ratios/0.0.9.json >other.txt
says "0 ratios as before, 1 slower, 1 faster, 1 new, 1 not measured" other.txt
says "slower: mapped/array/8 B: farhold, against raw: 43.3" other.txt
echo "no JSON" >bad.jsonl
if ./ratios.py compare bad.jsonl 2>bad.txt; then fail "bad input is taken"; fi
says "bad.jsonl" bad.txt
# What is kept of the last release is of this program.
"$here/ratios.py" compare "$quick" >release.txt
says "ratios as before" release.txt
cat release.txt

if ! command -v gnuplot >/dev/null; then
  echo "skipped: there is no gnuplot (scripts/install-deps.sh installs it)"
  [[ ${CI-} == true ]] && fail "under CI=true that is a failure"
  exit 0
fi
"$here/plot.py" "$quick" "$pictures" >plots.txt
if grep "left out" plots.txt; then fail "the quick set makes all pictures"; fi
for name in latency bandwidth relay scaling; do
  [[ $(head -c 4 "$pictures/$name.png" | tail -c 3) == PNG ]] || fail "no picture $name.png"
  says "<svg" "$pictures/$name.svg"
done
# Lines are labelled where they are.
for label in "by proxy" "by value" "by file"; do says "$label" "$pictures/relay.svg"; done
for label in farhold raw; do says "$label" "$pictures/latency.svg"; done
says "MPI_Bcast" "$pictures/scaling.svg"
# Without results there is no picture, and the reason is told.
"$here/plot.py" made_up.jsonl some >plots.txt
says "left out: scaling" plots.txt
says "left out: relay" plots.txt
echo "reports: ok"
