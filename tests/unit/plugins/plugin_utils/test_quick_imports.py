# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which imports use Python's byte code cache and collect no garbage, and for how long."""

from __future__ import annotations

import gc
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.quick_imports import quick_imports

PLUGINS = "ansible_collections.cloudops.cloud_assistant.plugins"
OWN = f"{PLUGINS}.module_utils.common.wait"


def test_the_collections_own_files_are_cached_within_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, OWN, raising=False)
    before = list(sys.meta_path)
    with pytest.raises(KeyError), quick_imports():
        found = find_spec(OWN)
        assert found is not None and isinstance(found.loader, SourceFileLoader)
        assert found.cached is not None and found.cached.endswith(".pyc")
        for other in (f"{PLUGINS}.module_utils.common.none", "ansible_collections.other.none"):
            assert all(finder.find_spec(other, None) is None for finder in sys.meta_path[:1])
        raise KeyError
    assert sys.meta_path == before
    outside = find_spec(OWN)
    assert outside is not None and not isinstance(outside.loader, SourceFileLoader)


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_afterwards_as_before(collects: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        with pytest.raises(KeyError), quick_imports():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()
