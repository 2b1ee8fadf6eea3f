# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of all kinds share: an emulated cloud, and ansible-playbook run against it."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import support.loader  # noqa: F401  # pylint: disable=unused-import
from hypothesis import HealthCheck, settings
from playbook_runner import PlayResult, run_playbook

FLEET_SIZE = 12

# the tests' servers speak http on this machine, and the official SDKs ask a proxy for them whatever no_proxy says; what
# needs the network, pip, speaks https
for _name in ("http_proxy", "HTTP_PROXY"):
    os.environ.pop(_name, None)

# a busy machine must not make a test fail: no input of a property is judged by its time
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# for a second run of the same tests, on another release
settings.register_profile("few", settings.get_profile("untimed"), max_examples=20)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "untimed"))

# the files of tests that take longest, the longest first
LONGEST = (
    "quality/test_sanity.py",
    "matrix/test_releases.py",
    "integration/test_role_variables.py",
    "integration/test_rolling_deploy.py",
    "integration/test_roles.py",
    "quality/test_lint.py",
    "awx/test_runner.py",
    "integration/test_action_plugin.py",
    "docs/test_examples.py",
    "integration/test_both_ways.py",
    "molecule/test_scenarios.py",
    "integration/test_targets.py",
    "quality/test_build.py",
    "integration/test_decommission.py",
    "browser/test_docs.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: each goes to one worker as a whole, and none is to be alone with one at the end."""
    order = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


# how far an emulated instance can be kept apart on a machine, from the least to the most
ISOLATIONS = ("none", "user-namespace", "namespace")


@functools.cache
def isolation() -> str:
    """Return what this machine lets the emulator do, one of ISOLATIONS."""
    # in a process of its own, because the process that finds out is then in another mount namespace
    program = "from emulator.instance.view import Machine; print(Machine('auto').isolation)"
    tests = Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", program], cwd=tests, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot do; the summary of a run reports it."""
    for marker in item.iter_markers("isolation"):
        if ISOLATIONS.index(isolation()) < ISOLATIONS.index(marker.args[0]):
            pytest.skip(f"needs instances apart by {marker.args[0]}, this machine allows {isolation()}")


@pytest.fixture(scope="session")
def emulator_process() -> Iterator[Any]:
    """One emulator for all tests of this process."""
    from emulator.testing import start_emulator

    with start_emulator(instances=FLEET_SIZE) as process:
        yield process


@pytest.fixture
def emulator(emulator_process: Any) -> Any:
    """Return an emulated cloud of 12 instances as it is when it starts."""
    emulator_process.reset()
    return emulator_process


@pytest.fixture
def emulator_factory() -> Iterator[Callable[..., Any]]:
    """Give a function that starts an emulator with options; all of them are stopped at the end of the test."""
    from emulator.testing import start_emulator

    with ExitStack() as running:
        yield lambda **options: running.enter_context(start_emulator(**options))


@pytest.fixture
def playbook(tmp_path: Path) -> Callable[..., PlayResult]:
    """Return a runner of playbooks: ``playbook(text_or_path, extra_vars=…, check=…, diff=…, env=…)``."""

    def run(source: str | Path, **options: Any) -> PlayResult:
        return run_playbook(source, tmp_path, **options)

    return run


def pytest_xdist_auto_num_workers() -> int:
    """Three workers more than processors, because tests also wait: for scripts, for time-outs, for other processes."""
    return (os.cpu_count() or 1) + 3
