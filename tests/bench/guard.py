"""The guard: checks that no cost grows unnoticed, and that the goals are met. Fast enough for every run of the tests.

baseline contains the numbers of the last deliberate change, one `name value` per line.
"""

import time
from pathlib import Path

import measure
import passes
import resident
import scale
import world
from clients import Nicup
from measure import Range

BASELINE = Path(__file__).with_name("baseline")
UPDATE = "if that is meant, run `tests/bench/run baseline` and commit tests/bench/baseline with the change"
BINARY_GROWTH, PASS_GROWTH = 1.02, 1.05
RUNS = 5
MIPSEL = "mipsel-unknown-linux-musl"

# nicup's goals: a pass and an angle, and the limit.
GOALS = {
    ("unchanged", "instructions"): 310_000,
    ("unchanged", "calls"): 39,
    ("unchanged", "processes"): 0,
    ("one", "instructions"): 3_450_000,
    ("bundle", "instructions"): 4_250_000,
    ("one", "calls"): 100,
    ("bundle", "calls"): 100,
    ("one", "peak"): 1500,
    ("bundle", "peak"): 1500,
    ("one", "processes"): 0,
    ("bundle", "processes"): 0,
}
ROUND_TRIPS = 3
IDLE_PRIVATE = 200  # KiB
# The goals are 1,048,576 and 400,000: openwrt/sizes.md says what exceeds them.
MIPSEL_BYTES, MIPSEL_SQUASHFS = 1_130_000, 433_000
UNITS = {
    "instructions": "instructions",
    "calls": "system calls",
    "processes": "processes started",
    "peak": "KiB at the peak",
}


class Verdicts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def judge(self, good, text, otherwise=""):
        if good:
            self.passed += 1
            print(f"ok    {text}")
        else:
            self.failed += 1
            print(f"FAIL  {text}{otherwise and '; '}{otherwise}")

    def skip(self, text):
        self.skipped += 1
        print(f"SKIP  {text}")

    def closing(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return self.failed == 0


def baseline():
    lines = (line.split() for line in BASELINE.read_text().splitlines() if line and not line.startswith("#"))
    return {name: int(value) for name, value in lines}


def measured(place, server, program):
    """Everything that the guard compares, and all costs."""
    costs = {kind: passes.Pass(place, server, program, kind).costs(RUNS) for kind in passes.KINDS}
    numbers = {"binary-bytes": program.stat().st_size, "bundle-bytes": world.BUNDLE.stat().st_size}
    for kind, cost in costs.items():
        numbers[f"{kind}-instructions"] = int(cost["instructions"].median)
        numbers[f"{kind}-calls"] = int(cost["calls"].median)
    other = mipsel(program)
    if other:
        numbers["mipsel-bytes"] = other.stat().st_size
    return numbers, costs


def mipsel(program):
    """The mipsel build beside this one, or None if it is missing or older than the sources."""
    other = program.with_name(program.name.replace("x86_64-unknown-linux-musl", MIPSEL))
    if other == program or not other.exists():
        return None
    sources = [*(world.TOP / "src").rglob("*.rs"), *(world.TOP / name for name in ("Cargo.toml", "Cargo.lock", "cross.toml", "openwrt/build"))]
    return other if other.stat().st_mtime >= max(file.stat().st_mtime for file in sources) else None


def write(numbers):
    kept = baseline() if BASELINE.exists() else {}
    head = ("# What one pass of the static x86_64 build costs, and how large it is. Written by `tests/bench/run baseline`,\n"
            "# compared by `tests/bench/run guard`. Instructions are valgrind's, so they count user space only.\n")
    numbers = {**kept, **numbers}
    BASELINE.write_text(head + "".join(f"{name} {numbers[name]}\n" for name in sorted(numbers)))


def compare(verdicts, numbers):
    """Compares with the numbers of the last deliberate change."""
    if not BASELINE.exists():
        verdicts.judge(False, "there is no tests/bench/baseline", "run `tests/bench/run baseline`")
        return
    old = baseline()
    # The cost of another bundle is proportional to its length.
    longer = numbers["bundle-bytes"] / old["bundle-bytes"]
    old["bundle-instructions"] = round(
        old["one-instructions"] + (old["bundle-instructions"] - old["one-instructions"]) * max(1, longer))
    for name in sorted(old):
        if name == "bundle-bytes":
            continue
        if name not in numbers:
            verdicts.skip(f"{name}: openwrt/build has not built it of these sources")
            continue
        most = old[name] * (BINARY_GROWTH if name.endswith("-bytes") else PASS_GROWTH)
        grown = 100 * numbers[name] / old[name] - 100
        verdicts.judge(numbers[name] <= most, f"{name}: {numbers[name]:,}, {grown:+.1f} % against {old[name]:,}", UPDATE)


def goals(verdicts, costs):
    for (kind, angle), most in GOALS.items():
        found = costs[kind][angle]
        text = (f"{passes.TITLES[kind]}: {found.median:,.0f} {UNITS[angle]} ({found.low:,.0f} to {found.high:,.0f}),"
                f" at most {most:,}")
        verdicts.judge(found.median <= most, text)


def round_trips(verdicts, place, server, program):
    if not place.far:
        verdicts.skip("round trips: no TUN device is allowed here")
        return
    update = passes.Pass(place, server, program, "one")
    near = Range([update.run(measure.timed)[0] for _ in range(RUNS)])
    far = Range([update.run(measure.timed, world.FAR)[0] for _ in range(RUNS)])
    # The fastest runs count: other work on the machine only adds time.
    trips = passes.round_trips(far.low, near.low, place.round_trip())
    verdicts.judge(trips < ROUND_TRIPS + 0.5, f"a whole update: {trips:.2f} round trips, at most {ROUND_TRIPS}")


def idle(verdicts, place, server, program):
    client = Nicup(place.folder, program)
    service = resident.Service(client, server, place.authorities(server, True))
    status = client.place / "var/run/nicup/status.json"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (not status.exists() or len(service.family()) > 1):
        time.sleep(0.05)
    memory = service.memory()
    service.stop()
    verdicts.judge(memory["Anonymous"] <= IDLE_PRIVATE,
                   f"resident: {memory['Anonymous']} KiB private, {memory['Rss']:,} KiB RSS, at most {IDLE_PRIVATE} private")


def growth(verdicts, place, program):
    for name, line in scale.measured(place, program, quick=True).items():
        grown = scale.growth(line)
        verdicts.judge(grown <= scale.MOST, f"{name}: one of {max(line):,} costs {grown:.2f} times as much as one of"
                       f" {min(line):,}, at most {scale.MOST}")


def sizes(verdicts, program):
    other = mipsel(program)
    if not other:
        verdicts.skip("the size for mipsel: openwrt/build has not built it of these sources")
        return
    size, packed = other.stat().st_size, passes.size_in_squashfs(other)
    verdicts.judge(size <= MIPSEL_BYTES, f"mipsel: {size:,} bytes, at most {MIPSEL_BYTES:,}")
    if packed is None:
        verdicts.skip("mipsel in squashfs: openwrt/build has not written its size")
    else:
        verdicts.judge(packed <= MIPSEL_SQUASHFS, f"mipsel in squashfs: {packed:,} bytes, at most {MIPSEL_SQUASHFS:,}")


def run(place, program):
    verdicts = Verdicts()
    server = place.server("--default", f"body:good {world.ADDRESS}")
    numbers, costs = measured(place, server, program)
    compare(verdicts, numbers)
    goals(verdicts, costs)
    round_trips(verdicts, place, server, program)
    idle(verdicts, place, server, program)
    growth(verdicts, place, program)
    sizes(verdicts, program)
    return verdicts.closing()


def update(place, program):
    server = place.server("--default", f"body:good {world.ADDRESS}")
    numbers, costs = measured(place, server, program)
    write(numbers)
    for kind, cost in costs.items():
        for angle in ("instructions", "calls"):
            found = cost[angle]
            spread = 100 * (found.high - found.low) / found.median
            print(f"{kind} {angle}: {found.median:,.0f} ({found.low:,.0f} to {found.high:,.0f}, {spread:.2f} %)")
    return True
