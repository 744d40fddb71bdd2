#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
"""The tables of README.md, out of what `rma_paths --json` appended.

    tables.py RESULTS.jsonl

A line per row and size, a column per path: up to 4 KiB the raw read's median and what farhold takes more in
nanoseconds, above the ratio of the times; each the median and the middle half of the rounds. Rows of several runs are
taken from the last one.
"""

import sys

import results

SUMS_UP_TO = 4096
COLUMNS = {
    "With `fast`, and beside mapped memory": ("mapped", "cma, fast", "window, fast"),
    "With `recheck`": ("cma, recheck", "window, recheck"),
}


def duration(ns):
    value, unit = (ns, "ns") if ns < 1000 else (ns / 1000, "µs") if ns < 1e6 else (ns / 1e6, "ms")
    return f"{value:.2g} {unit}" if value < 99.5 else f"{value:.0f} {unit}"


def quantiles(of, digits):
    low, middle, high = (f"{of[name]:.{digits}f}" for name in ("p25", "median", "p75"))
    return f"{middle} ({low} … {high})"


def cell(bodies, size, kind):
    raw, ours = bodies[0], next(body for body in bodies if body["name"].startswith("farhold"))
    raw = next((body for body in bodies if body["name"] == ours.get("beside")), raw)
    if kind != "cold" and results.bytes_of(size) <= SUMS_UP_TO:
        return f"{duration(raw['ns']['median'])} + {quantiles(ours['difference_ns'], 0)}"
    return quantiles(ours["ratio"], 2)


def print_table(title, ways, measured):
    rows = []
    for way, kind, size in measured:
        if way in ways and (kind, size) not in rows:
            rows.append((kind, size))
    if not rows:
        return
    rows.sort(key=lambda row: (("object", "array", "caller memory", "vector", "batch", "cold").index(row[0]),
                               results.bytes_of(row[1])))
    print(f"\n{title}:\n\n| row | {' | '.join(ways)} |\n|{'---|' * (len(ways) + 1)}")
    for kind, size in rows:
        cells = [cell(measured[way, kind, size], size, kind) if (way, kind, size) in measured else "" for way in ways]
        print(f"| {kind}/{size} | {' | '.join(cells)} |")


def print_flush(measured):
    print("\n`MPI_Get` and `MPI_Win_flush`, ratio to `MPI_Rget` and `MPI_Test`:\n\n| size | ratio |\n|---|---|")
    for (way, kind, size), bodies in measured.items():
        for body in bodies:
            if way == "window, fast" and kind == "array" and body["name"] == "raw, MPI_Get and flush":
                print(f"| {size} | {quantiles(body['ratio'], 2)} |")


def main(words):
    if len(words) != 2:
        sys.exit(__doc__)
    measured = {}
    for line in results.read(words[1]):
        way, kind, size = line["comparison"].rsplit("/", 2)
        if not kind.endswith(" threads"):
            measured[way, kind, size] = line["bodies"]
    for title, ways in COLUMNS.items():
        print_table(title, ways, measured)
    print_flush(measured)


if __name__ == "__main__":
    main(sys.argv)
