"""The resident services: their memory and wake-ups while nothing happens, and how soon they notice a change."""

import os
import random
import re
import subprocess
import time
from pathlib import Path

import world
from clients import ENVIRONMENT, Ddclient, Inadyn, Nicup
from measure import Failed, Range

IDLE = 300  # seconds of observation: the longest default interval among them
REACTIONS = 3
BURST = 4  # changes in a row that nicup sends at once


class Service:
    """A running service that has made its first update."""

    def __init__(self, client, server, ca, interval=None):
        self.client, self.server = client, server
        client.begin(world.NEAR, server.port, ca)
        before = len(server.requests)
        self.process = subprocess.Popen(client.resident(interval), env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if server.wait_for(before + 1, 60) is None:
            self.stop()
            raise Failed(f"{client.name} as a service sends nothing")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.client.end()

    def family(self):
        """The process and its descendants."""
        found = [self.process.pid]
        for pid in found:
            for task in os.listdir(f"/proc/{pid}/task"):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        return found

    def memory(self):
        """KiB: resident, private and anonymous."""
        sums = {"Rss": 0, "Private_Dirty": 0, "Anonymous": 0}
        for pid in self.family():
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            for name in sums:
                sums[name] += int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M).group(1))
        return sums

    def wakes(self):
        """Context switches until now."""
        count = 0
        for pid in self.family():
            for task in os.listdir(f"/proc/{pid}/task"):
                text = Path(f"/proc/{pid}/task/{task}/status").read_text()
                count += sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", text)))
        return count


def idle(place, server, program, ca, seconds=IDLE):
    """The memory and wake-ups per minute of each service, with its default interval: the first `next` returns when they
    are at rest, the second with the results.

    The caller may do other things in between; none of these numbers depends on how busy the machine is.
    """
    running = [Service(client, server, ca)
               for client in (Nicup(place.folder, program), Inadyn(place.folder), Ddclient(place.folder))]
    time.sleep(5)
    begun = time.monotonic()
    before = {service.client.name: service.wakes() for service in running}
    yield
    time.sleep(max(0, begun + seconds - time.monotonic()))
    minutes = (time.monotonic() - begun) / 60
    found = {}
    for service in running:
        name = service.client.name
        found[name] = {**service.memory(), "wakes": (service.wakes() - before[name]) / minutes}
        service.stop()
    yield found


def reactions(place, server, program, ca):
    """Seconds from a changed address to the request; services that poll are measured with the given interval."""
    found = {}
    client = Nicup(place.folder, program, world.MOVING)
    times = []
    for _ in range(2):
        times += changes(Service(client, server, ca), BURST, 0.5)
    found["nicup"] = {"interval": None, "default": None, "times": Range(times)}
    for client in (Inadyn(place.folder, world.MOVING), Ddclient(place.folder, world.MOVING)):
        times = changes(Service(client, server, ca, client.quick), REACTIONS, client.quick)
        found[client.name] = {"interval": client.quick, "default": client.poll, "times": Range(times)}
    return found


def changes(service, count, spread):
    """Seconds from each of several changes, at random moments, to the request."""
    times = []
    try:
        for _ in range(count):
            time.sleep(0.3 + random.uniform(0, spread))
            requests = len(service.server.requests)
            begun = time.monotonic()
            move()
            came = service.server.wait_for(requests + 1, service.client.poll or 30)
            if came is None:
                raise Failed(f"{service.client.name} did not see a changed address")
            times.append(came - begun)
    finally:
        service.stop()
    return times


def move():
    """Changes the address on the moving device with a single `ip` command."""
    lines = subprocess.run(["ip", "-4", "-o", "addr", "show", "dev", world.MOVING], capture_output=True, text=True)
    old = re.search(r"inet (\S+)", lines.stdout).group(1)
    move.last = 8 + (getattr(move, "last", 0) + 1) % 90
    world.ip("-batch", "-", text=f"addr del {old} dev {world.MOVING}\naddr add 203.0.113.{move.last}/32 dev {world.MOVING}\n")
