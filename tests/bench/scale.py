"""How the cost of a pass grows: with the services that are configured, and with the addresses that a router has."""

import measure
import world
from clients import Nicup
from measure import Range

SERVICES = (1, 10, 100)
ADDRESSES = (10, 1000, 10000)
RUNS = 3
# The limit for the growth: the cost per item at the largest size, divided by that at the middle size.
MOST = 1.2


def hosts():
    return [f"h{number}.example.net" for number in range(max(SERVICES))]


def measured(place, program, quick=False):
    """The lines of the picture: a name, and for each size instructions and KiB. Quick: one run, and only what the goals need."""
    skipped, runs = (1, 1) if quick else (0, RUNS)
    server = place.server(hosts=(world.HOST, *hosts()))
    one = place.authorities(server, False)
    lines = {"whole update, by services": {}, "unchanged pass, by services": {}, "unchanged pass, by addresses": {}}
    for size in SERVICES[skipped:]:
        client = Many(place.folder, program, size)
        first, again = both(client, server, one, runs)
        lines["whole update, by services"][size] = first
        lines["unchanged pass, by services"][size] = again
    world.ip("link", "add", "many0", "type", "veth", "peer", "name", "many0-peer")
    world.ip("link", "set", "many0-peer", "up")
    world.ip("link", "set", "many0", "up")
    there = 0
    for size in ADDRESSES[skipped:]:
        add_addresses(there, size)
        there = size
        _, again = both(Nicup(place.folder, program, "many0"), server, one, runs)
        lines["unchanged pass, by addresses"][size] = again
    world.ip("link", "del", "many0")
    server.stop()
    return lines


class Many(Nicup):
    """Services with one host each."""

    def __init__(self, folder, program, count):
        super().__init__(folder, program)
        self.count = count

    def configure(self, name, port, ca, services=None):
        super().configure(name, port, ca, {f"s{number}": host for number, host in enumerate(hosts()[:self.count])})


def add_addresses(begin, end):
    # Public addresses, or nicup would rightly ignore them.
    lines = [f"addr add 198.51.{number // 250}.{number % 250 + 1}/32 dev many0\n" for number in range(begin, end)]
    world.ip("-batch", "-", text="".join(lines))


def both(client, server, ca, runs):
    """The cost of a first pass, which sends, and of the next pass, which does not."""
    def fresh():
        return client.begin(world.NEAR, server.port, ca)

    def current():
        command = fresh()
        measure.timed(command)
        return command

    found = []
    for prepare in (fresh, current):
        found.append({
            "instructions": Range([measure.instructions(prepare()) for _ in range(runs)]).median,
            "peak": Range([measure.peak_memory(prepare())[0] for _ in range(runs)]).median,
        })
    client.end()
    return found


def growth(line):
    """The cost per item at the largest size, divided by the cost per item at the middle size."""
    middle, largest = sorted(line)[-2:]
    return (line[largest]["instructions"] / largest) / (line[middle]["instructions"] / middle)


def judged(lines):
    """A sentence for each cost that grows faster than the work."""
    return [f"{name}: one costs {growth(line):.2f} times as much at the largest size as at the middle one"
            for name, line in lines.items() if growth(line) > MOST]

