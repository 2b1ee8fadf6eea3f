# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a process: ready file, options, end, and no process or file left."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from contract.sdk import Sdk
from emulator import __main__ as command_line
from emulator.testing import Emulator, start_emulator
from support.patience import until

TESTS = Path(__file__).parents[2]


def _start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "emulator", *arguments], cwd=TESTS, **options)


def _ready(path: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    until(lambda: path.exists() or process.poll() is not None)
    assert process.poll() is None
    return json.loads(path.read_text(encoding="utf-8"))


def _children(pid: int) -> list[int]:
    """Return all processes below a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == pid:
                found += [int(entry.name), *_children(int(entry.name))]
    return found


@pytest.mark.parametrize("way", ["SIGTERM", "SIGINT", "SIGHUP", "stdin"])
def test_nothing_is_left(tmp_path: Path, way: str):
    ready_file = tmp_path / "ready.json"
    process = _start(
        "--ready-file",
        str(ready_file),
        "--instances",
        "2",
        "--stop-with-stdin",
        "--work-dir",
        str(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    ready = _ready(ready_file, process)
    assert set(ready) == {
        "endpoint",
        "iam_endpoint",
        "clouddc_endpoint",
        "control",
        "region",
        "access_key_id",
        "access_key_secret",
        "account_id",
    }
    assert len({ready["endpoint"], ready["iam_endpoint"], ready["clouddc_endpoint"]}) == 3
    assert ready_file.stat().st_mode & 0o077 == 0, "it holds a secret"

    sdk = Sdk(Emulator(ready))
    invoke_id = sdk.run("sleep 300 & exec sleep 300", sdk.instance_ids())
    until(lambda: sdk.results(invoke_id).values(), lambda rows: all(r.invocation_status == "Running" for r in rows))
    below = until(lambda: _children(process.pid), lambda pids: len(pids) >= 3)
    assert process.stdin is not None
    if way == "stdin":
        process.stdin.close()
    else:
        process.send_signal(getattr(signal, way))
    assert process.wait(60) == 0
    until(lambda: [pid for pid in below if os.path.exists(f"/proc/{pid}")], lambda pids: not pids)
    process.stdin.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--listen", "nowhere"], "HOST:PORT"),
        (["--listen", "127.0.0.1:65536"], "HOST:PORT"),
        (["--listen", "::1:80"], "HOST:PORT"),
        (["--listen", "0.0.0.0:0"], "0.0.0.0 is not an address of this machine alone"),
        (["--listen", "[::]:0"], "is not an address of this machine alone"),
        (["--listen", "192.168.0.7:80"], "is not an address of this machine alone"),
        (["--listen", "ecs.example.com:80"], "is not an address of this machine alone"),
        (["--generation", "older"], "invalid choice"),
        (["--instances", "-1"], "a whole number of 0 or more is wanted, not -1"),
        (["--instances", "many"], "a whole number of 0 or more is wanted, not many"),
        (["--api-latency-ms", "nan"], "a number of 0 or more is wanted, not nan"),
        (["--max-processes", "0"], "a whole number of 1 or more is wanted, not 0"),
    ],
)
def test_wrong_options_are_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str):
    with pytest.raises(SystemExit):
        command_line._parser().parse_args(arguments)
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "address"),
    [("localhost:0", ("127.0.0.1", 0)), ("127.0.0.2:80", ("127.0.0.2", 80)), ("[::1]:65535", ("::1", 65535))],
)
def test_listens_on_loopback(text: str, address: tuple[str, int]):
    assert command_line._parser().parse_args(["--listen", text]).listen == address


def test_a_wrong_fleet_says_why(tmp_path: Path):
    fleet = tmp_path / "fleet.json"
    fleet.write_text('[{"status": "Odd"}]', encoding="utf-8")
    text = tmp_path / "fleet.txt"
    text.write_text("i-one", encoding="utf-8")
    for arguments, problem in (
        (["--fleet", str(fleet)], "status must be one of"),
        (["--fleet", str(tmp_path / "none")], "No such file"),
        (["--fleet", str(text)], f"{text}: Expecting value"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "emulator", *arguments],
            cwd=TESTS,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2 and problem in done.stderr and "Traceback" not in done.stderr


def test_environment_for_clients(emulator: Any):
    env = emulator.env()
    assert env["ALIBABA_CLOUD_ECS_ENDPOINT"] == emulator.endpoint
    assert {"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_REGION_ID"} <= set(env)


def test_daemons_of_many_scripts_do_not_use_up_the_open_files(tmp_path: Path):
    """Each daemon keeps its script's output open; the emulator starts with 80 files where 1024 are usual."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    ready_file = tmp_path / "ready.json"
    process = _start(
        "--ready-file", str(ready_file), "--instances", "80", "--work-dir", str(tmp_path),
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (80, hard)),
    )  # fmt: skip
    try:
        sdk = Sdk(Emulator(_ready(ready_file, process)))
        invoke_id = sdk.run("sleep 300 & ulimit -Sn", sdk.instance_ids())
        rows = sdk.finished(invoke_id).invoke_instances.invoke_instance
        assert {(row.exit_code, row.output, row.error_info) for row in rows} == {(0, f"{min(hard, 1024)}\n", "")}
        assert len(rows) == 80
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_reset_comes_back_to_the_first_fleet():
    with start_emulator(fleet=[{"id": "i-one"}]) as emulator:
        assert emulator.reset(instances=3) != ["i-one"]
        emulator.advance(1000)
        assert emulator.reset() == ["i-one"]
        assert abs(emulator.now() - time.time()) < 60
        with pytest.raises(ValueError, match="colour"):
            emulator.reset(fleet=[{"colour": 1}])


def test_control_api_refuses_what_it_does_not_know(emulator: Any):
    first = emulator.reset()[0]
    for method, path, document in (
        ("POST", f"instances/{first}/explode", {}),
        ("POST", "instances/i-none/stop", {}),
        ("POST", "clock", {"advance_s": -1}),
        ("POST", "clock", {}),
        ("POST", "clock", {"advance_s": float("nan")}),
        ("POST", "clock", {"advance_s": float("inf")}),
        ("POST", "reset", {"instances": "2"}),
        ("POST", "reset", {"instances": -1}),
        ("POST", "reset", {"fleets": []}),
        ("POST", "reset", 7),
        ("POST", "faults", 7),
    ):
        with pytest.raises(ValueError, match=r": 40[04] \{\"error"):
            emulator.control(method, path, document)
