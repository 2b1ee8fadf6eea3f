# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that restart or stop their instance: they reach the emulated one, never the machine."""

from __future__ import annotations

import os
from typing import Any

import pytest
from contract.sdk import Sdk, until
from emulator.lifecycle import seconds_until

_REBOOTS = (
    "reboot",
    "reboot -f",
    "shutdown -r now",
    "shutdown -r 0 'back in a minute'",
    "systemctl --no-wall reboot",
    "systemctl start reboot.target",
    "init 6",
)
_STOPS = ("poweroff", "halt -p", "shutdown -h now", "systemctl poweroff -i", "telinit 0")


def _after(emulator: Any, scripts: tuple[str, ...], status: str) -> dict[str, tuple[Any, ...]]:
    """Run each script on an instance of its own: script -> what its result says once the instance is ``status``."""
    sdk = Sdk(emulator)
    ids = dict(zip(scripts, sdk.instance_ids(), strict=False))
    invocations = {script: sdk.run(f"{script}; echo not reached", [ids[script]]) for script in scripts}
    found = {}
    for script, invoke_id in invocations.items():
        row = sdk.finished(invoke_id).invoke_instances.invoke_instance[0]
        found[script] = (row.invocation_status, row.error_code, row.exit_code)
        until(lambda: emulator.instance(ids[script], "state")["status"], lambda now: now == status)  # noqa: B023
    return found


def test_a_reboot_restarts_the_emulated_instance(emulator: Any):
    found = _after(emulator, _REBOOTS, "Running")
    assert found == dict.fromkeys(_REBOOTS, ("Error", "InstanceRestarted", None))


def test_power_off_stops_the_emulated_instance(emulator: Any):
    found = _after(emulator, _STOPS, "Stopped")
    assert found == dict.fromkeys(_STOPS, ("Error", "InstanceNotRunning", None))


@pytest.mark.isolation("user-namespace")
def test_an_absolute_path_finds_the_instances_own_program(emulator: Any):
    """Also a script that sets a PATH of its own, and one that writes to the kernel."""
    own = tuple(f"{path} -f" for path in ("/sbin/reboot", "/usr/sbin/reboot") if os.path.exists(path.split()[0]))
    scripts = (*own, "PATH=/usr/sbin:/usr/bin:/sbin:/bin reboot -f") if own else ()
    found = _after(emulator, scripts, "Running")
    assert found == dict.fromkeys(scripts, ("Error", "InstanceRestarted", None))
    if os.path.exists("/proc/sysrq-trigger"):
        sdk = Sdk(emulator)
        row = sdk.finished(sdk.run("stat -c %t:%T /proc/sysrq-trigger", [sdk.instance_ids()[-1]]))
        assert row.invoke_instances.invoke_instance[0].output == "1:3\n", "not the kernel's file but /dev/null"


def test_a_later_shutdown_waits_on_the_emulated_clock_and_can_be_cancelled(emulator: Any):
    sdk = Sdk(emulator)
    first, second = sdk.instance_ids()[:2]
    sdk.finished(sdk.run("shutdown -h +5; shutdown -c", [first]))
    sdk.finished(sdk.run("shutdown -r +10 'in ten minutes'", [second]))
    before = emulator.instance(second, "state")
    emulator.advance(900)
    after = until(lambda: emulator.instance(second, "state"), lambda state: state["started"] != before["started"])
    assert (after["status"], emulator.instance(first, "state")["status"]) == ("Running", "Running")


def test_what_is_not_about_power_goes_to_the_machines_program(emulator: Any):
    sdk = Sdk(emulator)
    script = "systemctl --version >/dev/null 2>&1; echo $?; shutdown whenever; echo $?; reboot -w; echo $?"
    row = sdk.finished(sdk.run(script, sdk.instance_ids()[:1])).invoke_instances.invoke_instance[0]
    known = "0" if os.path.exists("/usr/bin/systemctl") else "1"
    assert row.output.splitlines()[0] in (known, "1")
    assert row.output.splitlines()[1:] == ["shutdown: Failed to parse time specification: whenever", "1", "0"]


@pytest.mark.isolation("user-namespace")
def test_a_start_has_an_id_of_its_own(emulator: Any):
    """As Ansible's reboot module wants it: the same until the instance restarts, then another."""
    sdk = Sdk(emulator)
    instances, ids = sdk.instance_ids()[:2], []
    for _again in range(2):
        invoke_id = sdk.run("cat /proc/sys/kernel/random/boot_id; cat /proc/sys/kernel/random/boot_id", instances)
        ids += [row.output.split() for row in sdk.finished(invoke_id).invoke_instances.invoke_instance]
        emulator.instance(instances[0], "reboot")
        until(lambda: emulator.instance(instances[0], "state")["status"], lambda now: now == "Running")
    assert all(first == second for first, second in ids)
    assert len({first for first, _second in ids}) == 3


@pytest.mark.isolation("namespace")
def test_only_root_may_restart_an_instance(emulator: Any):
    sdk = Sdk(emulator)
    row = sdk.finished(sdk.run("reboot; echo $?", sdk.instance_ids()[:1], username="nobody", working_dir="/tmp"))
    assert row.invoke_instances.invoke_instance[0].output == "reboot: Operation not permitted\n1\n"


@pytest.mark.parametrize(
    ("when", "seconds"),
    [("now", 0), ("+2", 120), ("3", 180), ("00:30", 1800), ("23:59", 86340), ("24:00", None), ("soon", None)],
)
def test_times_of_shutdown(when: str, seconds: float | None):
    assert seconds_until(when, 86400 * 365.0, "UTC") == seconds


def test_a_time_of_the_day_is_the_instances_own():
    assert seconds_until("09:00", 86400 * 365.0, "Asia/Shanghai") == 3600
