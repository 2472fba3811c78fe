#!/usr/bin/env python3
"""A line with a delay: a TUN device whose far end is this machine again, and which delays each packet by MS milliseconds.

usage: delay.py DEVICE ADDRESS/BITS MS

A packet to any other address of the net returns with source and destination exchanged, so a connection to it reaches a
server on ADDRESS, and the responses take the same path. Checksums stay valid, because they are sums. The delay applies
to handshakes, acknowledgements and Nagle's algorithm in the kernel, which a relay of streams would not show. Prints
`ready` once the device is up, and runs until it is killed.
"""

import fcntl
import os
import queue
import struct
import subprocess
import sys
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000


def open_device(name):
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def deliver(device, late):
    while True:
        due, packet = late.get()
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        os.write(device, packet)


def main():
    name, address, milliseconds = sys.argv[1:]
    device = open_device(name)
    subprocess.run(["ip", "addr", "add", address, "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    print("ready", flush=True)
    late = queue.SimpleQueue()
    threading.Thread(target=deliver, args=(device, late), daemon=True).start()
    while True:
        packet = os.read(device, 65536)
        if packet[0] >> 4 == 4:
            swapped = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
            late.put((time.monotonic() + float(milliseconds) / 1000, swapped))


main()
