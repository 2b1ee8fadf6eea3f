# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Run one script on the instance, exactly once, and read its output."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...alibaba.client import Client, Reply
from ...alibaba.errors import is_throttled
from ...common.errors import ApiError, CloudError
from ...common.idempotency import new_client_token
from ...common.wait import Deadline
from .agent_watch import AgentWatch
from .failures import UNREACHABLE, Refused, Unreachable, from_call, from_status
from .interrupts import interrupts_raised, raise_lost_alarm
from .pace import LONGEST_WAIT, Daily, Pace
from .settings import ROOT, Settings
from .together import Alone, Together, Watch, has_ended, name_of

# seconds for the work of a request besides its command: loading, packing, and what the agent adds
_MARGIN = 30
# seconds: the service takes none shorter
_LEAST_TIMEOUT = 60
# seconds for a look at invocations, before another worker may try
_LOOK_SECONDS = 15.0
# seconds to see the end of an invocation that was stopped
_STOP_SECONDS = 15.0
# seconds to stop a command whose task was interrupted
_ABANDON_SECONDS = 5.0

_RESULTS = "DescribeInvocationResults"
_UNDER_WAY = frozenset({"Running", "Stopping"})


@dataclass(frozen=True)
class Written:
    """What a script wrote, and in which state it ended."""

    output: bytes
    status: str = "Success"
    error_code: str = ""
    error_info: str = ""
    exit_code: Any = None

    def no_answer(self, what: str) -> CloudError:
        """Return the error for a script that wrote no answer."""
        text = self.output.decode("utf-8", "replace")
        return from_status(what, self.status, self.error_code, self.error_info, self.exit_code, text)


@dataclass
class _Call:
    """A call and its parameters. ``begun``: it was sent, and may have taken effect."""

    operation: str
    params: Mapping[str, Any]
    begun: bool = False


class Invoker:
    """Runs scripts on one instance as one user. Threads may share it."""

    def __init__(self, client: Client, settings: Settings, warn: Callable[[str], None]) -> None:
        self._client = client
        self._settings = settings
        self._warn = warn
        self._what = f"{settings.instance_id} ({client.region})"
        names = (settings.account, client.host, client.region)
        self._daily = Daily(Path(settings.cache_dir), names, settings.daily_quota) if settings.cache_dir else None
        self._pace: Pace | None = None
        self._together: Together | None = None
        if settings.run_dir:
            # without the folder each worker is on its own
            with contextlib.suppress(OSError):
                self._share(Path(settings.run_dir) / f"ecs-assistant-{name_of(json.dumps(names))}")

    def _share(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._pace = Pace(folder, self._settings.calls_per_minute)
        self._together = Together(folder, self._rows, self._settings.poll_interval)

    def close(self) -> None:
        """Let the other workers of the run know that this one starts nothing more."""
        if self._together:
            with contextlib.suppress(OSError):
                self._together.close()

    @property
    def what(self) -> str:
        """Return the instance, in the words of a message."""
        return self._what

    @property
    def started_today(self) -> int:
        """Return how many invocations of the account and region were counted today, 0 where none is counted."""
        return self._daily.count if self._daily else 0

    def run(self, script: bytes, seconds: int) -> Written:
        """Run the script and wait for its end. ``seconds``: how long its command may take.

        The client token is made before the first try and kept by every retry, so that the script runs once. Raises
        Unreachable and Refused.
        """
        with interrupts_raised(), contextlib.ExitStack() as stack:
            raise_lost_alarm()
            batch, tag = self._batch()
            command = self._command(script, seconds, tag)
            invoke_id = ""
            try:
                invoke_id = self._start(command)
                return self._wait(stack.enter_context(self._watch(invoke_id, batch)), invoke_id, seconds)
            except Exception:
                raise
            except BaseException:
                # a task's own time limit, or an interrupt
                self._abandon(command, invoke_id)
                raise

    def start(self, script: bytes, seconds: int) -> None:
        """Have the script run, and do not wait for it. Raises Unreachable and Refused."""
        self._start(self._command(script, seconds))

    def _command(self, script: bytes, seconds: int, tag: list[dict[str, str]] | None = None) -> _Call:
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
            # the agent refuses a user without a home unless it is given a folder; the script changes to it itself
            "WorkingDir": None if settings.username == ROOT else "/",
            "Tag": tag,
            "ClientToken": new_client_token(),
        }
        return _Call("RunCommand", params)

    def _start(self, command: _Call) -> str:
        """Have the command run and return the invocation's id. Raises Unreachable and Refused."""
        reply = self._begin(command)
        self._count()
        return str(reply["InvokeId"])

    def deliver(self, folder: str, name: str, data: bytes) -> None:
        """Have the data written to a file that the user alone can read. Raises Unreachable and Refused.

        The service takes the data at once; whether and when the file is there can be seen on the instance alone.
        """
        params = {
            "TargetDir": folder,
            "Name": name,
            "Content": base64.b64encode(data).decode(),
            "ContentType": "Base64",
            "FileMode": "0600",
            "FileOwner": self._settings.username,
            "Overwrite": True,
            "InstanceId": [self._settings.instance_id],
            "Timeout": _LEAST_TIMEOUT,
            "ClientToken": new_client_token(),
        }
        self._begin(_Call("SendFile", params))

    def _begin(self, call: _Call) -> Reply:
        try:
            return self._in_turn(call)
        except CloudError as error:
            failure = from_call(error, self._what)
        # out here, so that the text of the request is in no chained exception
        raise failure

    def _in_turn(self, call: _Call) -> Reply:
        """Make a call in a minute that has one left, and in the next one where the service throttles it.

        The instance is not to blame for the wait for a minute, which has its own limit: after that, Refused or the
        service's own error is raised.
        """
        limit = Deadline(LONGEST_WAIT)
        while True:
            if self._pace:
                self._pace.wait(call.operation)
            call.begun = True
            try:
                deadline = Deadline(self._settings.connection_timeout)
                return self._client.call(call.operation, call.params, deadline=deadline)
            except ApiError as error:
                if not (self._pace and is_throttled(error)) or limit.expired():
                    raise
                call.begun = False
                self._pace.close_minute(call.operation)

    def _count(self) -> None:
        if self._daily and self._daily.add():
            self._warn(
                f"{self._client.region}: {self._daily.count} of the {self._settings.daily_quota} invocations of the"
                " daily quota (ansible_ecs_assistant_daily_quota) have been started today"
            )

    def _batch(self) -> tuple[int, list[dict[str, str]] | None]:
        if self._together:
            with contextlib.suppress(OSError):
                return self._together.batch()
        return 0, None

    @contextlib.contextmanager
    def _watch(self, invoke_id: str, batch: int) -> Iterator[Alone | Watch]:
        """Yield what watches an invocation: this worker alone where the workers cannot watch it together."""
        with contextlib.ExitStack() as stack:
            watch: Alone | Watch = Alone(invoke_id, self._rows, self._settings.poll_interval)
            if self._together:
                with contextlib.suppress(OSError):
                    watch = stack.enter_context(self._together.waiting(invoke_id, batch))
            yield watch

    def _wait(self, watch: Alone | Watch, invoke_id: str, seconds: int) -> Written:
        delivery = Deadline(self._settings.connection_timeout)
        whole = Deadline(self._settings.connection_timeout + max(seconds + _MARGIN, _LEAST_TIMEOUT) + _MARGIN)
        agent = AgentWatch(self._client, self._settings.instance_id, self._settings.connection_timeout)
        begun = False
        while True:
            raise_lost_alarm()
            with _named(invoke_id):
                row = watch.next(whole)
            if has_ended(row):
                return _written(row)
            begun = begun or row.get("InvocationStatus") in _UNDER_WAY
            if begun and agent.gone():
                return self._give_up(invoke_id, self._lost(invoke_id))
            if (delivery.expired() and not begun) or whole.expired():
                row = self._last_look(invoke_id)
                if has_ended(row):
                    return _written(row)
                begun = begun or row.get("InvocationStatus") in _UNDER_WAY
                if not begun or whole.expired():
                    return self._give_up(invoke_id, self._too_late(invoke_id, begun))

    def _last_look(self, invoke_id: str) -> Mapping[str, Any]:
        """Return the invocation's row before it is given up: perhaps no worker could look for a whole minute."""
        with contextlib.suppress(CloudError):
            return next(iter(_rows_of(self._in_turn(_Call(_RESULTS, {"InvokeId": invoke_id})))), {})
        return {}

    def _give_up(self, invoke_id: str, failure: CloudError) -> Written:
        """Stop the invocation; return its end if that came in the last moment, and raise ``failure`` otherwise."""
        deadline = Deadline(_STOP_SECONDS)
        self._stop(invoke_id, deadline)
        row: Mapping[str, Any] = {}
        while not has_ended(row) and not deadline.expired():
            deadline.pause(0.5)
            with _named(invoke_id):
                row = next(iter(self._rows({"InvokeId": invoke_id}) or ()), {})
        if has_ended(row) and row["InvocationStatus"] not in ("Cancelled", "Terminated"):
            return _written(row)
        raise failure

    def _too_late(self, invoke_id: str, begun: bool) -> CloudError:
        if begun:
            return Refused(f"{self._what}: the command did not end in time; its invocation {invoke_id} was stopped")
        return Unreachable(
            f"{self._what}: the agent did not start the command within {self._settings.connection_timeout:.0f} s"
            f" (connection_timeout); its invocation {invoke_id} was stopped"
        )

    def _lost(self, invoke_id: str) -> CloudError:
        return Unreachable(
            f"{self._what}: the agent went offline while the command was running, and the command may still be running;"
            f" the service was asked to stop its invocation {invoke_id}. {UNREACHABLE['ClientNotOnline']}"
        )

    def _abandon(self, command: _Call, invoke_id: str) -> None:
        """Stop a command, and warn if that is not possible.

        Without an ``invoke_id``, the start was interrupted before its answer, which the same client token brings again.
        """
        if not (invoke_id or command.begun):
            return
        deadline = Deadline(_ABANDON_SECONDS)
        try:
            invoke_id = invoke_id or self._client.call(command.operation, command.params, deadline=deadline)["InvokeId"]
        except CloudError as error:
            self._warn(f"{self._what}: interrupted while a command was started, which may still run: {error}")
        else:
            self._stop(invoke_id, deadline)

    def _stop(self, invoke_id: str, deadline: Deadline) -> None:
        params = {"InvokeId": invoke_id, "InstanceId": [self._settings.instance_id]}
        with contextlib.suppress(CloudError):
            self._client.call("StopInvocation", params, deadline=deadline)

    def _rows(self, params: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
        """Return the rows of invocations, without those that cannot be seen, which new ones may be for a moment.

        None where they cannot be read now, which does not stop what is running. Raises Unreachable and Refused.
        """
        if self._pace and self._pace.take(_RESULTS):
            return None
        deadline = Deadline(_LOOK_SECONDS)
        try:
            reply = self._client.call(_RESULTS, params, deadline=deadline)
        except CloudError as error:
            if self._pace and isinstance(error, ApiError) and is_throttled(error):
                self._pace.close_minute(_RESULTS)
                return None
            if error.transient or deadline.expired():
                return None
            failure = from_call(error, self._what)
        else:
            return _rows_of(reply)
        raise failure


@contextlib.contextmanager
def _named(invoke_id: str) -> Iterator[None]:
    """Name the invocation in errors about its result, since its command continues."""
    try:
        yield
    except (Unreachable, Refused) as error:
        text = f"{str(error).rstrip('.')}. The command was started and may still be running: invocation {invoke_id}"
        failure = type(error)(text, **error.result)
    else:
        return
    raise failure


def _rows_of(reply: Reply) -> list[Mapping[str, Any]]:
    rows = reply.rows("Invocation", "InvocationResults", "InvocationResult")
    return [row for row in rows if isinstance(row, Mapping)]


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
