"""All measurements of nicup's passes: an unchanged one, a whole update with one authority, one with the system's bundle."""

import subprocess

import measure
import world
from clients import Nicup
from measure import Failed, Range

KINDS = ("unchanged", "one", "bundle")
TITLES = {
    "unchanged": "an unchanged pass",
    "one": "a whole update, one authority",
    "bundle": "a whole update, the system's bundle",
}


class Pass:
    """One kind of pass, which can run any number of times."""

    def __init__(self, place, server, program, kind):
        self.client = Nicup(place.folder, program)
        self.server = server
        self.kind = kind
        self.authorities = place.authorities(server, kind == "bundle")

    def run(self, angle, name=world.NEAR):
        """Measures one run with `angle`, a function of measure."""
        command = self.client.begin(name, self.server.port, self.authorities)
        expected = 1
        if self.kind == "unchanged":
            measure.timed(command)
            expected = 0
            self.settled()
        before = len(self.server.requests)
        found = angle(command)
        if expected and self.server.wait_for(before + expected, 5) is None:
            raise Failed(f"{TITLES[self.kind]}: nothing was sent")
        if len(self.server.requests) != before + expected:
            raise Failed(f"{TITLES[self.kind]}: {len(self.server.requests) - before} requests")
        self.client.end()
        return found

    def settled(self):
        status = self.client.place / "var/run/nicup/status.json"
        if '"state":"current"' not in status.read_text():
            raise Failed(f"the first update was not accepted: {status.read_text()}")

    def costs(self, runs):
        """Instructions, system calls, peak memory and processes started."""
        traced = [self.run(measure.peak_memory) for _ in range(runs)]
        return {
            "instructions": Range([self.run(measure.instructions) for _ in range(runs)]),
            "calls": Range([self.run(measure.system_calls)[0] for _ in range(runs)]),
            "peak": Range([peak for peak, _ in traced]),
            "processes": Range([started for _, started in traced]),
        }


def round_trips(far, near, unit):
    """The number of round trips of a run, from its seconds with and without the delay."""
    return (far - near) / unit


def size_in_squashfs(program):
    """How much the file adds to an OpenWrt image, according to openwrt/build; None if unknown."""
    table = world.TOP / "target/dist/sizes.md"
    if not table.exists():
        return None
    target = program.name.split("-", 2)[2]
    for line in table.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == target and cells[1] == str(program.stat().st_size):
            return int(cells[3])
    return None


def commit():
    said = subprocess.run(["git", "-C", world.TOP, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return said.stdout.strip() or "unknown"
