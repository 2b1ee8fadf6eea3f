# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetched files on this side: places that do not collide, ranges that survive, and the last step into place."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.fetch_local import (
    Ranges,
    destinations,
    forget_ranges,
    put,
    sha256_of,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.parts import MAX_FILE_BYTES
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("dest", "flat", "expected"),
    [
        ("out", False, ["out/i-1/var/log/x", "out/i-2/var/log/x"]),
        ("out/{instance_id}", False, ["out/i-1/var/log/x", "out/i-2/var/log/x"]),
        ("out/{instance_id}.log", True, ["out/i-1.log", "out/i-2.log"]),
        ("out/{instance_id}/", True, ["out/i-1/x", "out/i-2/x"]),
    ],
)
def test_each_instance_has_a_place_of_its_own(dest, flat, expected):
    found = destinations(dest, "/var/log/x", ["i-1", "i-2"], flat=flat)
    assert [str(place) for place in found.values()] == expected


def test_one_file_for_two_instances_and_a_folder_in_its_place_are_refused(tmp_path):
    with pytest.raises(InputError, match="dest: is one file for 2 instances"):
        destinations("out", "/x", ["i-1", "i-2"], flat=True)
    with pytest.raises(InputError, match="is a directory"):
        destinations(str(tmp_path), "/x", ["i-1"], flat=True)
    assert destinations(f"{tmp_path}/", "/a/x", ["i-1"], flat=True)["i-1"] == tmp_path / "x"


@given(
    data=st.binary(max_size=500),
    size=st.integers(1, 60),
    fates=st.lists(st.sampled_from(["whole", "absent", "cut", "half-written"]), max_size=600),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ranges_survive_a_broken_fetch_and_only_the_whole_ones_count(tmp_path, data, size, fates):
    place = tmp_path / "file"
    stream = gzip.compress(data, mtime=0)
    digest = hashlib.sha256(stream).hexdigest()
    forget_ranges(place)
    first = Ranges(place, digest, len(stream), size)
    pieces = {number: stream[(number - 1) * size : number * size] for number in range(1, first.count + 1)}
    for number, fate in zip(pieces, fates, strict=False):
        if fate == "whole":
            assert first.add(number, pieces[number])
        elif fate == "cut":
            assert not first.add(number, pieces[number][:-1])
        elif fate == "half-written":
            (first.folder / f"{number:05d}.new").write_bytes(b"half")
    whole = {number for number, fate in zip(pieces, fates, strict=False) if fate == "whole"}
    second = Ranges(place, digest, len(stream), size)
    assert set(second.missing()) == set(pieces) - whole
    for number in second.missing():
        second.add(number, pieces[number])
    assert second.content() == data


def test_an_impossible_place_is_refused_with_the_option(tmp_path):
    with pytest.raises(InputError, match="dest: .*File name too long"):
        destinations(f"{tmp_path}/{'x' * 300}", "/etc/motd", ["i-1"], flat=True)


def test_ranges_of_another_content_are_thrown_away(tmp_path):
    place = tmp_path / "file"
    Ranges(place, "a" * 64, 10, 5).add(1, b"12345")
    assert Ranges(place, "b" * 64, 10, 5).missing() == [1, 2]
    assert Ranges(place, "a" * 64, 10, 5).missing() == [1, 2]


def test_what_does_not_match_its_digest_is_refused(tmp_path):
    kept = Ranges(tmp_path / "file", "a" * 64, 3, 5)
    kept.add(1, b"abc")
    assert kept.content() is None


@pytest.mark.parametrize(
    "stream",
    [b"no gzip", gzip.compress(b"cut off" * 100)[:-9], gzip.compress(bytes(MAX_FILE_BYTES + 1), 1)],
    ids=["no gzip", "cut off", "more than a file may have"],
)
def test_what_does_not_unpack_is_refused(tmp_path, stream):
    kept = Ranges(tmp_path / "file", hashlib.sha256(stream).hexdigest(), len(stream), len(stream))
    assert kept.add(1, stream)
    assert kept.content() is None


def test_a_file_is_put_in_place_at_once_and_private(tmp_path):
    place = tmp_path / "new" / "file"
    put(place, b"one", None)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.chmod(0o640)
    before = place.stat().st_ino
    put(place, b"two", None)
    assert (place.read_bytes(), stat.S_IMODE(place.stat().st_mode)) == (b"two", 0o640)
    assert place.stat().st_ino != before, "replaced, not rewritten"
    put(place, b"two", 0o644)
    assert stat.S_IMODE(place.stat().st_mode) == 0o644
    assert os.listdir(place.parent) == ["file"]


def test_nothing_stays_behind_where_the_place_is_taken(tmp_path):
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "x").write_bytes(b"")
    with pytest.raises(OSError):
        put(tmp_path / "file", b"data", None)
    assert os.listdir(tmp_path) == ["file"]
    assert sha256_of(tmp_path / "none") is None


def test_a_pipe_or_a_device_is_neither_read_nor_replaced(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for place in (str(tmp_path / "fifo"), "/dev/null", "/dev/full"):
        with pytest.raises(InputError, match=f"dest: {place} is not a regular file"):
            destinations(place, "/etc/hosts", ["i-1"], flat=True)
    with pytest.raises(OSError, match="is not a regular file"):
        sha256_of(tmp_path / "fifo")
