"""One command, run once, from one angle: time, memory, system calls or instructions.

Each angle has a separate run, because measuring costs time. A command that fails is an error with its output.
"""

import ctypes
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from clients import ENVIRONMENT

LIMIT = 120  # seconds, the limit for each command

TRACEME, CONT, SETOPTIONS = 0, 7, 0x4200
EVENTS = {"fork": 1, "vfork": 2, "clone": 3, "exec": 4, "exit": 6}
EXIT_WITH_TRACER = 1 << 20
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class Failed(Exception):
    pass


class Range:
    """The results of several runs."""

    def __init__(self, values):
        self.values = sorted(values)
        self.median = statistics.median(self.values)
        self.low, self.high = self.values[0], self.values[-1]


def checked(command, status, said):
    if status != 0:
        raise Failed(f"{' '.join(map(str, command))}: status {status}\n{said}")


def timed(command):
    """Seconds from start to end, and seconds of CPU (user and system), including all children."""
    with tempfile.TemporaryFile() as said:
        begun = time.monotonic()
        child = subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        took = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        checked(command, child.returncode, said.read().decode(errors="replace"))
    return took, usage.ru_utime + usage.ru_stime


class Traced:
    """Runs a command under ptrace and reads the high-water mark of each process right before it ends.

    getrusage is unsuitable: its maximum includes that of the forking process, and Python is larger than most of the
    measured programs.
    """

    def __init__(self, command):
        self.peaks = {}
        self.spans = {}
        self.step = 0
        self.first = self.start(command)
        self.follow(command)

    def start(self, command):
        program = shutil.which(command[0], path=ENVIRONMENT["PATH"]) or command[0]
        pid = os.fork()
        if pid == 0:
            try:
                null = os.open("/dev/null", os.O_RDWR)
                for number in (0, 1, 2):
                    os.dup2(null, number)
                libc.ptrace(TRACEME, 0, None, None)
                os.kill(os.getpid(), signal.SIGSTOP)
                os.execve(program, command, ENVIRONMENT)
            finally:
                os._exit(127)
        os.waitpid(pid, WALL)
        options = EXIT_WITH_TRACER
        for number in EVENTS.values():
            options |= 1 << number
        libc.ptrace(SETOPTIONS, pid, None, options)
        self.spans[pid] = [0, None]
        self.resume(pid, 0)
        return pid

    def resume(self, pid, number):
        libc.ptrace(CONT, pid, None, number)

    def follow(self, command):
        status_of_first = None
        begun = {self.first}
        while status_of_first is None:
            pid, status = os.waitpid(-1, WALL)
            self.step += 1
            if not os.WIFSTOPPED(status):
                if pid == self.first:
                    status_of_first = os.waitstatus_to_exitcode(status)
                continue
            number, event = os.WSTOPSIG(status), status >> 16
            if pid not in begun:
                begun.add(pid)
                self.spans[pid] = [self.step, None]
                number = 0 if number == signal.SIGSTOP else number
            if event == EVENTS["exit"]:
                self.note(pid)
            self.resume(pid, 0 if event or number == signal.SIGTRAP else number)
        checked(command, status_of_first, "(under ptrace)")

    def note(self, pid):
        status = Path(f"/proc/{pid}/status").read_text()
        group = int(re.search(r"^Tgid:\s*(\d+)", status, re.M).group(1))
        peak = re.search(r"^VmHWM:\s*(\d+) kB", status, re.M)
        self.peaks[group] = max(self.peaks.get(group, 0), int(peak.group(1)) if peak else 0)
        self.spans[group][1] = self.step
        if pid != group:
            self.spans.pop(pid, None)

    def peak(self):
        """The largest sum of the peaks of concurrent processes, in KiB."""
        spans = {pid: span for pid, span in self.spans.items() if pid in self.peaks}
        sums = (
            sum(self.peaks[other] for other, (begin, end) in spans.items() if begin <= moment <= (end or moment))
            for moment, _ in spans.values()
        )
        return max(sums)

    def started(self):
        """The number of processes besides the first."""
        return len(self.peaks) - 1


def peak_memory(command):
    traced = Traced(command)
    return traced.peak(), traced.started()


def system_calls(command):
    """The number of system calls, and the files that were executed or mapped as programs and libraries."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        done = subprocess.run(["strace", "-f", "-o", log, *command], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT)
        checked(command, done.returncode, done.stderr)
        lines = log.read_text(errors="replace").splitlines()
    calls = [line for line in lines if not re.search(r"^\d+ +(\+\+\+|---|<\.\.\. )", line)]
    return len(calls), loaded(calls)


def loaded(calls):
    """Bytes and number of the program files in a trace: executables, libraries, Perl modules."""
    found = {}
    for line in calls:
        named = re.search(r' (?:execve|open|openat)\((?:AT_FDCWD, )?"([^"]+)"', line)
        if not named or re.search(r"= -1 E", line):
            continue
        path = os.path.realpath(named.group(1))
        program = "execve(" in line or re.search(r"\.(so[.\d]*|pm|pl|al|ix)$", path)
        if program and os.path.isfile(path):
            found[path] = os.path.getsize(path)
    return found


def instructions(command):
    """Instructions of the first process and its descendants, counted by valgrind in user space."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={folder}/out.%p",
             f"--log-file={folder}/log.%p", *command],
            env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
        checked(command, done.returncode, done.stderr)
        texts = [log.read_text() for log in Path(folder).glob("log.*")]
    counts = [int(count) for text in texts for count in re.findall(r"Collected : (\d+)", text)]
    if not counts:
        raise Failed("valgrind counted nothing:\n" + "\n".join(texts))
    return sum(counts)


def noise():
    """How noisy this machine is now: the slowest of some runs of one computation, divided by the fastest."""
    took = []
    for _ in range(50):
        begun = time.monotonic()
        sum(range(200_000))
        took.append(time.monotonic() - begun)
    return max(took) / min(took)
