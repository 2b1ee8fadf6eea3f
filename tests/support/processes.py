# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of a test's own that begin at the same time, as the workers of an Ansible run do."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


def at_once(count: int, work: Callable[[int], None]) -> list[int]:
    """Have so many processes do the work, each with its number; their exit codes, that of a killed one negative.

    They end as Ansible's workers may: nothing is cleaned up.
    """
    gate, opened = os.pipe()
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            _work(gate, opened, number, work)
        children.append(child)
    os.close(gate)
    os.close(opened)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def _work(gate: int, opened: int, number: int, work: Callable[[int], None]) -> None:
    code = 1
    try:
        os.close(opened)
        # returns when the parent and all the other children have closed the other end
        os.read(gate, 1)
        work(number)
        code = 0
    except BaseException:  # noqa: BLE001  reported by the exit code
        traceback.print_exc()
    finally:
        os._exit(code)
