# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lookups of a play share, and how few calls they make."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils import command_catalogue
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.command_catalogue import commands_by_name
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.play_cache import PlayCache, forget, play_id
from fake_library import FakeLibrary


def calls(library: FakeLibrary) -> list[str | None]:
    """Return the name of each call that reads commands, None where it asks for all."""
    return [params.get("Name") for operation, params in library.log if operation == "DescribeCommands"]


def test_a_document_is_kept_for_its_key_and_play_only(tmp_path: Path) -> None:
    with PlayCache({"region": "a"}, "play-1", str(tmp_path)).opened() as document:
        document["commands"] = ["one"]
    for key, play, expected in (("a", "play-1", {"commands": ["one"]}), ("b", "play-1", {}), ("a", "play-2", {})):
        with PlayCache({"region": key}, play, str(tmp_path)).opened() as document:
            assert document == expected


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    cache = PlayCache({}, "play", str(tmp_path))
    with cache.opened() as document:
        document["secret"] = "x"
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600


def test_nothing_is_kept_of_work_that_fails(tmp_path: Path) -> None:
    cache = PlayCache({}, "play", str(tmp_path))
    with pytest.raises(KeyError), cache.opened() as document:
        document["half"] = True
        raise KeyError
    with cache.opened() as document:
        assert document == {}


def test_one_process_works_at_a_time(tmp_path: Path) -> None:
    def count(_unused: int) -> None:
        with PlayCache({}, "play", str(tmp_path)).opened() as document:
            document["count"] = document.get("count", 0) + 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(40)))
    with PlayCache({}, "play", str(tmp_path)).opened() as document:
        assert document == {"count": 40}


def test_forgetting_makes_the_next_lookup_read_again(tmp_path: Path) -> None:
    with PlayCache({}, "play", str(tmp_path)).opened() as document:
        document["commands"] = []
    forget(str(tmp_path))
    with PlayCache({}, "play", str(tmp_path)).opened() as document:
        assert document == {}


def test_a_process_other_than_a_worker_has_no_play() -> None:
    assert play_id() is None


def test_many_names_are_one_pass() -> None:
    library = FakeLibrary()
    ids = {name: library.add(Name=name) for name in ("one", "two", "three")}
    document: dict[str, Any] = {}
    for names in (["two", "one"], ["three"], ["one", "two", "three"]):
        found = commands_by_name(library, names, {}, document, content=False)
        assert {name: [record["command_id"] for record in records] for name, records in found.items()} == {
            name: [ids[name]] for name in names
        }
    assert calls(library) == [None]
    assert "content" not in document["commands"][0]


def test_a_missing_name_is_asked_for_again() -> None:
    library = FakeLibrary()
    document: dict[str, Any] = {}
    assert commands_by_name(library, ["late"], {}, document, content=False) == {"late": []}
    command_id = library.add(Name="late")
    (record,) = commands_by_name(library, ["late"], {}, document, content=True)["late"]
    assert record["command_id"] == command_id
    assert calls(library) == [None, "late", "late"]


def test_a_long_list_is_not_read_completely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_catalogue, "LISTED", 3)
    library = FakeLibrary()
    for number in range(9):
        library.add(Name=f"name {number}")
    twin = [library.add(Name="twin"), library.add(Name="twin")]
    document: dict[str, Any] = {}
    for _turn in range(2):
        found = commands_by_name(library, ["name 0", "twin"], {}, document, content=False)
        assert [record["command_id"] for record in found["twin"]] == twin
        assert len(found["name 0"]) == 1
    assert calls(library) == [None, "name 0", "twin"]
