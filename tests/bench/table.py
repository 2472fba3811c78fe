"""The results as Markdown. Measures nothing."""

import guard
import resident
import scale

ORDER = ("nicup", "inadyn", "ddclient", "curl")


def text(found):
    parts = [head(found), updates(found), sizes(found), stays(found), unchanged(found), growth(found)]
    if found["mips"]:
        parts.append(router(found))
    parts.append(notes(found))
    return "\n".join(parts)


def grid(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def ranged(found, form):
    """The median, and the range if there is one; the unit is in the column's head."""
    low, middle, high = form(found.low), form(found.median), form(found.high)
    return middle if low == high else f"{middle} ({low} to {high})"


def count(value):
    return f"{value:,.0f}"


def millions(value):
    return f"{value / 1e6:,.2f}"


def milliseconds(value):
    return f"{value * 1000:,.{1 if value < 0.1 else 0}f}"


def head(found):
    machine = found["machine"]
    return f"""# What an update costs

Written by `tests/bench/run` on {machine['date']} of {machine['commit']}; do not edit it.

One host, one update, from a start without any state to the end of the process, with the same noip-simulator: TLS 1.3, a
P-256 certificate, the same network namespace, names from a file. nicup is the static program that openwrt/build makes for
x86_64. The others are from {machine['system']}. All clients detect the address on the same device,
except curl, which is configured with it. The numbers are medians, with the range in brackets.

{machine['cores']} cores, {machine['model']}, Linux {machine['kernel']}, load {machine['load']:.2f} at the start. Noise: of 50
runs of one computation, the slowest took {machine['noise']:.1f} times as long as the fastest. Times depend on this noise,
instructions and calls do not.
"""


def updates(found):
    parts = []
    roots = found["machine"]["roots"]
    for kind, title in (("bundle", f"With the system's CA bundle, {roots} roots and the simulator's"),
                        ("one", "With a CA file of one certificate")):
        rows = []
        for name in ORDER:
            row = found["clients"][name][kind]
            far = [ranged(row["far"], milliseconds), f"{row['trips']:.1f}"] if "trips" in row else ["-", "-"]
            rows.append([found["names"][name], ranged(row["instructions"], millions), ranged(row["cpu"], milliseconds),
                         ranged(row["peak"], count), ranged(row["calls"], count), count(row["processes"].median),
                         ranged(row["near"], milliseconds), *far])
        columns = ["", "M instructions", "CPU, ms", "peak, KiB", "system calls", "processes started", "time, ms",
                   "at 50 ms round trip", "round trips"]
        parts.append(f"## {title}\n\n{grid(columns, rows)}")
    return "\n".join(parts)


def sizes(found):
    rows = []
    for name in ORDER:
        row = found["clients"][name]["bundle"]
        rows.append([found["names"][name], count(row["files"]), count(row["bytes"]), count(row["bytes_without_libc"])])
    return "## On disk\n\n" + grid(["", "files", "bytes", "without the C library"], rows)


def stays(found):
    rows = []
    for name, row in found["idle"].items():
        reaction = found["reactions"][name]
        times = reaction["times"]
        if reaction["interval"] is None:
            sees = "as it happens"
            at_default = f"{times.median:.2f} s ({times.low:.2f} to {times.high:.2f})"
        else:
            poll = reaction["default"]
            own = f"{times.median:.1f} s ({times.low:.1f} to {times.high:.1f}) when every {reaction['interval']} s"
            sees = f"every {poll} s"
            at_default = f"{poll / 2:.0f} s on average, up to {poll} s; measured {own}"
        rows.append([found["names"][name], count(row["Anonymous"]), count(row["Rss"]), f"{row['wakes']:.1f}", sees, at_default])
    return "## Resident\n\n" + grid(
        ["", "private, KiB", "RSS, KiB", "wake-ups a minute", "looks for a new address", "from the change to the request"], rows)


def unchanged(found):
    row = found["unchanged"]
    cells = [ranged(row["instructions"], count), ranged(row["calls"], count), ranged(row["peak"], count),
             count(row["processes"].median)]
    return "## nicup with nothing to do\n\nA pass that finds every host current and sends nothing.\n\n" + grid(
        ["", "instructions", "system calls", "peak, KiB", "processes started"],
        [[found["names"]["nicup"], *cells]])


def growth(found):
    parts = ["## Growth\n\nnicup's cost by the size of the task; the last column is the cost per item at the largest size,\n"
             f"divided by that at the middle size. The limit is {scale.MOST}.\n"]
    for name, line in found["growth"].items():
        by = [size for size in sorted(line)]
        cells = [f"{line[size]['instructions']:,.0f}, {line[size]['peak']:,.0f} KiB" for size in by]
        parts.append(grid([name, *map(count, by), "growth"],
                          [["instructions, peak", *cells, f"{scale.growth(line):.2f}"]]))
    return "\n".join(parts)


def router(found):
    mips, rows = found["mips"], []
    for kind, roots in (("bundle", f"{found['machine']['roots'] + 1} roots"), ("one", "one root")):
        for name in ("nicup", "inadyn"):
            row, disk = mips["rows"][name, kind], mips["disk"][name]
            rows.append([f"{name}, {roots}", ranged(row["instructions"], millions), ranged(row["cpu"], milliseconds),
                         ranged(row["peak"], count), count(disk["bytes"]), count(disk["squashfs"])])
    spread = max(100 * (row["instructions"].high / row["instructions"].low - 1) for row in mips["rows"].values())
    return f"""## In a MIPS router

The same update in `tests/vm`'s virtual router: an emulated 24Kc with 64 MB, Debian's kernel, Debian's inadyn for mipsel.
qemu counts the instructions, including the kernel's for the process, and they repeat within {spread:.2f} %; CPU is their
time at 500 MHz and one instruction per cycle, and memory makes a real router slower. Bytes of inadyn include its libraries
without the C library; nicup's include it. With the whole bundle, inadyn takes {mips['ratio']:.1f} times as many instructions
as nicup.

""" + grid(["", "M instructions", "CPU, ms", "peak, KiB", "bytes", "in squashfs"], rows)


def notes(found):
    """What these numbers do not show."""
    unit = found["machine"]["round_trip"]
    line = ("There was no line with a delay, because TUN devices are not allowed here." if unit is None else
            f"The line with a delay is a TUN device in user space, 25 ms each way; a connection over it took\n"
            f"  {1000 * unit:.1f} ms, which counts as one round trip.")
    return f"""## How to read it

- Instructions: in user space, of all processes, counted by valgrind. CPU: user and system time, from getrusage.
- Peak memory: the high-water mark of the resident set at the end of each process, summed over concurrent processes.
- Bytes: programs, libraries and Perl modules loaded in a trace of the run, without configuration and CA bundle. nicup's
  file includes its C library.
- {line}
  Round trips: the difference of the fastest runs with and without it, divided by that.
- nicup is configured with `option device`. With `option interface`, each pass starts `ubus` once to get the device from netifd.
- curl is configured with the address and keeps no records: it shows the least that a common library needs, and is no client.
- inadyn and ddclient support more services than No-IP, and Debian builds them for large machines.
- Wake-ups are context switches in {resident.IDLE} s, with the default intervals. Private memory is anonymous memory.
- Goals: `tests/bench/run guard` checks them: {len(guard.GOALS)} of a pass, and those of memory at rest, round trips, growth
  and size. Missed goals: {'; '.join(found['missed']) or 'none'}.
"""
