# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The errors that a user can meet, with what each adds to a failed task's result."""

from __future__ import annotations

import os
import traceback
from typing import Any

from .printable import visible


class CloudError(Exception):
    """Base of every error that is reported to the user.

    ``str(error)`` is the whole text for the user; ``result`` holds the extra keys of the failed task's result.
    ``transient``: the same request may succeed later, as after throttling or with a network that was down.
    """

    transient = False

    def __init__(self, message: str, **result: Any) -> None:
        super().__init__(message)
        self.result: dict[str, Any] = result

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether the service may have carried out what failed here.

        Only a refusal in the service's own words rules that out; sending a write again under a new token is safe only
        where this is false.
        """
        return False

    def advise(self, advice: str) -> None:
        """Add a sentence of advice to the message."""
        self.args = (f"{self} {advice}",)

    def __str__(self) -> str:
        # instances and services put anything into what a message quotes, and the terminal would obey it
        return visible(super().__str__())


class InputError(CloudError):
    """An option value that is rejected before any request is sent."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"{option}: {problem}")
        self.option = option
        self.problem = problem


class TransportError(CloudError):
    """The service did not answer: no connection, a broken one, a time-out, or an answer that is not the service's.

    ``may_have_arrived`` says whether the service may have acted on the request all the same; ``http_status`` is that of
    the foreign answer, None when there was none. ``advice`` tells the user what to do.
    """

    def __init__(
        self,
        operation: str,
        host: str,
        reason: str,
        may_have_arrived: bool,
        advice: str = "",
        *,
        http_status: int | None = None,
    ) -> None:
        message = f"{operation}: no usable reply from {host}: {reason.rstrip('.')}."
        if may_have_arrived:
            message += " The request may have arrived and taken effect."
        if advice:
            message += f" {advice}"
        error: dict[str, Any] = {
            "operation": operation,
            "host": host,
            "message": reason,
            "may_have_arrived": may_have_arrived,
        }
        if http_status is not None:
            error["http_status"] = http_status
        super().__init__(message, error=error)
        self.operation = operation
        self.host = host
        self.reason = reason
        self.may_have_arrived = may_have_arrived
        self.http_status = http_status

    @property
    def may_have_taken_effect(self) -> bool:
        return self.may_have_arrived


class ApiError(CloudError):
    """The service answered with an error document of its own.

    ``retry_after`` is the pause in seconds that the service asked for, None when it asked for none.
    ``nothing_started``: whether the code says that the request was refused before anything was done; by default, every
    status below 500 means that. ``after_lost_reply`` is true when an earlier try of the same call got no usable answer
    and may have taken effect: a "not found" of a deletion then means that this very call deleted it.
    """

    def __init__(
        self,
        operation: str,
        code: str,
        message: str,
        request_id: str | None = None,
        http_status: int | None = None,
        host: str | None = None,
        hint: str | None = None,
        *,
        retry_after: float | None = None,
        nothing_started: bool | None = None,
    ) -> None:
        self.operation = operation
        self.code = code
        self.api_message = message
        self.request_id = request_id
        self.http_status = http_status
        self.host = host
        self.hint = hint
        self.retry_after = retry_after
        self.nothing_started = (http_status or 0) < 500 if nothing_started is None else nothing_started
        self.after_lost_reply = False
        super().__init__(self._text(), error=self.as_dict())

    def _text(self) -> str:
        where = f"HTTP {self.http_status}, request ID {self.request_id or 'unknown'}"
        text = f"{self.operation}: {self.code}: {self.api_message} ({where})"
        return f"{text}. {self.hint}" if self.hint else text

    def advise(self, advice: str) -> None:
        """Add ``advice`` to the hint, in the message and in the result."""
        self.hint = f"{self.hint} {advice}" if self.hint else advice
        self.args = (self._text(),)
        self.result["error"] = self.as_dict()

    @property
    def may_have_taken_effect(self) -> bool:
        # after an internal error, it is unknown what was done before it
        return self.after_lost_reply or (self.http_status or 0) >= 500

    @property
    def refused(self) -> bool:
        """Whether nothing was started, and the very same request will get the same answer."""
        return self.nothing_started and not self.may_have_taken_effect and not self.transient

    def as_dict(self) -> dict[str, Any]:
        """Return the error as the task's result shows it."""
        return {
            "operation": self.operation,
            "code": self.code,
            "message": self.api_message,
            "request_id": self.request_id,
            "http_status": self.http_status,
            "host": self.host,
            "hint": self.hint,
        }


class WaitTimeout(CloudError):
    """The time for a wait has passed; ``result`` holds what is needed to resume it."""


class TaskFailure(CloudError):
    """The operation did its work and the outcome is a failure; ``result`` keeps what was found."""


class Defect(CloudError):
    """An unexpected exception: a defect of the collection, named with its place so that it can be reported.

    ``text`` stands for the exception's own text where that must not be shown.
    """

    def __init__(self, error: Exception, text: str | None = None) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        where = f" in {os.path.basename(frames[-1].filename)} line {frames[-1].lineno}" if frames else ""
        what = f"Unexpected {type(error).__name__}{where}: {error if text is None else text}"
        super().__init__(f"{what}. This is a defect of the collection; please report it.")

    @property
    def may_have_taken_effect(self) -> bool:
        return True


class MissingLibrary(CloudError):
    """A Python library that this task needs is not installed on the host where the task runs."""

    def __init__(self, name: str, detail: str = "") -> None:
        # basic is loaded by every module anyway, and by no lookup or connection plugin until it fails
        from ansible.module_utils.basic import missing_required_lib

        text = missing_required_lib(name)
        super().__init__(f"{text}. {detail}".rstrip())
        self.name = name
