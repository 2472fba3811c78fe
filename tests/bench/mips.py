"""The same update in a MIPS router: nicup and Debian's inadyn for mipsel, in tests/vm's virtual machine.

qemu counts instructions (-icount) and derives the machine's clock from them, so the processor time of a process is a
number of instructions, including the kernel's work for it, no matter how busy this machine is.
"""

import re
import subprocess
import tempfile
import time
from pathlib import Path
from shutil import copy

import guard
import world
from clients import Inadyn, Nicup
from measure import Failed, Range
from world import TOP, Unable

STORE = TOP / "target/cross/vm"
# inadyn and its libraries.
PACKAGES = ("inadyn libgnutls30 libnettle8 libhogweed6 libconfuse2 libp11-kit0 libidn2-0 libunistring2 libtasn1-6"
            " libgmp10 libffi8 libc6").split()
SHIFT = 1  # 2 ns per instruction: a processor with 500 MHz that never waits for its memory
RUNS = 3
LIMIT = 900
FEWER = 7  # nicup takes at most a seventh of inadyn's instructions
PEAK = 1800


def prepare():
    """Fetches kernel, busybox and packages while there is a network."""
    fetch = """
        . "$1/tests/vm/common"
        . "$1/tests/vm/machine"
        need qemu-system-mipsel qemu-system-mips && need cpio cpio && fetch_system || exit 1
        [ ! -d "$store/inadyn" ] || exit 0
        mkdir -p "$store/lists/partial" "$store/cache/archives/partial" "$store/debs"
        [ -n "$(ls -A "$store/lists" | grep -v partial)" ] || mipsel_apt apt-get update
        shift
        (cd "$store/debs" && mipsel_apt apt-get download "$@") || exit 1
        for package in "$store"/debs/*.deb; do dpkg-deb -x "$package" "$store/inadyn.new"; done
        rm -r "$store/debs"
        mv "$store/inadyn.new" "$store/inadyn"
    """
    done = subprocess.run(["bash", "-c", fetch, "bash", TOP, *PACKAGES], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unable(f"no virtual router: {(done.stderr or done.stdout).strip()[-200:]}")


def libraries(program):
    """The program and all shared libraries that it needs, by their names in the packages."""
    places = [STORE / "inadyn/usr/lib/mipsel-linux-gnu", STORE / "inadyn/lib/mipsel-linux-gnu"]
    found, waiting = {}, [program]
    while waiting:
        file = waiting.pop()
        found[file.name] = file
        said = subprocess.run(["readelf", "-d", file], capture_output=True, text=True, check=True).stdout
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", said):
            if name not in found:
                waiting.append(next(place / name for place in places if (place / name).exists()))
    return found


def pack(place, program, server):
    """The router's files as an initial RAM disk."""
    root = Path(tempfile.mkdtemp(dir=place.folder))
    for folder in ("bin", "lib", "usr/sbin", "etc/nicup", "var/run"):
        (root / folder).mkdir(parents=True)
    copy(STORE / "busybox", root / "bin/busybox")
    for name in ("mii.ko", "pcnet32.ko"):
        copy(STORE / name, root / "lib")
    copy(TOP / "tests/vm/guest", root / "lib/guest")
    copy(Path(__file__).with_name("router-init"), root / "init")
    (root / "init").chmod(0o755)
    copy(program, root / "usr/sbin/nicup")
    # Debian has merged these two folders.
    for name, file in libraries(STORE / "inadyn/usr/sbin/inadyn").items():
        copy(file, root / ("usr/sbin" if name == "inadyn" else "lib") / name)
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n10.0.2.2 {world.NEAR}\n203.0.113.99 {world.HOST}\n")
    (root / "etc/nsswitch.conf").write_text("hosts: files\n")
    (root / "etc/openwrt_release").write_text("DISTRIB_RELEASE='24.10.0'\n")
    for kind in ("one", "bundle"):
        folder = root / "etc" / kind
        folder.mkdir()
        copy(place.authorities(server, kind == "bundle"), folder / "ca.pem")
        ca = f"/etc/{kind}/ca.pem"
        for client, name in ((Nicup(place.folder, program, "eth0"), "nicup"), (Inadyn(place.folder, "eth0"), "inadyn")):
            client.begin(world.NEAR, server.port, place.authorities(server, False))
            written = client.place / ("etc/config/nicup" if name == "nicup" else "conf")
            text = written.read_text().replace(str(place.authorities(server, False)), ca)
            if name == "nicup":
                text += f"\toption cacert '{ca}'\n"
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)
            client.end()
    archive = place.folder / "initrd"
    with archive.open("wb") as out:
        subprocess.run("find . | cpio --quiet -o -H newc | gzip -1", shell=True, cwd=root, stdout=out, check=True)
    return archive


def boot(archive):
    command = ["qemu-system-mipsel", "-M", "malta", "-m", "64", "-vga", "none", "-nographic", "-no-reboot",
               "-icount", f"shift={SHIFT}", "-rtc", "clock=vm", "-kernel", STORE / "vmlinuz", "-initrd", archive, "-nic", "none",
               "-netdev", "user,id=wan", "-device", "pcnet,netdev=wan,romfile=",
               "-append", f"console=ttyS0 panic=-1 quiet nokaslr nicup.now={int(time.time())} nicup.runs={RUNS}"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
                              errors="replace")
        return done.stdout
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace")


def program_for(program):
    """The router's build that belongs to the x86_64 build."""
    other = guard.mipsel(program)
    if not other:
        raise Unable("there is no build for mipsel of these sources beside the one for x86_64")
    return other


def measured(place, other):
    """Instructions, CPU, peak and bytes of both clients, with the whole bundle and with one certificate."""
    # The response is delayed, so that the peak can be read.
    server = place.server("--default", f"delay:500:body:good {world.ADDRESS}")
    console = boot(pack(place, other, server))
    if "@end" not in console or "@failed" in console:
        raise Failed(f"the virtual router:\n{console[-2000:]}")
    expected = 2 + 2 * 2 * 2 * RUNS
    if len(server.requests) != expected:
        raise Failed(f"the virtual router sent {len(server.requests)} requests, not {expected}")
    runs = {}
    for client, kind, ran, peak in re.findall(r"@run (\w+) (\w+) (\d+) (\d+)", console):
        runs.setdefault((client, kind), []).append((int(ran), int(peak)))
    rows = {}
    for (client, kind), values in runs.items():
        ran = [value for value, _ in values]
        rows[client, kind] = {
            "instructions": Range([value * 1000 / 2**SHIFT for value in ran]),
            "cpu": Range([value / 1e6 for value in ran]),
            "peak": Range([peak for _, peak in values]),
        }
    needed = libraries(STORE / "inadyn/usr/sbin/inadyn")
    files = {"nicup": [other], "inadyn": [file for name, file in needed.items() if not name.startswith(("libc.so", "ld"))]}
    disk = {name: {"bytes": sum(file.stat().st_size for file in list_), "squashfs": squashfs(list_)}
            for name, list_ in files.items()}
    ratio = rows["inadyn", "bundle"]["instructions"].median / rows["nicup", "bundle"]["instructions"].median
    return {"rows": rows, "disk": disk, "ratio": ratio}


def squashfs(files):
    """How much they add to an image with OpenWrt's block size."""
    with tempfile.TemporaryDirectory() as folder:
        root, image = Path(folder, "root"), Path(folder, "image")
        root.mkdir()

        def size():
            subprocess.run(["mksquashfs", root, image, "-comp", "xz", "-b", "256K", "-nopad", "-noappend", "-root-owned",
                            "-no-xattrs", "-quiet", "-no-progress"], check=True, stdout=subprocess.DEVNULL)
            return image.stat().st_size

        for file in files:
            (root / file.name).touch()
        empty = size()
        for file in files:
            copy(file, root / file.name)
        return size() - empty


def judged(found):
    """A sentence for each goal that is missed."""
    row = found["rows"]["nicup", "bundle"]
    if found["ratio"] < FEWER:
        yield f"in the MIPS router nicup takes 1/{found['ratio']:.1f} of inadyn's instructions, not a seventh"
    if row["peak"].median > PEAK:
        yield f"in the MIPS router nicup takes {row['peak'].median:,.0f} KiB at its peak, not {PEAK:,}"
