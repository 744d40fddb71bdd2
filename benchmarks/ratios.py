#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
"""Ratios of a release, and how those of a new run differ from them.

    ratios.py keep VERSION RESULTS.jsonl       writes benchmarks/ratios/VERSION.json
    ratios.py compare RESULTS.jsonl [KEPT]     with the last release's, or with the file KEPT

A report and no gate: its exit status is 0 whatever they are. On a noisy machine two runs of one program do, too.
"""

import json
import pathlib
import sys

import results

FOLDER = pathlib.Path(__file__).resolve().parent / "ratios"
CONDITIONS = ("farhold", "commit", "compiler", "build", "cpu", "topology", "kernel", "hypervisor", "mpi", "ucx", "ofi",
              "redis", "date", "load")
# What differs by less is not told: two runs of the same build do.
LEAST_CHANGE = 1.15


def ratios_of(path):
    made = {}
    for line in results.read(path):
        for body in line["bodies"]:
            if "ratio" in body:
                spread = [round(body["ratio"][name], 4) for name in ("p25", "median", "p75")]
                made[f"{line['comparison']}: {body['name']}, against {body['beside']}"] = spread
    return made


def keep(version, path):
    conditions = results.read(path)[-1]["conditions"]
    target = FOLDER / f"{version}.json"
    lines = [f"    {json.dumps(name)}: {json.dumps(spread)}" for name, spread in sorted(ratios_of(path).items())]
    kept = {name: conditions.get(name, "unknown") for name in CONDITIONS}
    target.write_text('{\n  "conditions": ' + json.dumps(kept, indent=4).replace("\n}", "\n  }") +
                      ',\n  "ratios, as p25, median, p75": {\n' + ",\n".join(lines) + "\n  }\n}\n", encoding="utf-8")
    print(f"{target}: {len(lines)} ratios")


def last_release():
    def number(path):
        return [int(part) if part.isdigit() else 0 for part in path.stem.split(".")]
    known = sorted(FOLDER.glob("*.json"), key=number)
    if not known:
        sys.exit(f"no ratios are kept in {FOLDER}")
    return known[-1]


def verdict(old, new):
    """Told only where the middle halves of both runs do not meet either."""
    if new[0] > old[2] and new[1] > old[1] * LEAST_CHANGE:
        return "slower"
    if new[2] < old[0] and new[1] * LEAST_CHANGE < old[1]:
        return "faster"
    return "as before"


def compare(path, kept_in):
    new = ratios_of(path)
    kept = json.loads(pathlib.Path(kept_in).read_text(encoding="utf-8"))
    old = kept["ratios, as p25, median, p75"]
    said = {"slower": [], "faster": [], "as before": []}
    for name in new:
        if name in old:
            said[verdict(old[name], new[name])].append(name)
    print(f"{path} against {pathlib.Path(kept_in).name} (load then {kept['conditions']['load']}): "
          f"{len(said['as before'])} ratios as before, {len(said['slower'])} slower, {len(said['faster'])} faster, "
          f"{len(new.keys() - old.keys())} new, {len(old.keys() - new.keys())} not measured")
    for what in ("slower", "faster"):
        for name in said[what]:
            print(f"  {what}: {name}: {old[name][1]:.3g} ({old[name][0]:.3g} … {old[name][2]:.3g}) "
                  f"-> {new[name][1]:.3g} ({new[name][0]:.3g} … {new[name][2]:.3g})")


def main(words):
    if len(words) == 3 and words[0] == "keep":
        keep(words[1], words[2])
    elif len(words) in (2, 3) and words[0] == "compare":
        compare(words[1], words[2] if len(words) == 3 else last_release())
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
