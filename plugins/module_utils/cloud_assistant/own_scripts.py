# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running scripts of the collection's own on Linux instances, as root, with a result for each instance."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import WaitTimeout
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline

from .content import ScriptContent
from .outcome import RunOutcome
from .request import RunRequest
from .run import run
from .targets import Targets


def run_own_script(
    client: Client,
    instance_ids: Iterable[str],
    script: str,
    *,
    name: str,
    timeout: int,
    deadline: Deadline,
    skip: bool = False,
    resource_group_id: str | None = None,
) -> RunOutcome:
    """Run the script and return what it came to on each instance; failures are in the outcome.

    ``timeout`` is the script's own limit in seconds, after which it is killed with everything that it started.
    ``skip`` leaves out instances that are not running or whose agent is offline. Raises WaitTimeout when there is no
    time left to start with, and CloudError where nothing could be started at all.
    """
    if deadline.expired():
        raise WaitTimeout(f"{name}: not started, the time allowed has passed")
    current = client.generation == "current"
    request = RunRequest(
        Targets(tuple(instance_ids), resource_group_id=resource_group_id),
        script=ScriptContent.from_text(script),
        name=name,
        timeout=timeout,
        # braces in a file's name are no parameters; the classic generation knows neither option
        enable_parameter=False if current else None,
        termination_mode="process_tree" if current else None,
        wait_timeout=None if math.isinf(deadline.remaining()) else deadline.remaining(),
        unready="skip" if skip else "fail",
    )
    return run(client, request)
