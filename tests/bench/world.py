"""The environment: a separate network and mount namespace, the simulator in it, and one line with a delay.

Knows no client and measures nothing.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
INSIDE = "NICUP_BENCH_NAMESPACE"
DEVICE = "wan0"
MOVING = "wan1"  # where addresses change
ADDRESS = "203.0.113.7"
HOST = "home.example.net"
USER, PASSWORD = "test-key", "test-password"
# One server with two names: through the loopback device, and through the line of delay.py. The names are local (RFC
# 6761): for other names with a loopback address, nicup suspects an ad blocker and reads /etc/hosts, which it does not
# do for No-IP's address.
NEAR, FAR = "near.test", "far.test"
NEAR_ADDRESS, FAR_ADDRESS = "127.0.0.1", "10.9.0.2"
ONE_WAY_MS = 25


class Unable(Exception):
    """Something is missing on this machine, or is not allowed."""


def enter():
    """Runs this program again inside the namespaces, unless it is there. It cannot reach the real No-IP from there."""
    if INSIDE in os.environ:
        return
    for flags in ("-nm", "-rnm"):
        probe = ["unshare", flags, "sh", "-c", "ip link set lo up && mount -t tmpfs probe /mnt"]
        if subprocess.run(probe, capture_output=True).returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp("unshare", ["unshare", flags, sys.executable, *sys.argv])
    raise Unable("no network namespace is allowed here (that takes root, or user namespaces)")


def ip(*words, text=None):
    done = subprocess.run(["ip", *words], input=text, text=True, capture_output=True)
    if done.returncode != 0:
        raise Unable(f"ip {' '.join(words)}: {done.stderr.strip()}")


class World:
    """A folder, a WAN device with an address, name resolution by file, and the server."""

    def __init__(self, simulator):
        self.folder = Path(tempfile.mkdtemp(prefix="nicup-bench-"))
        self.simulator = simulator
        self.children = []
        self.far = False

    def __enter__(self):
        ip("link", "set", "lo", "up")
        for device in (DEVICE, MOVING):
            ip("link", "add", device, "type", "veth", "peer", "name", f"{device}-peer")
            ip("link", "set", f"{device}-peer", "up")
            ip("link", "set", device, "up")
            ip("addr", "add", f"{ADDRESS}/32", "dev", device)
        self.mount("/etc/hosts", f"{NEAR_ADDRESS} localhost {NEAR}\n{FAR_ADDRESS} {FAR}\n203.0.113.99 {HOST}\n")
        self.mount("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        try:
            self.start_line()
            self.far = True
        except (OSError, Unable) as error:
            print(f"no line with a delay: {error}", file=sys.stderr)
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.kill()
            child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def mount(self, path, text):
        """Replaces the text of a file, only in this namespace."""
        mine = self.folder / Path(path).name
        mine.write_text(text)
        subprocess.run(["mount", "--bind", mine, path], check=True)

    def start_line(self):
        script = Path(__file__).with_name("delay.py")
        command = [sys.executable, script, "tun0", "10.9.0.1/24", str(ONE_WAY_MS)]
        line = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if line.stdout.readline().strip() != "ready":
            raise Unable(line.stderr.read().strip().splitlines()[-1])
        self.children.append(line)

    def round_trip(self):
        """The round trip time of the line in seconds: the time of a connection, the best of several."""
        with socket.socket() as listener:
            listener.bind(("0.0.0.0", 0))
            listener.listen()
            took = []
            for _ in range(9):
                begun = time.monotonic()
                socket.create_connection((FAR_ADDRESS, listener.getsockname()[1])).close()
                took.append(time.monotonic() - begun)
        return min(took)

    def server(self, *options, hosts=(HOST,)):
        server = Server(self, hosts, options)
        self.children.append(server.process)
        return server

    def authorities(self, server, whole):
        """A PEM file with the server's authority: alone, or at the end of the system's bundle."""
        path = server.ca.with_name("bundle.pem" if whole else "one.pem")
        if whole and not BUNDLE.exists():
            raise Unable("there is no CA bundle: install ca-certificates")
        path.write_text((BUNDLE.read_text() if whole else "") + server.ca.read_text())
        return path


class Server:
    """noip-simulator with TLS 1.3, and the times at which requests arrived."""

    def __init__(self, world, hosts, options):
        folder = Path(tempfile.mkdtemp(dir=world.folder))
        self.ca, ports, accounts = folder / "ca.pem", folder / "ports", folder / "accounts"
        accounts.write_text(f"{USER} {PASSWORD} {','.join(hosts)}\n")
        # Lenient, because inadyn uses HTTP/1.0 and sends a Host without the port.
        names = [word for name in (NEAR, FAR, NEAR_ADDRESS) for word in ("--name", name)]
        command = [world.simulator, "--listen", "tls:0.0.0.0", *names, "--tls", "1.3", "--lenient",
                   "--accounts", accounts, "--ca-out", self.ca, "--port-file", ports, "--log", "-", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.requests = []
        self.news = threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()
        for _ in range(200):
            if ports.exists():
                break
            time.sleep(0.05)
        else:
            raise Unable("the simulator does not start")
        self.port = int(ports.read_text())

    def listen(self):
        for line in self.process.stdout:
            if '"event":"request"' in line:
                with self.news:
                    self.requests.append((time.monotonic(), line))
                    self.news.notify_all()

    def wait_for(self, count, seconds):
        """When request number `count`, counted from 1, arrived; None on timeout."""
        with self.news:
            self.news.wait_for(lambda: len(self.requests) >= count, seconds)
            return self.requests[count - 1][0] if len(self.requests) >= count else None

    def stop(self):
        self.process.kill()
        self.process.wait()
