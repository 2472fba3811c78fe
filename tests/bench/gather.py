"""Runs the whole measurement: gathers the numbers, checks the goals, and writes the table and the picture."""

import os
import platform
import re
import time
from datetime import date
from pathlib import Path

import clients
import measure
import mips as router
import passes
import picture
import resident
import scale
import table
import world
from measure import Range

TIMES = 15  # runs for times, which depend on the machine's load
COUNTS = 5  # runs for counts
COUNTS_OF_OTHERS = 3  # runs for counts of clients that take half a minute


def run(place, program, mips, keep):
    other = router.program_for(program) if mips else None
    server = place.server("--default", f"body:good {world.ADDRESS}")
    bundles = {"one": place.authorities(server, False), "bundle": place.authorities(server, True)}
    everybody = [clients.Nicup(place.folder, program), *clients.others(place.folder)]
    found = {"machine": machine(place), "clients": {}, "names": {}, "mips": None}
    for client in everybody:
        found["names"][client.name] = f"{client.name} {clients.version(client)}"
        found["clients"][client.name] = {kind: {} for kind in bundles}
    say("time and memory")
    clock(found, place, server, bundles, everybody)
    say("what stays, and instructions meanwhile")
    quiet = resident.idle(place, server, program, bundles["bundle"])
    next(quiet)
    busy = place.server("--default", f"body:good {world.ADDRESS}")
    counts(found, busy, place, everybody)
    found["unchanged"] = passes.Pass(place, busy, program, "unchanged").costs(COUNTS)
    found["idle"] = next(quiet)
    say("reactions")
    moving = place.server()
    found["reactions"] = resident.reactions(place, moving, program, place.authorities(moving, True))
    say("growth")
    found["growth"] = scale.measured(place, program)
    if mips:
        say("the virtual router")
        found["mips"] = router.measured(place, other)
    found["missed"] = scale.judged(found["growth"]) + (list(router.judged(found["mips"])) if mips else [])
    write(found, keep)
    for sentence in found["missed"]:
        print(f"FAIL  {sentence}")
    return not found["missed"]


def say(text):
    print(f"{time.strftime('%T')} {text}", flush=True)


def machine(place):
    """The machine and the date of the measurement."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    named = re.search(r'^PRETTY_NAME="(.*)"$', Path("/etc/os-release").read_text(), re.M)
    return {
        "date": date.today().isoformat(),
        "commit": passes.commit(),
        "model": model.group(1) if model else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load": os.getloadavg()[0],
        "noise": measure.noise(),
        "system": named.group(1) if named else "this machine",
        "roots": world.BUNDLE.read_text().count("BEGIN CERTIFICATE"),
        "round_trip": place.round_trip() if place.far else None,
    }


def once(server, client, name, authorities, angle):
    """One update, measured from one angle; the server must have received exactly one request."""
    before = len(server.requests)
    found = angle(client.begin(name, server.port, authorities))
    server.wait_for(before + 1, 5)
    if len(server.requests) != before + 1:
        raise measure.Failed(f"{client.name}: {len(server.requests) - before} requests for one update")
    client.end()
    return found


def clock(found, place, server, bundles, everybody):
    """Seconds near and far, CPU, and peak memory, while nothing else runs. The clients take turns, so that noise of the
    machine affects all of them."""
    rows = {}
    for kind, authorities in bundles.items():
        for client in everybody:
            rows[client.name, kind] = {"near": [], "far": [], "cpu": [], "peak": [], "processes": []}
        for _ in range(TIMES):
            for client in everybody:
                row = rows[client.name, kind]
                seconds, cpu = once(server, client, world.NEAR, authorities, measure.timed)
                row["near"].append(seconds)
                row["cpu"].append(cpu)
                if place.far:
                    row["far"].append(once(server, client, world.FAR, authorities, measure.timed)[0])
        for _ in range(COUNTS):
            for client in everybody:
                row = rows[client.name, kind]
                peak, started = once(server, client, world.NEAR, authorities, measure.peak_memory)
                row["peak"].append(peak)
                row["processes"].append(started)
    for (name, kind), row in rows.items():
        into = found["clients"][name][kind]
        into.update({angle: Range(values) for angle, values in row.items() if values})
        if place.far:
            # The fastest runs count: other work on the machine only adds time.
            unit = found["machine"]["round_trip"]
            into["trips"] = passes.round_trips(into["far"].low, into["near"].low, unit)


def counts(found, server, place, everybody):
    """Instructions, system calls, and the size of the files on disk."""
    for kind in ("one", "bundle"):
        authorities = place.authorities(server, kind == "bundle")
        for client in everybody:
            into = found["clients"][client.name][kind]
            calls, files = [], {}
            for _ in range(COUNTS):
                count, loaded = once(server, client, world.NEAR, authorities, measure.system_calls)
                calls.append(count)
                files.update(loaded)
            into["calls"] = Range(calls)
            runs = COUNTS if client.name == "nicup" else COUNTS_OF_OTHERS
            into["instructions"] = Range(
                [once(server, client, world.NEAR, authorities, measure.instructions) for _ in range(runs)])
            into["files"] = len(files)
            into["bytes"] = sum(files.values())
            into["bytes_without_libc"] = sum(size for path, size in files.items() if not is_libc(path))


def is_libc(path):
    """Whether it is the C library, its loader, or a library for names: every system with shared libraries has these."""
    return bool(re.search(r"/(libc|ld-linux[^/]*|libnss_[^/]*|libm|libdl|libpthread|librt|libresolv)\.so", path))


def write(found, keep):
    """Writes into target/bench and, unless the committed results should stay, into this folder."""
    folder = world.TOP / "target/bench"
    folder.mkdir(parents=True, exist_ok=True)
    for place in [folder] if keep else [folder, Path(__file__).parent]:
        (place / "results.md").write_text(table.text(found))
        (place / "results.svg").write_text(picture.svg(found))
        say(f"wrote {place.relative_to(world.TOP)}/results.md and results.svg")
