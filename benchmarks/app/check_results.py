#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
"""check_results.py RESULTS.jsonl: whether a quick run of `applications` on one host counted what it must. No times."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import results  # noqa: E402

MIB = 1 << 20
failed = []


def expect(right, what):
    if not right:
        failed.append(what)


lines = {line["comparison"]: line for line in results.read(sys.argv[1])}


def counted(comparison, body):
    if comparison not in lines:
        expect(False, f"no {comparison}")
        return {}
    for one in lines[comparison]["bodies"]:
        if one["name"] == body:
            return one.get("counted", {})
    expect(False, f"{comparison} has no body {body}")
    return {}


def of(comparison, body, what):
    value = counted(comparison, body).get(what)
    expect(value is not None, f"{comparison}, {body}: nothing counted as '{what}'")
    return -1 if value is None else value


PAYLOAD, LETTERS = "payload through the dispatcher, B", "letters through the dispatcher, B"
for size in ("256 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB", "256 KiB", "1 MiB"):
    name = f"relay/{size}"
    payload = of(name, "by value", PAYLOAD)
    expect(payload > 0 and payload % results.bytes_of(size) == 0, f"{name}: {payload} B by value")
    for body in ("by proxy", "by proxy, in place"):
        small = results.bytes_of(size) <= 1024  # such travel in the proxy
        through = of(name, body, PAYLOAD)
        expect(through == (payload if small else 0), f"{name}, {body}: {through} B of payload through the dispatcher")
    expect(of(name, "by file", PAYLOAD) == 0, f"{name}: payload through the dispatcher by file")
    if not small:
        expect(of(name, "by proxy", LETTERS) < of(name, "by value", LETTERS) / 8, f"{name}: proxies are large")
        expect(of(name, "by proxy", "resolved mapped by a consumer, B") > 0, f"{name}: not mapped")
        expect(of(name, "by proxy, in place", "resolved view by a consumer, B") > 0, f"{name}: no view")

resolved = "resolved mapped by a consumer, B"
expect(resolved not in counted("partial use/0 %", "by proxy"), "partial use: untouched proxies were resolved")
part, whole = (of(f"partial use/{share} %", "by proxy", resolved) for share in (50, 100))
expect(0 < part < whole, f"partial use: {part} B of {whole} B for half of the objects")

grown = "memory of a consumer, peak, B"
copies = {body: of("memory/16 MiB", body, grown) / (16 * MIB) for body in ("by value", "by proxy", "by proxy, in place")}
expect(0.8 < copies["by proxy"] < 1.5, f"memory: {copies['by proxy']:.2f} copies of a consumer by proxy")
expect(copies["by proxy, in place"] < 0.3, f"memory: {copies['by proxy, in place']:.2f} copies of a consumer in place")
expect(of("memory/16 MiB", "by value", "memory of the dispatcher, peak, B") > 8 * MIB, "memory: the peak is not seen")
expect(of("memory/16 MiB", "by proxy", "memory of the dispatcher, peak, B") < 4 * MIB, "memory: of the dispatcher")

for size in ("1 KiB", "64 KiB", "1 MiB"):
    bodies = [body["name"] for body in lines.get(f"fan-out/{size}", {"bodies": []})["bodies"]]
    expect(bodies == ["MPI_Bcast", "sent to each", "by proxy, in place", "by proxy"], f"fan-out/{size}: {bodies}")

for body in ("a store, not used", "published", "and read, mapped", "and read, window", "and read, service"):
    for what in ("processor time of the computing thread, % more", "processor time of other threads, % of a step",
                 "waits of the process per step", "preemptions of the process per step"):
        of("overlap/1 MiB a step", body, what)

if "insitu/96 columns" in lines:
    expect(of("insitu/96 columns", "by value", PAYLOAD) > 0, "insitu: by value")
    for body in ("by proxy", "by proxy, over MPI"):
        expect(of("insitu/96 columns", body, PAYLOAD) == 0, f"insitu: payload through the dispatcher {body}")
        expect(of("insitu/96 columns", body, "tokens through the dispatcher, B") > 0, f"insitu: no tokens {body}")

for what in ("farhold", "commit", "compiler", "cpu", "topology", "kernel", "mpi", "ucx", "ofi", "redis", "ranks", "load"):
    for name, line in lines.items():
        expect(line["conditions"].get(what), f"{name}: the condition '{what}' is not told")

for one in failed:
    print(f"FAILED: {one}")
print(f"{len(lines)} comparisons, {len(failed)} of what was counted is wrong")
sys.exit(1 if failed else 0)
