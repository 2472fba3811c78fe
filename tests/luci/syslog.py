"""Stands in for logd: receives datagrams on a socket and appends them to a file in logread's format."""
import os
import socket
import sys
import time

LEVELS = "emerg alert crit err warn notice info debug".split()
FACILITIES = {1: "user", 3: "daemon"}

place, log = sys.argv[1:]
if os.path.exists(place):
    os.remove(place)
# A socket's name is short: the folder is entered first.
os.chdir(os.path.dirname(place))
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(os.path.basename(place))
print("ready", flush=True)
while True:
    text = server.recv(65536).decode("utf-8", "replace").rstrip("\n\0")
    number, _, rest = text.lstrip("<").partition(">")
    # Mmm dd hh:mm:ss, which logd replaces by its own
    words = rest.split(" ") if rest[:1].isalpha() and rest[3:4] == " " else []
    message = rest[16:] if words else rest
    source = f"{FACILITIES.get(int(number) >> 3, 'daemon')}.{LEVELS[int(number) & 7]}"
    with open(log, "a", encoding="utf-8") as out:
        out.write(f"{time.strftime('%a %b %d %H:%M:%S %Y')} {source} {message}\n")
