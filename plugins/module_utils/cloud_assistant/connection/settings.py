# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The settings of a connection: plain values, checked."""

from __future__ import annotations

from dataclasses import dataclass

from ...common.errors import InputError

ROOT = "root"
LONGEST_WAIT = 24 * 3600
"""Seconds: the longest time-out that is taken."""


@dataclass(frozen=True)
class Settings:
    """How one instance is worked with.

    ``connection_timeout``: seconds for the service and the agent to take a command. ``command_timeout``: seconds that
    a command may run. ``store_size``, ``max_output`` and ``max_file`` are in bytes; a store of 0 bytes is none.
    ``calls_per_minute``: calls of one operation that all workers of a run make together. ``daily_quota``: invocations
    that the account may start per region and day. For both, 0 means no limit. ``run_dir``: a private folder of the run,
    empty where there is none to share. ``account`` distinguishes accounts, and is not secret.
    """

    instance_id: str
    username: str = ROOT
    executable: str = "/bin/sh"
    connection_timeout: float = 60.0
    command_timeout: int = 3600
    poll_interval: float = 0.3
    store_size: int = 64 * 1024 * 1024
    max_output: int = 16 * 1024 * 1024
    max_file: int = 64 * 1024 * 1024
    payload_protection: str = "auto"
    transfer_method: str = "auto"
    cache_dir: str = ""
    calls_per_minute: int = 600
    daily_quota: int = 0
    run_dir: str = ""
    account: str = ""

    def __post_init__(self) -> None:
        """Raise InputError for values out of range."""
        if not self.instance_id.strip():
            raise InputError("instance_id", "is empty; ansible_host or the name of the host must be an instance ID")
        if not self.executable.strip():
            raise InputError("executable", "is empty; it must be the path of a shell on the instance, such as /bin/sh")
        for name in ("connection_timeout", "command_timeout"):
            if not 1 <= getattr(self, name) <= LONGEST_WAIT:
                raise InputError(name, f"must be from 1 to {LONGEST_WAIT} seconds")
        if not 0.1 <= self.poll_interval <= 60:
            raise InputError("poll_interval", "must be from 0.1 to 60 seconds")
        if self.store_size and not 4 * 1024**2 <= self.store_size <= 1024**4:
            raise InputError("store_size", "must be 0, or from 4 MiB to 1 TiB")
        for name in ("calls_per_minute", "daily_quota"):
            if not 0 <= getattr(self, name) <= 10**9:
                raise InputError(name, "must be from 0 (no limit) to 1000000000")
        for name in ("max_output", "max_file"):
            if not 64 * 1024 <= getattr(self, name) <= 1024**3:
                raise InputError(name, "must be from 64 KiB to 1 GiB")
