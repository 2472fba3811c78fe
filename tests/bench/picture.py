"""The results as one small SVG, legible on light and dark backgrounds. Measures nothing."""

import math
from xml.sax.saxutils import escape

WIDTH = 840
COLUMN, GAP, LEFT = 250, 25, 20
BAR, ROW = 14, 21
NAMES = ("nicup", "inadyn", "ddclient", "curl")
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.small { font-size: 11px; fill: #57606a }
.ours { fill: #0969da } .theirs { fill: #afb8c1 }
.axis { stroke: #8c959f; stroke-width: 1; fill: none }
.straight { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 3 3; fill: none }
.line { stroke: #0969da; stroke-width: 2; fill: none } .dot { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9198a1 }
.ours, .dot { fill: #4493f8 } .theirs { fill: #656c76 } .line { stroke: #4493f8 }
}
"""


def svg(found):
    body, bottom = [], 0
    for index, (title, unit, values) in enumerate(panels(found)):
        column, row = index % 3, index // 3
        x, y = LEFT + column * (COLUMN + GAP), 24 + row * 132
        body += bars(x, y, title, unit, values)
        bottom = max(bottom, y + 112)
    body.append(label(LEFT, bottom + 16, "nicup's instructions by the size of the task (both axes logarithmic; "
                      "dashed: in proportion)", "title"))
    for index, (name, line) in enumerate(found["growth"].items()):
        body += curve(LEFT + index * (COLUMN + GAP), bottom + 30, name, line)
    height = bottom + 230
    machine = found["machine"]
    body.append(label(LEFT, height - 10, f"one update, TLS 1.3, x86_64, {machine['roots']} roots unless it says otherwise; "
                      f"medians; tests/bench/run, {machine['date']}", "small"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-label="What an update costs: nicup, inadyn, ddclient and curl">\n<style>{STYLE}</style>\n'
            + "\n".join(body) + "\n</svg>\n")


def panels(found):
    """Titles, the format of a value, and a value for each client that has one."""
    everybody = {name: found["clients"][name] for name in NAMES}

    def of(kind, angle, factor=1):
        return {name: kinds[kind][angle].median * factor for name, kinds in everybody.items()}

    yield "Instructions", lambda v: f"{v:,.1f} M", of("bundle", "instructions", 1e-6)
    yield "Instructions, one root", lambda v: f"{v:,.1f} M", of("one", "instructions", 1e-6)
    yield "Peak memory", lambda v: f"{v:,.1f} MiB", of("bundle", "peak", 1 / 1024)
    yield "System calls", lambda v: f"{v:,.0f}", of("bundle", "calls")
    idle = {name: row["Anonymous"] / 1024 for name, row in found["idle"].items()}
    yield "Private memory while resident", lambda v: f"{v:,.2f} MiB", idle
    disk = {name: kinds["bundle"]["bytes"] / 1e6 for name, kinds in everybody.items()}
    yield "On disk, with what it loads", lambda v: f"{v:,.1f} MB", disk


def bars(x, y, title, unit, values):
    parts = [label(x, y, title, "title")]
    largest = max(values.values())
    room = COLUMN - 56 - 62
    for index, name in enumerate(name for name in NAMES if name in values):
        top = y + 10 + index * ROW
        width = max(1.5, room * values[name] / largest)
        kind = "ours" if name == "nicup" else "theirs"
        parts.append(label(x, top + BAR - 3, name))
        parts.append(f'<rect class="{kind}" x="{x + 56}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"/>')
        parts.append(label(x + 56 + width + 5, top + BAR - 3, unit(values[name])))
    return parts


def curve(x, y, name, line):
    sizes = sorted(line)
    costs = [line[size]["instructions"] for size in sizes]
    left, right, top, bottom = x + 8, x + COLUMN - 40, y + 24, y + 140
    low, high = math.log10(min(costs)) - 0.15, math.log10(max(max(costs), costs[0] * 10)) + 0.15

    def at(size, cost):
        share = math.log10(size / sizes[0]) / math.log10(sizes[-1] / sizes[0])
        return left + share * (right - left), bottom - (math.log10(cost) - low) / (high - low) * (bottom - top)

    points = [at(size, cost) for size, cost in zip(sizes, costs)]
    parts = [label(x, y + 10, name, "small")]
    parts.append(f'<path class="axis" d="M{left} {top}V{bottom}H{right}"/>')
    # Proportional from the largest size downwards, until it leaves the panel.
    begin = max(sizes[0], sizes[-1] * 10**low / costs[-1])
    (x1, y1), (x2, y2) = at(begin, costs[-1] * begin / sizes[-1]), points[-1]
    parts.append(f'<path class="straight" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>')
    parts.append('<path class="line" d="M' + "L".join(f"{px:.1f} {py:.1f}" for px, py in points) + '"/>')
    for (px, py), size, cost in zip(points, sizes, costs):
        parts.append(f'<circle class="dot" cx="{px:.1f}" cy="{py:.1f}" r="3"/>')
        parts.append(label(px + (4 if size == sizes[0] else -34), py - (13 if size == sizes[0] else 6), short(cost)))
        parts.append(label(px - 4 if size == sizes[0] else px - 14, bottom + 16, f"{size:,}", "small"))
    return parts


def short(cost):
    return f"{cost / 1e6:,.1f} M" if cost >= 1e6 else f"{cost / 1e3:,.0f} k"


def label(x, y, text, kind=None):
    chosen = f' class="{kind}"' if kind else ""
    return f'<text{chosen} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
