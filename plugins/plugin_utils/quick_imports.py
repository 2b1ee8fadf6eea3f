# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Import the collection's own files quickly, since the worker of each task imports them again.

Ansible's loader of collections keeps no byte code and compiles every file each time. Garbage collection finds nothing
in what is being imported, but looks at all that a worker has inherited. Together they take several times as long as all
that a plugin does in the worker.
"""

from __future__ import annotations

import gc
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
def quick_imports() -> Iterator[None]:
    """Keep what is imported in the block compiled, in ``__pycache__`` if that may be written; collect no garbage."""
    collects = gc.isenabled()
    gc.disable()
    sys.meta_path.insert(0, _Finder)
    try:
        yield
    finally:
        sys.meta_path.remove(_Finder)
        if collects:
            gc.enable()
