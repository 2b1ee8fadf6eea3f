# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeat a call until the service has answered it: for both clouds the same rules on lost answers, pauses and time.

* Only the service's own documents are answers to a call. Anything else is a lost answer (NoAnswer).
* A call that may have arrived is sent again only where that cannot act twice (``repeatable``), as the same request.
* Once an answer was lost, every later error of the call reports that it may have taken effect.
* All tries and pauses together end at the deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .errors import ApiError, CloudError, TransportError, WaitTimeout
from .retry import call_with_retries
from .transport import NoAnswer
from .wait import Deadline

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One call, with all of its tries.

    ``operation`` and ``host`` name it in errors. ``reads``: it changes nothing. ``repeatable``: sending it again cannot
    act twice. ``recovery_hint``: how a user finds out whether it took effect after its answer was lost.
    """

    operation: str
    host: str
    reads: bool
    repeatable: bool
    recovery_hint: str = ""


def call_until_answered(
    call: Call,
    attempt: Callable[[bool], T],
    retry_delay: Callable[[ApiError], float | None],
    *,
    retries: int,
    deadline: Deadline,
    backoff_base: float = 0.5,
) -> T:
    """Return what ``attempt`` returns; it sends the request once and gets whether an earlier answer was lost.

    ``attempt`` raises NoAnswer for a lost answer and ApiError for one that is an error of the service; whatever else it
    raises, errors of another operation among it, is final. ``retry_delay`` returns the pause in seconds after which
    the same request may succeed, 0 if the service asks for none, None where it will not. Raises ApiError,
    TransportError, and WaitTimeout where a read ran out of time or nothing was sent.
    """
    lost = False

    def once(_number: int) -> T:
        nonlocal lost
        if deadline.expired():
            if not lost:
                raise WaitTimeout(f"{call.operation}: not sent because the time limit has expired")
            raise NoAnswer("the time limit has expired", may_have_arrived=True)
        try:
            return attempt(lost)
        except NoAnswer as error:
            lost = lost or error.may_have_arrived
            raise
        except ApiError as error:
            if error.operation == call.operation:
                error.after_lost_reply = lost
                lost = error.may_have_taken_effect
            raise

    def delay(error: Exception) -> float | None:
        if isinstance(error, NoAnswer):
            repeatable = call.repeatable or not error.may_have_arrived
            return error.retry_after or 0.0 if error.transient and repeatable else None
        if isinstance(error, ApiError) and error.operation == call.operation:
            return retry_delay(error) if call.repeatable or error.nothing_started else None
        return None

    failure: CloudError
    try:
        return call_with_retries(once, delay, retries=retries, deadline=deadline, base=backoff_base)
    except NoAnswer as error:
        failure = _unanswered(call, error, lost, deadline)
    except CloudError as error:
        failure = _refused(call, error, lost, deadline, retry_delay)
    # raised out here, so that no chained exception carries the request
    raise failure


def _refused(
    call: Call, error: CloudError, lost: bool, deadline: Deadline, retry_delay: Callable[[ApiError], float | None]
) -> CloudError:
    """Return the error to raise for a final one, of the call itself or of what it needs, such as a login."""
    if isinstance(error, ApiError) and error.operation == call.operation:
        error.transient = retry_delay(error) is not None
        if error.may_have_taken_effect and not call.reads:
            error.advise(f"The request may nevertheless have taken effect. {call.recovery_hint}".rstrip())
        return error
    if not lost:
        return error
    reason = NoAnswer(str(error), may_have_arrived=True, transient=error.transient)
    return _unanswered(call, reason, lost, deadline)


def _unanswered(call: Call, error: NoAnswer, lost: bool, deadline: Deadline) -> CloudError:
    """Return the error to raise for a call without an answer: WaitTimeout for a read that ran out of time."""
    failure: CloudError
    if call.reads and deadline.expired():
        text = f"{call.operation}: the time limit expired before {call.host} answered ({error.reason})"
        failure = WaitTimeout(text)
    else:
        lost = lost and not call.reads
        advice = " ".join(text for text in (error.advice, call.recovery_hint if lost else "") if text)
        failure = TransportError(call.operation, call.host, error.reason, lost, advice, http_status=error.status)
    failure.transient = error.transient
    return failure
