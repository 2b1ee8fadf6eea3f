# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that others have written are read, or known not to be any."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.numbers import (
    natural_number,
    whole_number,
)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("-3", -3), ("9" * 18, 10**18 - 1)])
def test_a_whole_number_is_read(text: str, number: int) -> None:
    assert whole_number(text) == number
    assert natural_number(text) == (number if number >= 0 else None)


@pytest.mark.parametrize("text", ["", "-", "1.5", " 1", "1\n", "²", "٣", "x", "9" * 5000, "1_000", "+1"])
def test_other_text_is_not_a_number(text: str) -> None:
    assert whole_number(text) is None
    assert natural_number(text) is None
