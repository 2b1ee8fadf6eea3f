# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in a history: faults of the service, and the deaths of the controller."""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common import transport
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline

LONGEST_PAUSE = 0.02
"""Seconds that a pause of the client takes here at most: what is tried is the order of events, not the patience."""

PAGES = (200, 204, 301, 302, 307, 401, 403, 404, 408, 409, 413, 429, 451, 500, 502, 503, 504)
"""The statuses that foreign pages have as a rule."""

# operation -> what of its answer may be missing or of another type; each is something that a decision rests on
_PLACES: dict[str, tuple[str, ...]] = {
    "RunCommand": ("InvokeId", "CommandId", "RequestId"),
    "InvokeCommand": ("InvokeId", "RequestId"),
    "CreateCommand": ("CommandId",),
    "SendFile": ("InvokeId",),
    "DescribeInvocations": (
        "Invocations",
        "Invocations.Invocation",
        "Invocations.Invocation.*",
        "Invocations.Invocation.*.InvokeId",
        "Invocations.Invocation.*.InvocationStatus",
        "Invocations.Invocation.*.InvokeInstances",
        "NextToken",
    ),
    "DescribeInvocationResults": (
        "Invocation",
        "Invocation.InvocationResults",
        "Invocation.InvocationResults.InvocationResult",
        "Invocation.InvocationResults.InvocationResult.*.InstanceId",
        "Invocation.InvocationResults.InvocationResult.*.InvocationStatus",
    ),
    "DescribeCommands": ("Commands", "Commands.Command", "Commands.Command.*.CommandId", "Commands.Command.*.Name"),
    "DescribeSendFileResults": ("Invocations", "Invocations.Invocation", "Invocations.Invocation.*.InvokeInstances"),
    "DescribeInstances": (
        "Instances",
        "Instances.Instance",
        "Instances.Instance.*.InstanceId",
        "Instances.Instance.*.Status",
    ),
    "DescribeCloudAssistantStatus": (
        "InstanceCloudAssistantStatusSet",
        "InstanceCloudAssistantStatusSet.InstanceCloudAssistantStatus.*.CloudAssistantStatus",
    ),
}
# CloudDC's operations, whose answers have other names
_PLACES |= {
    "ListInstances": ("instances", "instances.*", "instances.*.id", "page_info", "page_info.next_marker"),
    "ShowInstanceStatus": ("id", "state"),
}
_WRONG = (None, 7, "text", [], {}, [None], True)


class Killed(BaseException):
    """The controller dies here: nothing of ours handles it."""


@dataclass(frozen=True)
class Death:
    """The controller dies at its request number ``at``, before or after that request reached the service."""

    at: int
    arrives: bool


def draw_faults(rng: random.Random, operations: Sequence[str]) -> list[dict[str, Any]]:
    """Return up to four rules for the emulator, most of them for one of `operations`."""
    return [_draw_fault(rng, operations) for _number in range(rng.choice((0, 1, 1, 2, 3, 4)))]


def _draw_fault(rng: random.Random, operations: Sequence[str]) -> dict[str, Any]:
    action = rng.choice((*operations, "*"))
    rule = {"action": action, **_draw_kind(rng, action)}
    if rng.random() < 0.5:
        return {**rule, "nth": sorted(rng.sample(range(1, 7), rng.choice((1, 2))))}
    return {**rule, "probability": rng.choice((0.3, 0.7, 1.0)), "seed": rng.randrange(100), "count": rng.randint(1, 4)}


def _draw_kind(rng: random.Random, action: str) -> dict[str, Any]:
    """Return what a rule does with calls of `action`."""
    kinds: list[dict[str, Any]] = [
        *({"kind": kind} for kind in ("drop_before", "drop_after", "drop_after", "reset", "truncate", "duplicate")),
        {"kind": "delay", "delay_ms": 30},
        {"kind": "slow", "delay_ms": 0.2, "part": rng.choice(("headers", "body"))},
        {"kind": "status", "status": rng.choice((500, 502, 503)), "code": "ServiceUnavailable", "message": "try again"},
        {"kind": "throttle", "retry_after_ms": rng.choice((0, 10))},
        {"kind": "page", "status": _draw_status(rng), "body": "<html>log in</html>", "when": "after"},
        {"kind": "page", "status": _draw_status(rng), "body": "<html>log in</html>", "when": "before"},
        {"kind": "page", "status": 200, "body": '{"status": "error", "message": "please log in"}', "when": "after"},
        {"kind": "headers", "headers": {"Content-Encoding": "gzip"}},
        {"kind": "wrong_length", "by": rng.choice((-3, 5))},
        {"kind": "deep", "depth": 20_000},
        {"kind": "clock_skew", "skew_s": rng.choice((-2000, 2000))},
    ]
    if action in _PLACES:
        place = {"kind": "edit", "path": rng.choice(_PLACES[action])}
        # another name is a genuine answer, which nobody could doubt
        wrong = [value for value in _WRONG if not (value == "text" and place["path"].endswith(".Name"))]
        kinds += [{**place, "remove": True}, *({**place, "value": rng.choice(wrong)} for _number in range(4))]
    return rng.choice(kinds)


def _draw_status(rng: random.Random) -> int:
    return rng.choice(PAGES) if rng.random() < 0.7 else rng.randint(200, 599)


def draw_deaths(rng: random.Random) -> list[Death]:
    """Return where the first starts of the task die; most histories have one death or none."""
    return [Death(rng.randint(1, 12), rng.random() < 0.5) for _number in range(rng.choice((0, 0, 1, 1, 2, 3)))]


@contextlib.contextmanager
def dying(death: Death | None) -> Iterator[None]:
    """Raise Killed out of the request that `death` names; None lets the controller live."""
    if death is None:
        yield
        return
    send, numbers = transport.HttpTransport.send, itertools.count(1)

    def send_or_die(*arguments: Any, **options: Any) -> Any:
        number = next(numbers)
        if number < death.at:
            return send(*arguments, **options)
        if number == death.at and death.arrives:
            with contextlib.suppress(Exception):
                send(*arguments, **options)
        raise Killed

    with mock.patch.object(transport.HttpTransport, "send", send_or_die):
        yield


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """Cut every pause of the client to LONGEST_PAUSE."""

    def pause(deadline: Deadline, seconds: float) -> None:
        time.sleep(min(seconds, deadline.remaining(), LONGEST_PAUSE))

    with mock.patch.object(Deadline, "pause", pause):
        yield


def _method(function: Callable[[Deadline, float], None]) -> Callable[[Deadline, float], None]:
    """Return a plain function, which a class binds to its instances."""

    def method(deadline: Deadline, seconds: float) -> None:
        function(deadline, seconds)

    return method


class Ahead:
    """A clock of deadlines on which a pause passes in full, though it takes LONGEST_PAUSE at most.

    ``ahead``: by how many seconds it is ahead of the machine's clock, all pauses together.
    """

    def __init__(self) -> None:
        self.ahead = 0.0
        self._replaced = contextlib.ExitStack()

    def __enter__(self) -> Ahead:
        clock = (lambda: time.monotonic() + self.ahead, time.sleep)
        self._replaced.enter_context(mock.patch.object(Deadline.__init__, "__defaults__", clock))
        self._replaced.enter_context(mock.patch.object(Deadline, "pause", _method(self._pause)))
        return self

    def __exit__(self, *_error: object) -> None:
        self._replaced.close()

    def _pause(self, deadline: Deadline, seconds: float) -> None:
        whole = min(seconds, deadline.remaining())
        short = min(whole, LONGEST_PAUSE)
        time.sleep(short)
        self.ahead += whole - short
