# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting a file into parts: nothing lost, nothing twice, compressed only where that saves a part."""

from __future__ import annotations

import base64
import gzip
import random

from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.parts import (
    PART_BYTES,
    pack,
    parse_numbers,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.binary(max_size=2000), st.integers(1, 300), st.booleans())
def test_the_parts_in_order_are_the_file(data, part_bytes, compress):
    parcel = pack(data, compress=compress, part_bytes=part_bytes)
    stream = b"".join(parcel.part(number) for number in range(1, parcel.count + 1))
    assert (gzip.decompress(stream) if parcel.compressed else stream) == data
    assert all(len(parcel.part(number)) <= part_bytes for number in range(1, parcel.count + 1))
    assert (parcel.count == 0) == (data == b"")


@given(st.binary(min_size=1, max_size=2000), st.integers(1, 300))
def test_part_names_sort_as_their_numbers_and_never_repeat(data, part_bytes):
    parcel = pack(data, compress=False, part_bytes=part_bytes)
    names = [parcel.part_name(number) for number in range(1, parcel.count + 1)]
    assert sorted(names) == names
    assert len(set(names)) == len(names)


@given(st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 50)), max_size=20))
def test_ranges_are_read(ranges):
    text = ",".join(f"{first}-{first + more}" for first, more in ranges)
    assert parse_numbers(text) == {number for first, more in ranges for number in range(first, first + more + 1)}


def test_the_largest_part_is_exactly_what_the_service_takes():
    assert len(base64.b64encode(pack(bytes(PART_BYTES * 2), compress=False).part(1))) == 32 * 1024


def test_compression_only_where_it_saves_a_part():
    noise = random.Random(1).randbytes(PART_BYTES * 3)
    assert not pack(noise).compressed
    assert not pack(b"a" * PART_BYTES).compressed, "one part either way"
    text = pack(b"a" * PART_BYTES * 3)
    assert (text.compressed, text.count) == (True, 1)
    assert not pack(b"a" * PART_BYTES * 3, compress=False).compressed


def test_a_large_file_whose_beginning_does_not_shrink_is_not_compressed():
    noise = random.Random(1).randbytes(1024 * 1024)
    assert not pack(noise + bytes(1024 * 1024)).compressed


def test_the_same_file_always_makes_the_same_parts():
    data = b"line\n" * 50_000
    assert pack(data).stream_id == pack(bytes(data)).stream_id
    assert pack(data).stream_id != pack(data, compress=False).stream_id
