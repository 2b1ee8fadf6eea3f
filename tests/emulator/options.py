# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of an emulator: the command line sets them, the control API changes some while it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .pretence import read_rules
from .throttling import read_limits


def _option(default: Any, text: str, *, fixed: bool = False, **limits: Any) -> Any:
    """Describe an option: its help ``text``, whether it is ``fixed`` once the emulator runs, and its limits.

    Limits are ``least`` (of a number, 0 if not given), ``choices`` (of a text) and ``check``, which raises ValueError.
    """
    # pylint takes only a call within the class for valid
    # pylint: disable-next=invalid-field-call
    return dataclasses.field(default=default, metadata={"help": text, "fixed": fixed, "least": 0, **limits})


@dataclass(frozen=True)
class Options:
    """What the command line sets. Latencies and lags are milliseconds of real time, time-outs emulated seconds."""

    region: str = _option(
        "cn-hangzhou", "the region of instances whose fleet row names none, and of requests that name none", fixed=True
    )
    access_key_id: str = _option("emulator-key", "the access key that is accepted", fixed=True)
    access_key_secret: str = _option("emulator-secret", "its secret", fixed=True)
    security_token: str = _option("", "the STS token that requests must carry; none when empty", fixed=True)
    account_id: str = _option("1234567890123456", "the account's id", fixed=True)
    api_latency_ms: float = _option(0.0, "how long every API call takes")
    agent_latency_ms: float = _option(0.0, "how long a task takes to its instance")
    report_latency_ms: float = _option(0.0, "how long the end of a task takes from the instance to the service")
    power_latency_ms: float = _option(0.0, "how long an instance stays in Starting or Stopping")
    visibility_lag_ms: float = _option(0.0, "how long a new invocation, file delivery or command cannot be read")
    clock_skew_s: float = _option(
        0.0, "how far the service's clock is ahead of this machine's, or behind it when negative", least=-(10**9)
    )
    interim_ms: float = _option(3000.0, "how often output is shown while a script runs", least=1)
    delivery_timeout_s: float = _option(
        60.0, "after how many emulated seconds a task for an unreachable agent is given up"
    )
    agent_slots: int = _option(10, "how many scripts an agent runs at one time", least=1)
    agent_queue: int = _option(50, "how many more an agent holds; further ones wait at the service to be delivered")
    max_processes: int = _option(128, "how many scripts run at one time on all instances", least=1, fixed=True)
    pretend: str = _option(
        "",
        "scripts that only seem to run: JSON such as"
        ' {"content": "^#!/bin/sh", "duration_s": [5, 20], "exit_code": 0, "output": "done"}, or a list',
        check=read_rules,
    )
    calls_per_minute: str = _option(
        "",
        "how many calls of an operation are answered per minute and region before Throttling.User: 200 for each,"
        " or RunCommand=60,*=200; no limit when empty",
        check=read_limits,
    )
    throttle_window_s: float = _option(60.0, "the length of that minute in emulated seconds", least=1)
    quota_commands: int = _option(500, "stored commands per region")
    quota_instances: int = _option(100, "instances per command execution", least=1)
    quota_invocations: int = _option(20_000, "invocations per region and day")
    kept_content_limit: int = _option(18 * 1024, "bytes of Base64 content that RunCommand with KeepCommand takes")
    generation: str = _option(
        "auto",
        "auto, or current or classic for every request",
        choices=["auto", "current", "classic"],
    )
    install_needs_reboot: bool = _option(False, "an installed agent comes online only at the next start")
    isolation: str = _option(
        "auto",
        "how instances are kept apart: auto, namespace, user-namespace, none",
        choices=["auto", "namespace", "user-namespace", "none"],
        fixed=True,
    )
    work_dir: str = _option(
        "",
        "where the instances' files lie; empty for memory where there is plenty, else the temporary directory",
        fixed=True,
    )


def read(option: dataclasses.Field[Any], value: Any) -> Any:
    """Return the value of an option given as text or in JSON. Raises ValueError, which says what is wanted."""
    kind = type(option.default)
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"true or false is wanted, not {value}")
        return value
    if kind is str:
        return _read_text(option, value)
    least = option.metadata["least"]
    what = "whole number" if kind is int else "number"
    problem = ValueError(f"a {what} of {least} or more is wanted, not {value}")
    kinds = (str, int) if kind is int else (str, int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise problem
    try:
        number = kind(value)
    except (ValueError, OverflowError):
        raise problem from None
    if not least <= number < float("inf"):
        raise problem
    return number


def _read_text(option: dataclasses.Field[Any], value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a text is wanted, not {value}")
    choices = option.metadata.get("choices")
    if choices and value not in choices:
        raise ValueError(f"one of {', '.join(choices)} is wanted, not {value}")
    check: Callable[[str], Any] | None = option.metadata.get("check")
    if check:
        check(value)
    return value


def changeable(options: Options) -> dict[str, Any]:
    """Return the options that may change while the emulator runs."""
    return {
        option.name: getattr(options, option.name)
        for option in dataclasses.fields(Options)
        if not option.metadata["fixed"]
    }


def changed(options: Options, changes: Mapping[str, Any]) -> Options:
    """Return the options with those changed that may change while the emulator runs. Raises ValueError."""
    known = {option.name: option for option in dataclasses.fields(Options) if option.name in changeable(options)}
    values = {}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"{name} is not an option that can change while the emulator runs: {', '.join(known)}")
        try:
            values[name] = read(known[name], value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return dataclasses.replace(options, **values)
