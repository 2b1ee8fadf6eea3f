# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run in this process against an emulated cloud, held to what check mode predicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.task import run_in_process
from fake_library import WRITES


class Cloud:
    """Runs modules in this process against an emulator."""

    def __init__(self, emulator: Any, generation: str = "current") -> None:
        self.emulator = emulator
        self.options = {
            **{name: emulator.ready[name] for name in ("region", "access_key_id", "access_key_secret", "endpoint")},
            "api_generation": generation,
        }
        self.warnings: list[str] = []
        self.progress: Callable[[str], None] = lambda text: None

    @property
    def client(self) -> Client:
        """A client of the same cloud."""
        return connect(self.options)

    def run(self, module: Any, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """Return the result of the module's operation."""
        result = run_in_process(
            module.SPEC,
            module.ensure,
            {**self.options, **options},
            check_mode=check,
            diff_mode=True,
            warn=self.warnings.append,
            progress=self.progress,
        )
        del result["invocation"]
        return result

    def done(self, module: Any, **options: Any) -> dict[str, Any]:
        """Return the result of an operation, which must succeed as check mode predicts and change nothing again."""
        writes = self.writes()
        predicted = self.run(module, check=True, **options)
        assert self.writes() == writes, "check mode has written"
        result = self.run(module, **options)
        assert "failed" not in result, result
        assert predicted["changed"] == result["changed"], (predicted, result)
        assert diff_texts(predicted) == diff_texts(result)
        for key in ("stopped_invoke_ids", "modified_invoke_ids", "replaced_command_id", "command_ids"):
            assert predicted.get(key) == result.get(key), key
        assert (self.writes() > writes) == result["changed"]
        writes = self.writes()
        assert self.run(module, **options)["changed"] is False
        assert self.writes() == writes
        return result

    def writes(self) -> int:
        """How many calls that change something the service has been asked for."""
        return sum(
            request["action"] in WRITES and request["params"].get("RepeatMode") != "DryRun"
            for request in self.emulator.requests()
        )


def diff_texts(result: dict[str, Any]) -> list[Any]:
    """Return what a diff shows, without the titles, which name ids."""
    parts = result["diff"] if isinstance(result["diff"], list) else [result["diff"]]
    return [(part["before"], part["after"]) for part in parts]


def live(cloud: Cloud) -> dict[str, list[str]]:
    """Each live invocation's active instances."""
    found = {}
    for page in cloud.client.pages("DescribeInvocations", {"Timed": True}):
        for row in page.rows("Invocations", "Invocation"):
            instances = row["InvokeInstances"]["InvokeInstance"]
            active = [item["InstanceId"] for item in instances if item["InvocationStatus"] in ("Scheduled", "Pending")]
            if active:
                found[row["InvokeId"]] = active
    return found
