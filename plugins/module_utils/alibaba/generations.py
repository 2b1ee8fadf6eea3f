# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The generations of the API, the current one and that of 2018 (``classic``): their limits and differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common.answers import Shape
from ..common.errors import InputError
from .operations import Operation

GENERATIONS = ("current", "classic")
PAGING_PARAMETERS = frozenset({"NextToken", "MaxResults", "PageNumber", "PageSize"})

DEFAULT_TIMEOUT = 60
"""Seconds (CreateCommand and RunCommand, Timeout)."""
CLASSIC_SHORTEST_TIMEOUT = 60
"""Seconds (CreateCommand of 2018, TimeOut)."""
CLASSIC_DEFAULT_TIMEOUT = 3600
"""Seconds (CreateCommand of 2018, TimeOut)."""
CLASSIC_MAX_CONTENT = 16 * 1024
"""Bytes of the script before Base64 (CreateCommand of 2018, CommandContent)."""
MAX_INSTANCES = 100
"""Instances in one call (DeleteInstances, StartInstances, StopInstances, RebootInstances: InstanceId)."""

# options that the classic generation cannot serve, and what to do without them
MISSING_OPTIONS = {
    "client_token": "it cannot distinguish a repeated request from a new one",
    "idempotency_key": "it does not support tags, by which earlier invocations are found",
    "tags": "it does not support tags",
    "resource_tags": "give instance_ids",
    "resource_group_id": "it does not filter by resource group",
    "parameters": "write the values into the script",
    "secret_parameters": "keep the values on the instances, where the script reads them",
    "enable_parameter": "write the values into the script",
    "username": "a command runs as root or System",
    "windows_password_name": "a command runs as System",
    "launcher": "a script runs in the shell of its type",
    "termination_mode": "it stops only the process of the script",
    "container_id": "it does not support containers",
    "container_name": "it does not support containers",
    "oss_output_delivery": "it does not support the delivery of output to OSS",
    "include_history": "it returns only the latest result",
}

_UTC8 = frozenset({"gmt+8", "gmt+8:00", "utc+8", "utc+8:00", "utc+08:00", "asia/shanghai", "prc"})


def refuse_missing(generation: str, options: Mapping[str, Any]) -> None:
    """Raise InputError for the first option that is given (not None, false or empty) and that the generation lacks."""
    if generation == "current":
        return
    for option, value in options.items():
        if value and option in MISSING_OPTIONS:
            raise refusal(option)


def max_instances_per_change(generation: str) -> int:
    """Return how many instances one call can delete, start, stop or reboot."""
    return 1 if generation == "classic" else MAX_INSTANCES


def has_dry_run(generation: str) -> bool:
    """Return whether a change of instances has a dry run: an endpoint that ignores DryRun would carry it out."""
    return generation != "classic"


def frequency_in(generation: str, frequency: str) -> str:
    """Return a Frequency as the generation keeps it. Raises InputError for one that it does not know.

    The classic one knows six cron fields only and reads them as UTC+08:00, so a zone that says just that is left out.
    """
    if generation == "current":
        return frequency
    fields = frequency.split()
    if len(fields) == 7 and fields[6].lower() in _UTC8:
        fields = fields[:6]
    if len(fields) != 6 or "(" in frequency:
        raise refusal(
            "frequency",
            "it accepts only cron expressions of six fields (second minute hour day month weekday), read as UTC+08:00; "
            "rate(), at(), a year and other time zones are not supported",
        )
    return " ".join(fields)


def default_timeout(generation: str) -> int:
    """Return the timeout in seconds of a command that is created without one."""
    return CLASSIC_DEFAULT_TIMEOUT if generation == "classic" else DEFAULT_TIMEOUT


def default_zone(generation: str) -> str:
    """Return the time zone of cron expressions that name none.

    It is UTC+08:00 for InvokeCommand of 2018, else each instance's own, which is unknown here: UTC stands for it.
    """
    return "Asia/Shanghai" if generation == "classic" else "UTC"


def refusal(option: str, reason: str = "") -> InputError:
    """Return the error for an option that the classic generation lacks, with the reason or what to do without it."""
    why = reason or MISSING_OPTIONS.get(option, "")
    return InputError(option, "is not possible with api_generation=classic" + (f": {why}" if why else ""))


class CurrentDialect:
    """The current API: parameters and answers pass unchanged."""

    signature_version = "v3"

    def operation(self, name: str) -> str:
        """Return the operation that does what ``name`` does in the current generation."""
        return name

    def paging(self, operation: Operation) -> str | None:
        """Return how ``operation`` is paged: ``token``, ``number``, or None for not at all."""
        return operation.paging

    def max_page(self, operation: Operation) -> int:
        """Return the most rows that one page of ``operation`` may have."""
        return operation.max_page

    def json_arrays(self, operation: Operation) -> frozenset[str]:
        """Return the parameters whose list goes out as one JSON array, besides those of the operation itself."""
        return frozenset()

    def request(self, operation: Operation, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the parameters of each request of the call. Raises InputError for what cannot be expressed."""
        return [dict(params)]

    def reply(self, operation: Operation, body: dict[str, Any]) -> dict[str, Any]:
        """Return the body in the names and words of the current generation."""
        return body

    def shape(self, operation: Operation, wire: Mapping[str, Any]) -> Shape:
        """Return the shape of a genuine answer, as ``reply`` gives it, to the request ``wire``."""
        return operation.shape_of_answer(wire)


def dialect(generation: str) -> CurrentDialect:
    """Return the dialect of a generation by its name."""
    if generation != "classic":
        return CurrentDialect()
    # a process has one generation, mostly the other one
    from .classic import ClassicDialect

    return ClassicDialect()
