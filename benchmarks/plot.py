#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
"""Pictures of what the benchmarks wrote with --json, as SVG and PNG, by gnuplot.

    plot.py RESULTS.jsonl FOLDER

Makes those of latency, bandwidth, relay and scaling for which there are results, and says which these are.
"""

import math
import pathlib
import re
import subprocess
import sys

import results

# The palette of M. Okabe and K. Ito, which people see apart who do not see red and green so. Each name has one colour
# in all pictures.
COLOURS = {"farhold": "#0072B2", "by proxy": "#0072B2", "by proxy, in place": "#56B4E9", "raw": "#555555",
           "by value": "#D55E00", "MPI_Bcast": "#555555", "sent to each": "#D55E00", "by file": "#CC79A7",
           "by Redis": "#009E73"}
DASHED = {"raw", "MPI_Bcast"}
# In pixels, as the fonts below have them.
PANEL_WIDTH, PANEL_HEIGHT, CHARACTER_WIDTH = 480, 360, 7.5


class Line:
    """A named row of points (x, low, middle, high)."""

    def __init__(self, name, points):
        self.name = name
        self.points = sorted(points)


class Panel:
    """`unit` is that of the upward axis; `x_ticks` are pairs of a value and its name."""

    def __init__(self, title, lines, x_label, unit, x_ticks):
        self.title, self.lines, self.x_label, self.unit, self.x_ticks = title, lines, x_label, unit, x_ticks


def heights_apart(wanted, least):
    """Positions of labels, in their order, so that no two are closer than `least`."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    made = list(wanted)
    for _ in range(100):
        for low, high in zip(order, order[1:]):
            short = least - (made[high] - made[low])
            if short > 1e-9:
                made[low] -= short / 2
                made[high] += short / 2
    return made


def with_prefix(value, unit):
    """0.00002 as "20 us"."""
    power = max(-9, min(12, 3 * math.floor(math.log10(value) / 3 + 1e-9)))
    return f"{value / 10 ** power:.3g} {'num kMGT'[power // 3 + 3].strip()}{unit}"


def y_ticks(bottom, top, unit):
    """Decades, and 2 and 5 between them where they would be few."""
    steps = (1,) if top - bottom > 2.5 else (1, 2, 5)
    values = [step * 10.0 ** power for power in range(math.floor(bottom), math.ceil(top) + 1) for step in steps]
    return [(value, with_prefix(value, unit)) for value in values if bottom <= math.log10(value) <= top]


def ticks(pairs):
    return "(" + ", ".join(f"{quoted(name)} {at}" for at, name in pairs) + ")"


def commands_of(panel, index):
    """gnuplot's for one panel. Both axes are logarithmic, the labels stand beside the ends of their lines."""
    values = [value for line in panel.lines for point in line.points for value in point[1:]]
    low, high = math.log10(min(values)), math.log10(max(values))
    bottom, top = low - 0.05 * (high - low) - 0.05, high + 0.05 * (high - low) + 0.05
    x_first = min(line.points[0][0] for line in panel.lines)
    x_last = max(line.points[-1][0] for line in panel.lines)
    decades = math.log10(x_last / x_first)
    room = max(len(line.name) for line in panel.lines) * CHARACTER_WIDTH / (PANEL_WIDTH - 100)
    x_to = x_last * 10 ** (decades * (room + 0.04) / (1 - room))
    said = [f"set title {quoted(panel.title)}", f"set xlabel {quoted(panel.x_label)}", "unset label",
            f"set xtics {ticks(panel.x_ticks)}", f"set ytics {ticks(y_ticks(bottom, top, panel.unit))}",
            f"set xrange [{x_first / 10 ** (0.03 * decades)}:{x_to}]", f"set yrange [{10 ** bottom}:{10 ** top}]"]
    ends = [line.points[-1] for line in panel.lines]
    heights = heights_apart([math.log10(end[2]) for end in ends], 0.065 * (top - bottom))
    plots = []
    for number, (line, end, height) in enumerate(zip(panel.lines, ends, heights)):
        data = f"$panel{index}line{number}"
        said += [f"{data} << END", *(" ".join(f"{value:.6g}" for value in point) for point in line.points), "END"]
        colour = COLOURS[line.name]
        dash = "dashtype 2" if line.name in DASHED else "dashtype 1"
        plots.append(f"{data} using 1:2:4 with filledcurves linecolor rgb '{colour}' fillstyle transparent solid 0.15")
        plots.append(f"{data} using 1:3 with linespoints linecolor rgb '{colour}' linewidth 2 {dash} pointtype 7 "
                     "pointsize 0.4")
        place = f"{end[0] * 10 ** (0.02 * decades)}, {10 ** height} left"
        said.append(f"set label {quoted(line.name)} at {place} textcolor rgb '{colour}'")
    said.append("plot " + ", \\\n  ".join(plots))
    return said


def quoted(text):
    return '"' + text.replace("\\", "").replace('"', "") + '"'


def draw(folder, name, title, panels, columns):
    rows = -(-len(panels) // columns)
    width, height = PANEL_WIDTH * columns, PANEL_HEIGHT * rows + 30
    said = ["set encoding utf8", "set logscale xy", "set grid linecolor rgb '#dddddd'", "set border 3",
            "set tics nomirror", "unset key"]
    for kind, terminal in (("svg", f"svg noenhanced size {width},{height} font 'sans,13' background rgb 'white'"),
                           ("png", f"pngcairo noenhanced size {width},{height} font 'sans,10'")):
        said += [f"set terminal {terminal}", f"set output {quoted(str(folder / name) + '.' + kind)}",
                 f"set multiplot layout {rows},{columns} title {quoted(title)}"]
        for index, panel in enumerate(panels):
            said += commands_of(panel, index)
        said += ["unset multiplot", "unset output"]
    subprocess.run(["gnuplot", "-"], input="\n".join(said) + "\n", text=True, check=True)
    print(f"{folder / name}: .svg and .png")


def size_ticks(sizes):
    """Some that are far enough apart for their names."""
    made = []
    least = (max(sizes) / min(sizes)) ** 0.19
    for size in (8, 64, 256, 1 << 10, 1 << 12, 1 << 16, 1 << 20, 1 << 24, 1 << 28):
        if min(sizes) <= size <= max(sizes) and (not made or size >= made[-1][0] * least):
            made.append((size, results.size_of(size)))
    return made


def spread(body, of):
    """Low, middle and high of the middle half of the rounds."""
    low, middle, high = (of(body["ns"][name]) for name in ("p25", "median", "p75"))
    return min(low, high), middle, max(low, high)


def paths(lines):
    """{path: {"farhold" or "raw": {size: body}}} of rma_paths, into recycled memory."""
    made = {}
    for line in lines:
        parts = re.fullmatch(r"(.+)/array/(.+)", line["comparison"])
        size = parts and results.bytes_of(parts[2])
        if size and "recheck" not in parts[1]:
            here = made.setdefault(parts[1].replace(", fast", ""), {"farhold": {}, "raw": {}})
            here["farhold"][size] = line["bodies"][-1]
            here["raw"][size] = next(body for body in line["bodies"] if body["name"] == line["bodies"][-1]["beside"])
    return {path: both for path, both in made.items() if len(both["farhold"]) > 1}


def draw_paths(lines, folder):
    by_path = paths(lines)
    if not by_path:
        return "latency, bandwidth: no results of rma_paths"
    for name, title, unit, of in (
            ("latency", "Time of one resolve, beside the raw read", "s", lambda ns, size: ns / 1e9),
            ("bandwidth", "Bandwidth of one resolve, beside the raw read", "B/s",
             lambda ns, size: size / ns * 1e9)):
        panels = []
        for path, both in by_path.items():
            rows = [Line(who, [(size, *spread(body, lambda ns, size=size: of(ns, size)))
                               for size, body in both[who].items()]) for who in ("farhold", "raw")]
            panels.append(Panel(path, rows, "size of the object", unit, size_ticks(both["raw"])))
        draw(folder, name, title, panels, len(panels))
    return None


def bodies_by(lines, prefix, x_of):
    """Lines of a picture: {name of the body: [(x, low, middle, high)]}, in seconds."""
    made = {}
    for line in lines:
        x = x_of(line)
        if line["comparison"].startswith(prefix) and x:
            for body in line["bodies"]:
                made.setdefault(body["name"], []).append((x, *spread(body, lambda ns: ns / 1e9)))
    return [Line(name, points) for name, points in made.items() if name in COLOURS and len(points) > 1]


def draw_relay(lines, folder):
    rows = bodies_by(lines, "relay/", lambda line: results.bytes_of(line["comparison"].rpartition("/")[2]))
    if not rows:
        return "relay: no results of applications"
    sizes = [point[0] for row in rows for point in row.points]
    draw(folder, "relay", "Producers, a dispatcher, consumers",
         [Panel("until the last consumer is done", rows, "size of an object", "s", size_ticks(sizes))], 1)
    return None


def draw_scaling(lines, folder):
    panels = []
    for size in ("64 KiB", "1 MiB"):
        rows = bodies_by([line for line in lines if line["comparison"] == f"fan-out/{size}"], "fan-out/",
                         lambda line: int(line["conditions"].get("ranks", 1)) - 1)
        if rows:
            counts = sorted({point[0] for row in rows for point in row.points})
            panels.append(Panel(f"one object of {size} to all", rows, "consumers", "s", [(n, str(n)) for n in counts]))
    if not panels:
        return "scaling: no results of the fan-out on different numbers of ranks"
    draw(folder, "scaling", "Fan-out, until the last consumer has looked at all of it", panels, len(panels))
    return None


def main(words):
    if len(words) != 2:
        sys.exit(__doc__)
    lines, folder = results.read(words[0]), pathlib.Path(words[1])
    folder.mkdir(parents=True, exist_ok=True)
    for one in (draw_paths, draw_relay, draw_scaling):
        missing = one(lines, folder)
        if missing:
            print(f"left out: {missing}")


main(sys.argv[1:])
