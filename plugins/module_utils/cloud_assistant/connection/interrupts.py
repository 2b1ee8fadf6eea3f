# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Time to clean up when a task is interrupted: by the user, whose workers end at once, or by its own time limit."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Have the first SIGINT or SIGTERM raise KeyboardInterrupt in the block, and take its usual effect after it.

    Further ones are ignored in between, so what the block does about the first has to be bounded. Without effect in
    a thread that is not the main one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def receive(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, receive) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in received:
            os.kill(os.getpid(), number)


def raise_lost_alarm() -> None:
    """Raise the error of the task's time limit once more if that has passed, and Python has dropped the error.

    Core sets an alarm whose handler raises the error once, wherever the worker is. Python drops it in a destructor and
    in the callback of a weak reference, of which every import has many; the task would then have no limit any more.
    """
    handler = signal.getsignal(signal.SIGALRM)
    # a handler of anyone else may belong to the process that this worker was forked from
    if not callable(handler) or not str(getattr(handler, "__module__", "")).startswith("ansible."):
        return
    if threading.current_thread() is threading.main_thread() and not any(signal.getitimer(signal.ITIMER_REAL)):
        handler(signal.SIGALRM, None)
