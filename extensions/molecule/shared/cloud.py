# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop the emulated cloud of a scenario: ``cloud.py start FOLDER [OPTION…]``, ``cloud.py stop FOLDER``.

The emulator listens on a free port and writes it to ``FOLDER/ready.json``. A guard holds it and ends it when the folder
is removed or, under ``molecule test``, when that process is gone, however it ended.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[3] / "tests"
START_SECONDS = 60
STOP_SECONDS = 20
LOOK_SECONDS = 0.3


def main() -> int:
    """Do what the command line says; the exit code is 0 when it is done."""
    action, folder, *options = sys.argv[1:]
    return {"start": start, "stop": stop, "guard": guard}[action](Path(folder), options)


def start(folder: Path, options: list[str]) -> int:
    """End what an earlier run has left, start a guard with its emulator, and wait until it is ready."""
    stop(folder, [])
    folder.mkdir(parents=True)
    ready, log = folder / "ready.json", folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, __file__, "guard", str(folder), str(owner()), *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=TESTS,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if ready.exists():
            print("started")
            return 0
        time.sleep(0.05)
    print(f"the emulator did not start:\n{log.read_text(errors='replace')}", file=sys.stderr)
    stop(folder, [])
    return 1


def stop(folder: Path, _options: list[str]) -> int:
    """End the guard and with it the emulator, and remove the folder."""
    pid = guard_of(folder)
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while guard_of(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
        print("stopped")
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def guard(folder: Path, options: list[str]) -> int:
    """Run the emulator until its end is requested. The first option is the process to outlive by no means, or 0."""
    watched, *options = options
    command = [
        sys.executable,
        "-m",
        "emulator",
        "--listen",
        "127.0.0.1:0",
        "--stop-with-stdin",
        "--ready-file",
        str(folder / "ready.json"),
        *options,
    ]
    signal.signal(signal.SIGTERM, lambda *_received: sys.exit(0))
    # any end of the guard closes the pipe, and with it ends the emulator
    emulator = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=TESTS)
    (folder / "guard.pid").write_text(str(os.getpid()))
    try:
        while emulator.poll() is None and folder.exists() and (watched == "0" or Path("/proc", watched).exists()):
            time.sleep(LOOK_SECONDS)
    finally:
        emulator.terminate()
        try:
            emulator.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            emulator.kill()
            emulator.wait()
    return emulator.returncode


def guard_of(folder: Path) -> int:
    """Return the process id of the guard that runs for `folder`, or 0."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / "guard.pid").read_text())
        if str(folder) in arguments(pid):
            return pid
    return 0


def owner() -> int:
    """Return the process id of the ``molecule test`` that this process descends from, or 0.

    Other molecule commands leave the cloud to the next one, until ``molecule destroy``.
    """
    pid = os.getppid()
    while pid > 1:
        words = arguments(pid)
        if "test" in words and any(Path(word).name == "molecule" for word in words):
            return pid
        try:
            # the name in brackets may hold anything; the parent is the second field after it
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return 0
    return 0


def arguments(pid: int) -> list[str]:
    """Return the command line of a process; empty if it is gone or has only left its exit code."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
