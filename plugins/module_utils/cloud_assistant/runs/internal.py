# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Run scripts of the collection's own on Linux instances, as root by default, in the fewest calls."""

from __future__ import annotations

from collections.abc import Iterable

from ...alibaba.client import Client
from ...common.errors import WaitTimeout
from ...common.wait import Deadline
from ..scripts import ScriptContent
from ..targets import Targets
from .outcome import RunOutcome
from .request import RunRequest
from .run import run


def run_internal_script(
    client: Client,
    instance_ids: Iterable[str],
    script: str,
    *,
    name: str,
    timeout: int,
    deadline: Deadline,
    skip: bool = False,
    resource_group_id: str | None = None,
    username: str | None = None,
) -> RunOutcome:
    """Run the script and return its outcome on each instance, failures included.

    ``timeout`` is the script's own limit in seconds, after which it is killed with everything that it started.
    ``skip`` leaves out instances that are not running or whose agent is offline. Raises WaitTimeout when there is no
    time left to start with, and CloudError where nothing could be started at all.
    """
    if deadline.expired():
        raise WaitTimeout(f"{name}: not started because the time limit has expired")
    current = client.generation == "current"
    request = RunRequest.of(
        Targets(tuple(instance_ids), resource_group_id=resource_group_id),
        ScriptContent.from_text(script),
        name=name,
        timeout=timeout,
        username=username,
        # braces in a file's name are not parameters; the classic generation knows neither option
        enable_parameter=False if current else None,
        termination_mode="process_tree" if current else None,
        wait_timeout=None if deadline.seconds is None else deadline.remaining(),
        unready="skip" if skip else "fail",
        eager=current,
    )
    return run(client, request)
