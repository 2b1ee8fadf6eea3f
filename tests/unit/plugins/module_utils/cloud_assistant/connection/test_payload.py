# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The payloads of all releases of ansible-core are taken apart into what all tasks share and what is one task's own."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.payload import (
    Archive,
    Member,
    interpreter,
    take_apart,
)
from support.payloads import Layout, payload, recorded

LAYOUTS = recorded()


def test_every_supported_release_is_recorded() -> None:
    assert list(LAYOUTS) == ["2.16", "2.17", "2.18", "2.19", "2.20", "2.21"]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_two_tasks_share_all_but_their_own_lines(layout: Layout) -> None:
    first, second = payload(layout, '{"a": 1}', 2), payload(layout, '{"b": 2}', 4)
    pieces, others = take_apart(first), take_apart(second)
    assert pieces is not None and others is not None
    assert [piece for piece in pieces if not isinstance(piece, bytes)] == [
        piece for piece in others if not isinstance(piece, bytes)
    ]
    assert sum(isinstance(piece, Archive) for piece in pieces) == 1
    kept = sum(len(piece.data) for piece in pieces if isinstance(piece, Member))
    own = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    assert kept > 10_000 and len(own) < 600
    assert b'{"a": 1}' in own and b"1, 2, 2)" in own
    # nothing of the text around the archive is lost
    text = [b"ARCHIVE" if isinstance(p, Archive) else p.data if isinstance(p, Member) else p for p in pieces]
    begin, _quote, rest = first.partition(b"'UEsDB")
    assert b"".join(text) == begin + b"'ARCHIVE'" + rest.partition(b"'")[2]
    assert interpreter(first) == "/usr/bin/python3"


@pytest.mark.parametrize(
    ("line", "python"),
    [
        (b"#!/usr/bin/python3\n", "/usr/bin/python3"),
        (b"#! /opt/my-env/bin/python3.12\n", "/opt/my-env/bin/python3.12"),
        (b"#!/usr/bin/env python3\n", ""),
        (b"#!/usr/bin/python3 -u\n", ""),
        (b"#!/bin/sh\n", ""),
        (b"", ""),
    ],
)
def test_which_python_a_payload_names(line: bytes, python: str) -> None:
    assert interpreter(line + b"import sys\n") == python
