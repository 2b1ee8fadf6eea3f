# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Repeat a call until the service has answered it: for both clouds the same rules on lost answers, pauses and time.

* Only the service's own documents are answers to a call. Anything else is a lost answer (NoAnswer).
* A call that may have arrived is sent again only where that cannot act twice (``repeatable``), as the same request.
* Once an answer was lost, every later error of the call reports that it may have taken effect.
* All tries and pauses together end at the deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

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

    ``attempt`` raises NoAnswer for a lost answer and ApiError for one that is an error of the service; any other error,
    such as that of another operation, is final. ``retry_delay`` returns the pause in seconds after which
    the same request may succeed, 0 if the service asks for none, None where it will not. Raises ApiError,
    TransportError, and WaitTimeout where a read ran out of time or nothing was sent.
    """
    tries = _Tries(call, attempt, retry_delay, deadline)
    try:
        return call_with_retries(tries.once, tries.pause, retries=retries, deadline=deadline, base=backoff_base)
    except (NoAnswer, CloudError) as error:
        failure = tries.failure(error)
    # raised out here, so that no chained exception carries the request
    raise failure


class _Tries(Generic[T]):
    """The tries of one call so far: whether the answer of one of them was lost, so that it may have taken effect."""

    def __init__(
        self,
        call: Call,
        attempt: Callable[[bool], T],
        retry_delay: Callable[[ApiError], float | None],
        deadline: Deadline,
    ) -> None:
        self._call = call
        self._attempt = attempt
        self._retry_delay = retry_delay
        self._deadline = deadline
        self._lost = False

    def once(self, _number: int) -> T:
        """Return the answer to one more try. Raises what ``attempt`` raises, NoAnswer or WaitTimeout without time."""
        if self._deadline.expired():
            if not self._lost:
                raise WaitTimeout(f"{self._call.operation}: not sent because the time limit has expired")
            raise NoAnswer("the time limit has expired", may_have_arrived=True)
        try:
            return self._attempt(self._lost)
        except NoAnswer as error:
            self._lost = self._lost or error.may_have_arrived
            raise
        except ApiError as error:
            if self._is_own(error):
                error.after_lost_reply = self._lost
                self._lost = error.may_have_taken_effect
            raise

    def pause(self, error: Exception) -> float | None:
        """Return the least pause in seconds before the next try, None if there must not be one."""
        if isinstance(error, NoAnswer):
            repeatable = self._call.repeatable or not error.may_have_arrived
            return error.retry_after or 0.0 if error.transient and repeatable else None
        if isinstance(error, ApiError) and self._is_own(error):
            return self._retry_delay(error) if self._call.repeatable or error.nothing_started else None
        return None

    def failure(self, error: NoAnswer | CloudError) -> CloudError:
        """Return the error to raise after the last try, which has ended with this one."""
        if isinstance(error, NoAnswer):
            return self._unanswered(error)
        if isinstance(error, ApiError) and self._is_own(error):
            error.transient = self._retry_delay(error) is not None
            if error.may_have_taken_effect and not self._call.reads:
                advice = f"The request may nevertheless have taken effect. {self._call.recovery_hint}"
                error.advise(advice.rstrip())
            return error
        if not self._lost:
            return error
        return self._unanswered(NoAnswer(str(error), may_have_arrived=True, transient=error.transient))

    def _unanswered(self, error: NoAnswer) -> CloudError:
        """Return the error to raise for a call without an answer: WaitTimeout for a read that ran out of time."""
        call = self._call
        failure: CloudError
        if call.reads and self._deadline.expired():
            text = f"{call.operation}: the time limit expired before {call.host} answered ({error.reason})"
            failure = WaitTimeout(text)
        else:
            lost = self._lost and not call.reads
            advice = " ".join(text for text in (error.advice, call.recovery_hint if lost else "") if text)
            failure = TransportError(call.operation, call.host, error.reason, lost, advice, http_status=error.status)
        failure.transient = error.transient
        return failure

    def _is_own(self, error: ApiError) -> bool:
        """Return whether the error is of the call itself, and not of another that it needs, such as a login."""
        return error.operation == self._call.operation
