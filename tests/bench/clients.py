"""The clients, each configured for one update of one host: the command to run, in a folder without earlier state.

All read the password from a file, and all but curl detect the address on the same device. curl is configured with the
address and keeps no records: it shows the least that this one request costs with a common library.
"""

import re
import shutil
import socket
import subprocess
import threading

from world import ADDRESS, DEVICE, HOST, PASSWORD, USER

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/nonexistent"}


class Client:
    """`begin` clears all state and returns the command for one update; `resident` returns the service's command."""

    poll = None  # its default interval in seconds
    quick = None  # the shortest interval that it accepts

    def __init__(self, folder, device=DEVICE):
        self.place = folder / f"{self.name}-{device}"
        self.device = device

    def begin(self, name, port, ca):
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        self.configure(name, port, ca)
        return self.command()

    def write(self, path, text):
        file = self.place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)
        return file

    def end(self):
        """Called after the last use."""


class Nicup(Client):
    name = "nicup"

    def __init__(self, folder, program, device=DEVICE):
        super().__init__(folder, device)
        self.program = str(program)
        self.log = None

    def configure(self, name, port, ca, services=None):
        common = (f"\toption username '{USER}'\n\toption password '{PASSWORD}'\n\toption server '{name}'\n"
                  f"\toption port '{port}'\n\toption device '{self.device}'\n")
        services = services or {"home": HOST}
        text = "".join(f"config service '{key}'\n{common}\tlist hostname '{host}'\n" for key, host in services.items())
        self.write("etc/config/nicup", text)
        self.write("tmp/sysinfo/model", "Test Router\n")
        self.write("etc/openwrt_release", "DISTRIB_RELEASE='24.10.0'\n")
        # Every router has these folders, and the package has its own.
        for folder in ("var/run", "etc/nicup", "etc/ssl/certs"):
            (self.place / folder).mkdir(parents=True)
        bundle = self.place / "etc/ssl/certs/ca-certificates.crt"
        shutil.copyfile(ca, bundle)
        self.listen()

    def listen(self):
        """A router has a log daemon. Nothing reads this one."""
        self.end()
        (self.place / "dev").mkdir()
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log.bind(str(self.place / "dev/log"))
        threading.Thread(target=drain, args=(self.log,), daemon=True).start()

    def end(self):
        if self.log:
            self.log.shutdown(socket.SHUT_RDWR)
            self.log = None

    def command(self):
        return [self.program, "--root", str(self.place), "run"]

    def resident(self, _interval):
        return [self.program, "--root", str(self.place), "watch"]


def drain(log):
    try:
        while log.recv(4096):
            pass
    except OSError:
        pass


class Inadyn(Client):
    name = "inadyn"
    poll = 120  # as measured; inadyn.conf(5) says about one minute
    quick = 5

    def configure(self, name, port, ca):
        self.write("conf", f"""ca-trust-file = "{ca}"
iface = {self.device}
custom simulator {{
    username    = {USER}
    password    = {PASSWORD}
    ssl         = true
    ddns-server = "{name}:{port}"
    ddns-path   = "/nic/update?hostname=%h&myip=%i"
    hostname    = {HOST}
}}
""")
        (self.place / "cache").mkdir()

    def command(self, *more):
        place = self.place
        return ["inadyn", "--foreground", "--no-pidfile", f"--config={place}/conf", f"--cache-dir={place}/cache",
                *(more or ("--once", "--force"))]

    def resident(self, interval):
        if interval:
            text = (self.place / "conf").read_text()
            self.write("conf", f"period = {interval}\n{text}")
        return self.command("--loglevel=notice")


class Ddclient(Client):
    name = "ddclient"
    poll = 300  # ddclient's own --help: the interval of its examples and of Debian's configuration
    quick = 60

    def configure(self, name, port, ca):
        self.write("conf", f"""ssl=yes
ssl_ca_file={ca}
use=if, if={self.device}
protocol=noip, server={name}:{port}, login={USER}, password='{PASSWORD}' {HOST}
""")

    def command(self, daemon=0, *more):
        place = self.place
        return ["ddclient", "-daemon", str(daemon), "-file", f"{place}/conf", "-cache", f"{place}/cache",
                "-pid", f"{place}/pid", *more]

    def resident(self, interval):
        return self.command(interval or self.poll, "-foreground")


class Curl(Client):
    name = "curl"

    def configure(self, name, port, ca):
        url = f"https://{name}:{port}/nic/update?hostname={HOST}&myip={ADDRESS}"
        self.write("conf", f'user = "{USER}:{PASSWORD}"\ncacert = "{ca}"\nurl = "{url}"\n')

    def command(self):
        return ["curl", "--silent", "--show-error", "--noproxy", "*", "--config", str(self.place / "conf")]


def others(folder):
    """All clients except nicup."""
    return [kind(folder) for kind in (Inadyn, Ddclient, Curl)]


def version(client):
    """The version that the client prints."""
    arguments = {"nicup": ["--version"], "inadyn": ["--version"], "curl": ["--version"], "ddclient": ["-help"]}
    program = getattr(client, "program", client.name)
    said = subprocess.run([program, *arguments[client.name]], capture_output=True, text=True, env=ENVIRONMENT)
    found = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
    return found.group() if found else "?"

