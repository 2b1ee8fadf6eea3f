# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator for tests: start it, talk to its control API, end it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).resolve().parents[1]
# a guard against hangs; a start takes a second on an idle machine
_START_SECONDS = 900
_STOP_SECONDS = 20
# the region of CloudDC instances whose fleet row names none
HUAWEI_REGION = "cn-east-3"

# rows of ECS instances, or {"instances": rows of ECS instances, "clouddc": rows of CloudDC instances}
Fleet = Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Mapping[str, Any]]]

# the control API is on this machine, even if the environment names a proxy; made once, since it reads all certificates
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Emulator:
    """A running emulator. ``endpoint`` is the ECS endpoint, ``ready`` all that its ready file says."""

    def __init__(self, ready: Mapping[str, str]) -> None:
        self.ready = dict(ready)
        self.endpoint = self.ready["endpoint"]

    def env(self) -> dict[str, str]:
        """Environment variables that point both clouds' clients at this emulator."""
        ready = self.ready
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": ready["access_key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ready["access_key_secret"],
            "ALIBABA_CLOUD_REGION_ID": ready["region"],
            "ALIBABA_CLOUD_ECS_ENDPOINT": ready["endpoint"],
            **{
                name: value
                for name, value in (
                    ("HUAWEICLOUD_SDK_AK", ready["access_key_id"]),
                    ("HUAWEICLOUD_SDK_SK", ready["access_key_secret"]),
                    ("HUAWEICLOUD_SDK_IAM_ENDPOINT", ready.get("iam_endpoint")),
                    ("HW_REGION_NAME", HUAWEI_REGION),
                    (
                        f"HUAWEICLOUD_SDK_REGION_CLOUDDC_{HUAWEI_REGION.replace('-', '_').upper()}",
                        ready.get("clouddc_endpoint"),
                    ),
                )
                if value
            },
        }

    def control(self, method: str, path: str, document: Any = None) -> Any:
        """Make one call of the control API; ``path`` is relative to ``/_emulator/``."""
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.ready['control']}/{path}", data=data, method=method)
        try:
            with _OPENER.open(request, timeout=900) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise ValueError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error

    def executions(self) -> dict[str, list[dict[str, Any]]]:
        """Return every script that began: instance id -> [{invoke_id, started_at, rc}]."""
        return self.control("GET", "executions")

    def deletions(self) -> dict[str, int]:
        """Return how often the deletion of each CloudDC instance began: instance id -> count."""
        return self.control("GET", "deletions")

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests in order: action, params, status, code, fault, request_id, generation, unknown, bytes."""
        return self.control("GET", "requests")

    def faults(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Add fault rules."""
        self.control("POST", "faults", list(rules))

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self.control("DELETE", "faults")

    def options(self, **changes: Any) -> dict[str, Any]:
        """Change options until the next reset: ``options(api_latency_ms=50)``; returns those that can change."""
        return self.control("POST", "options", changes)

    def instance(self, instance_id: str, action: str) -> dict[str, Any]:
        """Do start, stop, reboot, release, agent-offline, agent-online, agent-uninstall or nothing (state).

        Returns the state after it: id, status, started (seconds since the epoch), agent_online.
        """
        return self.control("POST", f"instances/{instance_id}/{action}", {})

    def advance(self, seconds: float) -> float:
        """Move the clock forward; returns when what fell due has run, with the new time."""
        return float(self.control("POST", "clock", {"advance_s": seconds})["now"])

    def now(self) -> float:
        """Return the emulated time, seconds since the epoch."""
        return float(self.control("GET", "clock")["now"])

    def reset(self, fleet: Fleet | None = None, instances: int | None = None) -> list[str]:
        """Forget everything; the fleet it was started with, or another one. Returns the instances' ids."""
        document: dict[str, Any] = {}
        if fleet is not None:
            document["fleet"] = fleet if isinstance(fleet, Mapping) else list(fleet)
        if instances is not None:
            document["instances"] = instances
        return self.control("POST", "reset", document)["instances"]


@contextlib.contextmanager
def start_emulator(*, instances: int | None = None, fleet: Fleet | None = None, **options: Any) -> Iterator[Emulator]:
    """Run an emulator in a process of its own, for as long as the context lasts.

    ``options`` are the command line's, with underscores: ``api_latency_ms=5``, ``generation="classic"``, True for a
    bare flag. It also ends when this process dies, in any way.
    """
    with tempfile.TemporaryDirectory(prefix="emulator-test-") as directory:
        ready_file = Path(directory) / "ready.json"
        command = [sys.executable, "-m", "emulator", "--listen", "127.0.0.1:0", "--stop-with-stdin"]
        command += ["--ready-file", str(ready_file)]
        if fleet is not None:
            fleet_file = Path(directory) / "fleet.json"
            document = fleet if isinstance(fleet, Mapping) else list(fleet)
            fleet_file.write_text(json.dumps(document), encoding="utf-8")
            command += ["--fleet", str(fleet_file)]
        elif instances is not None:
            command += ["--instances", str(instances)]
        for name, value in options.items():
            if value is not False:
                command += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        log = Path(directory) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=_TESTS, stdin=subprocess.PIPE, stdout=output, stderr=output)
        try:
            yield Emulator(_wait_ready(process, ready_file, log))
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdin is not None
            process.stdin.close()
            problems = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("Traceback")]
            if problems:
                sys.stderr.write(log.read_text(errors="replace"))


def _wait_ready(process: subprocess.Popen[bytes], ready_file: Path, log: Path) -> dict[str, str]:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if ready_file.exists():
            document: dict[str, str] = json.loads(ready_file.read_text(encoding="utf-8"))
            return document
        if process.poll() is not None:
            raise RuntimeError(f"the emulator ended at its start:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
    raise RuntimeError(f"the emulator was not ready in {_START_SECONDS} s:\n{log.read_text(errors='replace')}")
