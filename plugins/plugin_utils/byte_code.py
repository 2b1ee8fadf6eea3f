# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Imports of the collection's own files that use Python's byte code cache.

Ansible's loader of collections keeps no byte code. It compiles every file that a plugin imports again in the worker of
each task, which takes several times as long as all that the plugin does there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType

_PLUGINS = __name__.rpartition(".plugin_utils.")[0]


class _Finder:
    """Finds the source files below plugins/ as Python finds any others."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the specification of one of the collection's own files, None for any other and for folders."""
        if not name.startswith(f"{_PLUGINS}."):
            return None
        finders = (FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)) for folder in path or ())
        return next((spec for finder in finders if (spec := finder.find_spec(name)) and spec.loader), None)


@contextmanager
def cached_byte_code() -> Iterator[None]:
    """Have what is imported in the block compiled once and kept in ``__pycache__``, where that may be written."""
    sys.meta_path.insert(0, _Finder)
    try:
        yield
    finally:
        sys.meta_path.remove(_Finder)
