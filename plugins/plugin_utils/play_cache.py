# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Keep what a play has read of the stored commands, so that its lookups in all processes share one pass.

Ansible resolves templates in a worker process for each task and host, so nothing that a lookup keeps in memory is there
for the next one. What all of them share is the run's own temporary directory, which only its user can read and which
Ansible removes at the end. A play's unique id keeps the next play from seeing what this one has read.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ansible import constants

from ..module_utils.common.shared_file import SharedDocument

PREFIX = "cloud-assistant-commands-"

# the same directory in all processes of a run; ansible-core sets its constants at run time, where no type checker sees
RUN_DIRECTORY: str = constants.DEFAULT_LOCAL_TMP  # type: ignore[attr-defined]


def play_id() -> str | None:
    """Return the unique id of the play that this process works for.

    None outside of a worker process, for example for the name of a task, which the main process resolves.
    """
    task = getattr(multiprocessing.current_process(), "_task", None)
    try:
        return str(task.get_play()._uuid)  # type: ignore[union-attr]
    except AttributeError:
        return None


class PlayCache:
    """A JSON document of the present play, under a key that the caller chooses."""

    def __init__(self, key: Mapping[str, Any], play: str, directory: str = RUN_DIRECTORY) -> None:
        """``key``: everything that distinguishes the document, without secrets; ``play``: the play's unique id."""
        digest = hashlib.sha256(json.dumps([play, key], sort_keys=True, default=str).encode()).hexdigest()
        self.path = Path(directory) / f"{PREFIX}{digest[:32]}.json"

    def opened(self) -> AbstractContextManager[dict[str, Any]]:
        """Give the document, empty at first, to one process at a time, and save it afterwards.

        Nothing is saved if the block raises an exception.
        """
        return SharedDocument(self.path).opened()


def forget(directory: str = RUN_DIRECTORY) -> None:
    """Make later lookups of this run read again, because a task has changed commands."""
    for path in Path(directory).glob(f"{PREFIX}*.json"):
        path.unlink(missing_ok=True)
