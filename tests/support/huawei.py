# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the Huawei client share: a transport with prepared answers, and a clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.credentials import StaticSource
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpAnswer, NoAnswer
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import authentication
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.authentication import KeyAuthentication
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.client import Exchange, Reply
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.credentials import (
    Credentials,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.operations import OPERATIONS
from requests.structures import CaseInsensitiveDict

BASE = "https://clouddc.cn-east-3.myhuaweicloud.com"
IAM = "https://iam.cn-east-3.myhuaweicloud.com"
KEY = KeyAuthentication(StaticSource(Credentials("AK", "the-secret-key", "the-sts-token")))


class FakeTransport:
    """Gives the prepared answers in turn and keeps what was sent."""

    def __init__(self, *answers: HttpAnswer | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, remaining: float | None = None
    ) -> HttpAnswer:
        self.sent.append({"method": method, "url": url, "headers": dict(headers), "body": body, "remaining": remaining})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    """Time that only passes in pauses, which are kept."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def deadline(self, seconds: float | None = None) -> Deadline:
        return Deadline(seconds, clock=lambda: self.now, sleep=self.sleep)


def answer(status: int, body: Any = "", **headers: str) -> HttpAnswer:
    """Return an answer of the service, or with X_Request_Id="" one of another program."""
    headers = {"X_Request_Id": "r-1", **headers}
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return HttpAnswer(
        status, CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()}), data
    )


def refusal(status: int, code: str, message: str = "no", **headers: str) -> HttpAnswer:
    return answer(status, {"error_code": code, "error_msg": message}, **headers)


def forget_logins() -> None:
    """Drop the tokens and projects that the collection keeps for the whole process."""
    authentication._tokens.clear()
    authentication._projects.clear()


def call(
    transport: FakeTransport,
    sender: Any = KEY,
    *,
    method: str = "GET",
    clock: Clock | None = None,
    retries: int = 5,
) -> Reply:
    exchange = Exchange(transport, retries)  # type: ignore[arg-type]
    deadline = (clock or Clock()).deadline()
    operation = replace(OPERATIONS["ShowServer"], method=method, reads=method == "GET")
    return exchange.call(operation, BASE, "/v1/p/physicalservers/s", sender, deadline=deadline)


SERVER = {"id": "s", "power_state": "on"}
GOOD = answer(200, SERVER)
LOST = NoAnswer("the reply was interrupted", may_have_arrived=True)
