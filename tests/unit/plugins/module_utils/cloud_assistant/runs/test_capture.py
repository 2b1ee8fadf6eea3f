# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wrapper that keeps a script's output, run for real, and what is read from its report."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import capture
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.rounds import RANGE_BYTES
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.spooled import bytes_of
from support.patience import until

LARGEST = 2**20
SHELL = ["sh"]


def gone(report: capture.Report) -> bool:
    """Return whether nothing is left of the directory that the report names."""
    return not any(Path(base, report.name).exists() for base in ("/var/tmp", "/tmp"))


def run(tmp_path: Path, script: bytes, launcher: str | None = None, largest: int = LARGEST) -> tuple[int, bytes]:
    """Run the script in its wrapper as the agent would, and return the exit code and what was printed."""
    wrapper = tmp_path / "t-1.sh"
    wrapper.write_bytes(capture.wrap(ScriptContent(script), launcher, largest).data)
    wrapper.chmod(0o755)
    printed = tmp_path / "printed"
    with printed.open("wb") as file:  # a file, for what runs in the background holds on to the stream
        command = [*SHELL, "-c", str(wrapper)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=tmp_path, check=False)
    return done.returncode, printed.read_bytes()


def streams(tmp_path: Path, *args: Any, **options: Any) -> tuple[int, bytes, bytes]:
    rc, printed = run(tmp_path, *args, **options)
    report = capture.read_report(printed)
    assert report is not None, printed
    assert report.streams is not None, printed
    return rc, report.streams.stdout, report.streams.stderr


@pytest.mark.parametrize(
    ("script", "launcher", "expected"),
    [
        (b"echo out; echo err >&2; exit 7", None, (7, b"out\n", b"err\n")),
        (b"#!/usr/bin/env python3\nprint('py')\n", None, (0, b"py\n", b"")),
        (b"print('launched')\n", 'python3 -u {{ACS::ScriptFileName|Ext(".py")}}', (0, b"launched\n", b"")),
        (b"import sys; print(sys.argv[0][-3:])\n", "python3 -u", (0, b".sh\n", b"")),
        # what writes to the streams by their names must not cut off what was written before
        (b"echo 1 >/dev/stderr; echo 2 >/dev/stderr\n", None, (0, b"", b"1\n2\n")),
        (b"printf 'no line end'", None, (0, b"no line end", b"")),
        (b"umask; env | grep -c ^_co_", None, (1, b"0022\n0\n", b"")),
        (b"sleep 2 & echo done", None, (0, b"done\n", b"")),
        (b"cat", None, (0, b"", b"")),
        (b"seq 1 6000", None, (0, b"".join(b"%d\n" % number for number in range(1, 6001)), b"")),
        # the shell around it reports that it was killed
        (b"import os; os.write(1, b'1'); os.kill(os.getpid(), 11)\n", "python3", (139, b"1", b"")),
        (b"echo 1; kill $PPID; echo 2", None, (143, b"1\n2\n", b"")),
    ],
)
def test_a_script_runs_as_it_would_and_its_streams_are_kept_apart(
    tmp_path: Path, script: bytes, launcher: str | None, expected: tuple[int, bytes, bytes]
):
    assert streams(tmp_path, script, launcher) == expected


def test_more_than_the_limit_is_counted_and_does_not_stop_the_script(tmp_path: Path):
    rc, printed = run(tmp_path, b"seq 1 200000; seq 1 300 >&2; exit 3\n", largest=1000)
    report = capture.read_report(printed)
    assert report is not None and report.streams is not None
    assert (rc, report.streams.full) == (3, False)
    assert [len(bytes_of(data) or b"") for data in (report.streams.stdout, report.streams.stderr)] == [1000, 1000]
    assert report.streams.dropped == 1288895 - 1000 + 1092 - 1000


def test_a_script_may_remove_what_is_kept(tmp_path: Path):
    # what keeps the streams has opened its files by then
    kept = b'cd "${0%/*}"; until [ -e out ] && [ -e err ]; do sleep 0.01; done; cd /\n'
    rc, printed = run(tmp_path, kept + b'rm -rf "${0%/*}"; exit 3\n')
    report = capture.read_report(printed)
    assert report is not None and report.facts == {}
    assert rc == 3


def fill_disk(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Let no file grow beyond so many bytes, as if there were no more room."""
    bound = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))"
    monkeypatch.setattr(
        sys.modules[__name__], "SHELL", [sys.executable, "-c", f"{bound}; os.execvp('sh', sys.argv[1:])", "sh"]
    )


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_script_that_a_full_disk_has_cut_off_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes
):
    fill_disk(monkeypatch, 600)
    rc, printed = run(tmp_path, b"echo began\n" + b"#" * 600 + end)
    assert rc == 125
    assert b"began" not in printed
    assert b"output: the script could not be written to /var/tmp; the disk may be full" in printed


def test_a_full_disk_does_not_stop_the_script_and_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fill_disk(monkeypatch, 51200)
    rc, printed = run(tmp_path, b"head -c 80000 /dev/urandom; exit 3\n")
    report = capture.read_report(printed)
    assert report is not None and report.streams is not None, printed
    assert (rc, report.streams.full) == (3, True)
    assert len(bytes_of(report.streams.stdout) or b"") + report.streams.dropped == 80000
    assert gone(report)


def test_what_does_not_fit_stays_in_a_private_directory(tmp_path: Path):
    _rc, printed = run(tmp_path, b"head -c 60000 /dev/urandom\n")
    report = capture.read_report(printed)
    assert report is not None and report.streams is None
    [folder] = [path for base in ("/var/tmp", "/tmp") for path in Path(base).glob(report.name)]
    assert folder.stat().st_mode & 0o777 == 0o700
    packed = b""
    for number in range(-(-report.length // RANGE_BYTES)):
        script = capture.range_script(["other", report.name], number)
        packed += base64.b64decode(subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout)
    found = report.unpack(packed)
    assert found is not None and len(found.stdout) == 60000
    assert report.unpack(packed[:-1] + b"x") is None
    subprocess.run(["sh", "-c", capture.tidy_script([report.name])], check=True)
    assert not folder.exists()
    assert subprocess.run(["sh", "-c", capture.tidy_script([report.name])], check=False).returncode == 3


@contextlib.contextmanager
def under_way(tmp_path: Path, script: bytes) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Give the process of a wrapper that has begun, in a process group of its own, and the directory that it uses."""
    wrapper = tmp_path / "t-1.sh"
    wrapper.write_bytes(capture.wrap(ScriptContent(script), None, LARGEST).data)
    wrapper.chmod(0o755)
    process = subprocess.Popen([str(wrapper)], stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert process.stdout is not None
        report = capture.read_report(process.stdout.readline())
        assert report is not None and report.facts == {}
        [folder] = [path for base in ("/var/tmp", "/tmp") for path in Path(base).glob(report.name)]
        yield process, folder
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def packed_later(folder: Path) -> capture.Streams:
    """Return what was kept by a wrapper that did not come to its end."""
    script = capture.pack_script([folder.name], LARGEST)
    report = capture.read_report(subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=False).stdout)
    assert report is not None and report.streams is not None
    assert not folder.exists()
    return report.streams


def wait_for(*paths: Path, size: int = 1) -> None:
    until(lambda: all(path.exists() and path.stat().st_size >= size for path in paths), pause=0.01)


def test_a_wrapper_that_was_killed_is_finished_later(tmp_path: Path):
    with under_way(tmp_path, b"echo so far; echo ready >&2; exec sleep 60") as (process, folder):
        wait_for(folder / "out", folder / "err")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        streams = packed_later(folder)
    assert (streams.stdout, streams.stderr) == (b"so far\n", b"ready\n")


def test_a_script_that_ends_its_process_group_keeps_its_output(tmp_path: Path):
    with under_way(tmp_path, b"trap 'kill 0' EXIT; sleep 60 & echo last words") as (process, folder):
        process.wait()
        wait_for(folder / "out.total", folder / "err.total")
        assert packed_later(folder).stdout == b"last words\n"


def test_what_still_runs_and_prints_does_not_spoil_what_was_kept(tmp_path: Path):
    with under_way(tmp_path, b"while :; do echo word; done") as (process, folder):
        # a whole line besides the last one, which may be half of one
        wait_for(folder / "out", size=len(b"word\nword\n"))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        streams = packed_later(folder)
        os.killpg(process.pid, signal.SIGKILL)
    assert set((bytes_of(streams.stdout) or b"").splitlines()[:-1]) == {b"word"}


@pytest.mark.parametrize("script", [b"echo {{name}}\n", b"echo {{name}}", b"\n", b"#!/bin/sh\n\n\n"])
def test_a_wrapper_holds_the_script_with_its_placeholders_and_none_of_its_own(script: bytes):
    wrapped = capture.wrap(ScriptContent(script), None, LARGEST)
    assert wrapped.placeholders() == ScriptContent(script).placeholders()
    assert not wrapped.uses_built_ins
    assert capture.unwrap(wrapped.data) == script
    assert capture.unwrap(script) == script


@pytest.mark.parametrize(("script", "launcher"), [(b"a\0b", None), (b"x", "@plugin run")])
def test_what_cannot_be_wrapped_is_refused(script: bytes, launcher: str | None):
    with pytest.raises(InputError, match="output: complete is not possible"):
        capture.wrap(ScriptContent(script), launcher, LARGEST)


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"just text\n",
        b"cloudops-output /tmp/.cloudops-output.x\nab\ncloudops-output-end out=3 err=0 form=raw sha256=0\n",
        b"cloudops-output /tmp/.cloudops-output.x\n%%%\ncloudops-output-end out=3 err=0 form=packed sha256=0\n",
        b"cloudops-output /tmp/.cloudops-output.x\nYWJj\ncloudops-output-end out=3 err=0 form=packed sha256=0\n",
        b"cloudops-output /tmp/.cloudops-output.x\n\ncloudops-output-end out=x err=-1 form=raw sha256=0\n",
    ],
)
def test_a_report_that_is_not_whole_gives_no_output(output: bytes):
    report = capture.read_report(output)
    assert report is None or report.streams is None
