# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
"""Reads what the benchmarks write with --json."""

import json
import sys


def read(path):
    """The measured comparisons of a file, in their order. Of those that are there twice, with as many ranks, the last."""
    found = {}
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                one = json.loads(line)
                if "bodies" in one:
                    found[one["comparison"], one["conditions"].get("ranks")] = one
    except (OSError, ValueError) as problem:
        sys.exit(f"{path}: {problem}")
    if not found:
        sys.exit(f"{path}: nothing was measured")
    return list(found.values())


def bytes_of(size):
    """"64 KiB" as a number; None if it is no size."""
    number, _, unit = size.partition(" ")
    factor = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}.get(unit)
    return int(number) * factor if factor and number.isdigit() else None


def size_of(number):
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= factor:
            return f"{number // factor} {unit}"
    return f"{number} B"
