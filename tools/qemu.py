# SPDX-License-Identifier: BSD-2-Clause
"""Boot a kernel or a CD-ROM image in QEMU and judge what comes out of the serial line.

Every run has a time limit, writes the whole console to a log file, and ends only the one
QEMU process that it started.  The kernel tells its outcome through the isa-debug-exit
device: QEMU leaves with status (value << 1) | 1.
"""

import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

POWER_OFF = 33      # the kernel wrote 0x10: orderly end
FAILURE = 35        # the kernel wrote 0x11: panic, or a boot that cannot go on
RESET = 0           # with -no-reboot: a triple fault, or power-off by ACPI
HANG = 124
FLOOD = 125
INTERRUPTED = 130

# A machine that says more talks without end.
OUTPUT_LIMIT = 32 << 20

ENDINGS = {POWER_OFF: "powered off", FAILURE: "stopped with a failure",
           RESET: "reset the machine or switched the power off by ACPI",
           HANG: "did not end within its time", FLOOD: "printed without end"}


@dataclass
class Machine:
    """What QEMU is told.  A module is "path string": the file, what the kernel sees after it."""

    kernel: str | None = None
    iso: str | None = None
    append: list = field(default_factory=list)
    modules: list = field(default_factory=list)
    memory: str = "128"
    cpu: str = "max"
    icount: bool = False
    gdb: str | None = None
    interactive: bool = False
    serial: str = "stdio"
    extra: list = field(default_factory=list)

    def command(self):
        words = ["qemu-system-i386", "-accel", "tcg", "-nodefaults", "-no-reboot",
                 "-display", "none", "-vga", "std", "-serial", self.serial,
                 "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                 "-m", self.memory, "-cpu", self.cpu]
        if self.icount:
            words += ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm"]
        if self.gdb:
            # A machine under a debugger waits for it.
            words += ["-S", "-gdb", self.gdb]
        if self.iso:
            words += ["-cdrom", self.iso, "-boot", "d"]
        if self.kernel:
            words += ["-kernel", self.kernel, "-append", " ".join(self.append)]
        if self.modules:
            # QEMU separates modules by commas; one that belongs to a module is doubled.
            words += ["-initrd", ",".join(m.replace(",", ",,") for m in self.modules)]
        return words + self.extra


@dataclass
class Result:
    status: int
    output: str
    seconds: float

    def lines(self):
        return self.output.splitlines()

    def ending(self):
        return ENDINGS.get(self.status, f"left QEMU with status {self.status}")


def terminate(process):
    """End our QEMU, politely first."""
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run(machine, timeout, log, echo=None, done=None, started=None, stdin=None):
    """Boot; return a Result.

    echo: a stream that sees the console live.  done: a function of the console's text so far
    that may end the run early (status POWER_OFF then), for kernels that cannot power off.
    started: called with the process, for whoever must end it from another thread, or writes to
    its input, which is `stdin`: what subprocess takes.
    """
    log = Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    # However we end, QEMU ends with us.
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *machine.command()],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=None if machine.interactive else stdin or subprocess.DEVNULL,
        start_new_session=machine.gdb is not None)
    if started:
        started(process)
    status = None

    def expire():
        nonlocal status
        status = HANG
        terminate(process)

    watchdog = threading.Timer(timeout, expire)
    watchdog.start()
    text = bytearray()
    try:
        with open(log, "wb") as log_file:
            while chunk := process.stdout.read1(65536):
                text += chunk
                log_file.write(chunk)
                log_file.flush()
                if echo:
                    echo.write(chunk.decode("utf-8", "replace").replace("\r", ""))
                    echo.flush()
                if len(text) > OUTPUT_LIMIT:
                    status = FLOOD
                    break
                if done and done(text.decode("utf-8", "replace")):
                    status = POWER_OFF
                    break
    except KeyboardInterrupt:
        status = INTERRUPTED
    finally:
        watchdog.cancel()
        if status is not None and process.poll() is None:
            terminate(process)
        process.wait()
        process.stdout.close()
    output = text.decode("utf-8", "replace").replace("\r", "")
    ended = process.returncode if status is None else status
    return Result(ended, output, time.monotonic() - begin)


# --- module lists ----------------------------------------------------------------------------

def read_modules(path, folders):
    """A module list: on each line a program, and the rest of its boot-script line.

    The program is looked for in the folders; the module's string is the name and the rest.
    """
    modules = []
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, _, rest = line.partition(" ")
        found = [Path(folder) / name for folder in folders if (Path(folder) / name).is_file()]
        if not found:
            raise FileNotFoundError(f"{path}:{number}: no program {name} in {', '.join(folders)}")
        modules.append((str(found[0]), rest.strip()))
    return modules


def module_arguments(modules):
    return [f"{path} {rest}".strip() for path, rest in modules]


# --- judging ---------------------------------------------------------------------------------

@dataclass
class Tap:
    """Test results in TAP.  A plan that is not met, or missing, is a failure of its own."""

    passed: int = 0
    failed: list = field(default_factory=list)
    planned: int | None = None
    trouble: list = field(default_factory=list)

    def complete(self):
        return self.planned is not None and self.passed + len(self.failed) >= self.planned


TAP_PLAN = re.compile(r"^1\.\.(\d+)\s*$")
TAP_RESULT = re.compile(r"^(not )?ok (\d+)(?: - (.*))?$")


def parse_tap(text):
    """One or several TAP streams, one after the other; a plan stands before its tests or behind."""
    tap = Tap()
    expected, seen = None, 0

    def settle():
        if expected is not None and seen != expected:
            tap.trouble.append(f"{expected} tests planned, {seen} reported")

    for line in text.splitlines():
        if plan := TAP_PLAN.match(line):
            settle()
            behind = expected is None and seen > 0
            expected, seen = int(plan.group(1)), seen if behind else 0
            tap.planned = (tap.planned or 0) + expected
        elif result := TAP_RESULT.match(line):
            seen += 1
            if int(result.group(2)) != seen:
                tap.trouble.append(f"number {result.group(2)} where {seen} was due")
            if result.group(1):
                tap.failed.append(result.group(3) or f"test {seen}")
            else:
                tap.passed += 1
    settle()
    if tap.planned is None:
        tap.trouble.append("no plan (1..N) was printed")
    elif tap.planned == 0:
        tap.trouble.append("a plan of no tests")
    return tap


def show_tail(result, lines=40, stream=sys.stdout):
    """The end of a console, for a failure report."""
    for line in result.lines()[-lines:]:
        print(f"  | {line}", file=stream)
