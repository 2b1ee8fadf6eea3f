# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running one script on the instance, exactly once, and reading what it wrote."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...alibaba.client import Client
from ...common.errors import CloudError
from ...common.idempotency import new_client_token
from ...common.wait import Deadline, proportional_interval
from .failures import Refused, Unreachable, from_call, from_status
from .interrupts import interrupts_raised
from .settings import ROOT, Settings

# seconds for the work of a request besides its command: loading, packing, and what the agent adds
_MARGIN = 30
# seconds: the service takes none shorter
_LEAST_TIMEOUT = 60
# seconds to see the end of an invocation that was stopped
_STOP_SECONDS = 15.0
_LONGEST_PAUSE = 10.0

_UNDER_WAY = frozenset({"Running", "Stopping"})
_ENDED = frozenset({"Success", "Failed", "Error", "Timeout", "Cancelled", "Terminated", "Invalid", "Aborted"})


@dataclass(frozen=True)
class Written:
    """What a script wrote, and in which state it ended."""

    output: bytes
    status: str = "Success"
    error_code: str = ""
    error_info: str = ""
    exit_code: Any = None

    def no_answer(self, what: str) -> CloudError:
        """The error for a script that wrote no answer."""
        text = self.output.decode("utf-8", "replace")
        return from_status(what, self.status, self.error_code, self.error_info, self.exit_code, text)


class Invoker:
    """Runs scripts on one instance as one user. Threads may share it."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._what = f"{settings.instance_id} ({client.region})"

    @property
    def what(self) -> str:
        """The instance, in the words of a message."""
        return self._what

    def run(self, script: bytes, seconds: int) -> Written:
        """Run the script and wait for its end. ``seconds``: how long its command may take.

        The client token is made before the first try and kept by every retry, so that the script runs once. Raises
        Unreachable and Refused.
        """
        with interrupts_raised():
            invoke_id = self.start(script, seconds)
            try:
                return self._wait(invoke_id, seconds)
            except Exception:
                raise
            except BaseException:
                # a task's own time limit, or an interrupt
                self._stop(invoke_id, Deadline(5.0))
                raise

    def start(self, script: bytes, seconds: int) -> str:
        """Have the script run and return the invocation's id. Raises Unreachable and Refused."""
        settings = self._settings
        params = {
            "Type": "RunShellScript",
            "CommandContent": base64.b64encode(script).decode(),
            "ContentEncoding": "Base64",
            "EnableParameter": False,
            "InstanceId": [settings.instance_id],
            "Name": "ansible",
            "Timeout": max(seconds + _MARGIN, _LEAST_TIMEOUT),
            "TerminationMode": "ProcessTree",
            "Username": None if settings.username == ROOT else settings.username,
            # the agent refuses a user without a home unless it is given a folder; the script goes home by itself
            "WorkingDir": None if settings.username == ROOT else "/",
            "ClientToken": new_client_token(),
        }
        try:
            reply = self._client.call("RunCommand", params, deadline=Deadline(settings.connection_timeout))
        except CloudError as error:
            failure = from_call(error, self._what)
        else:
            return str(reply["InvokeId"])
        # out here, so that the text of the request is in no chained exception
        raise failure

    def _wait(self, invoke_id: str, seconds: int) -> Written:
        delivery = Deadline(self._settings.connection_timeout)
        whole = Deadline(self._settings.connection_timeout + max(seconds + _MARGIN, _LEAST_TIMEOUT) + _MARGIN)
        begun = False
        while True:
            whole.pause(proportional_interval(whole.elapsed(), self._settings.poll_interval, cap=_LONGEST_PAUSE))
            row = self._look(invoke_id, whole)
            if row.get("InvocationStatus") in _ENDED:
                return _written(row)
            begun = begun or row.get("InvocationStatus") in _UNDER_WAY
            if (delivery.expired() and not begun) or whole.expired():
                return self._give_up(invoke_id, begun)

    def _give_up(self, invoke_id: str, begun: bool) -> Written:
        """Stop the invocation; its end if it came in the last moment. Raises Unreachable or Refused otherwise."""
        deadline = Deadline(_STOP_SECONDS)
        self._stop(invoke_id, deadline)
        row: Mapping[str, Any] = {}
        while row.get("InvocationStatus") not in _ENDED and not deadline.expired():
            deadline.pause(0.5)
            row = self._look(invoke_id, deadline)
        if row.get("InvocationStatus") in _ENDED - {"Cancelled", "Terminated"}:
            return _written(row)
        if begun:
            raise Refused(f"{self._what}: the command did not end in its time, its invocation {invoke_id} was stopped")
        raise Unreachable(
            f"{self._what}: the agent did not begin the command within {self._settings.connection_timeout:.0f} s"
            f" (connection_timeout); its invocation {invoke_id} was stopped"
        )

    def _stop(self, invoke_id: str, deadline: Deadline) -> None:
        params = {"InvokeId": invoke_id, "InstanceId": [self._settings.instance_id]}
        with contextlib.suppress(CloudError):
            self._client.call("StopInvocation", params, deadline=deadline)

    def _look(self, invoke_id: str, deadline: Deadline) -> Mapping[str, Any]:
        """The instance's row of the invocation; empty while it cannot be seen, which a new one may be for a moment."""
        params = {"InvokeId": invoke_id, "InstanceId": self._settings.instance_id}
        try:
            reply = self._client.call("DescribeInvocationResults", params, deadline=deadline)
        except CloudError as error:
            if error.transient or deadline.expired():
                # what runs goes on all the same: it is looked at again
                return {}
            failure = from_call(error, self._what)
        else:
            rows = reply.rows("Invocation", "InvocationResults", "InvocationResult")
            return next((row for row in rows if isinstance(row, Mapping)), {})
        raise failure


def _written(row: Mapping[str, Any]) -> Written:
    try:
        output = base64.b64decode(str(row.get("Output") or ""), validate=True)
    except ValueError:
        output = b""
    return Written(
        output,
        str(row.get("InvocationStatus") or ""),
        str(row.get("ErrorCode") or ""),
        str(row.get("ErrorInfo") or ""),
        row.get("ExitCode"),
    )
