# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Read complete outputs from the bucket to which the agents have delivered them, with the vendor's library."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...alibaba.client import Client
from ...common.errors import MissingLibrary
from ...common.printable import names_of
from ...common.spooled import bytes_of
from ..concurrency import map_concurrently
from ..models import InstanceResult
from .outcome import RunOutcome, by_reason
from .spool import in_memory, stored

if TYPE_CHECKING:
    from .spool import Store

LIBRARY = "oss2"


def load_library() -> Any:
    """Return the module of the vendor's library. Raises MissingLibrary."""
    try:
        return importlib.import_module(LIBRARY)
    except ImportError as error:
        raise MissingLibrary(LIBRARY, "It reads complete outputs from the bucket of oss_output_delivery.") from error


def collect_from_bucket(
    client: Client,
    outcome: RunOutcome,
    largest: int,
    warn: Callable[[str], None],
    store: Store = in_memory,
) -> None:
    """Replace the outputs that the service has cut by those in the bucket, up to ``largest`` bytes each.

    ``warn`` gets a line about those that cannot be read; their results keep what the service kept.
    """
    library = load_library()

    def completed(result: InstanceResult) -> tuple[InstanceResult, str]:
        found, problem = _completed(client, library, result, largest)
        return stored(found, store), problem

    found = map_concurrently(completed, outcome.results)
    outcome.results = [result for result, _problem in found]
    for problem, ids in by_reason((result.instance_id, problem) for result, problem in found).items():
        warn(f"output: the object in the bucket {problem} ({names_of(ids, 'instance')})")


def _completed(client: Client, library: Any, result: InstanceResult, largest: int) -> tuple[InstanceResult, str]:
    """Return the result with the whole output, and what was wrong with it; "" for nothing."""
    if not result.dropped or result.oss_output_status != "Finished":
        return result, ""
    name, _slash, key = result.oss_output_uri.removeprefix("oss://").partition("/")
    try:
        data = bytes(_bucket(client, library, name).get_object(key).read(largest + 1))
    except Exception as error:  # any error of the library: the run itself has succeeded
        # the text of the library's errors has the id of each request
        return result, f"could not be read: {type(error).__name__}: {getattr(error, 'message', '') or error}"
    if len(data) > largest:
        whole = result.dropped + len(bytes_of(result.output) or b"")
        cut = replace(result, output=data[:largest], dropped=max(1, whole - largest), gap=None)
        return cut, f"has more than {largest} bytes (max_output)"
    return replace(result, output=data, dropped=0), ""


def _bucket(client: Client, library: Any, name: str) -> Any:
    credentials = client.credentials()
    key = (credentials.access_key_id, credentials.access_key_secret)
    token = credentials.security_token
    auth = library.StsAuth(*key, token) if token else library.Auth(*key)
    return library.Bucket(auth, f"https://oss-{client.region}.aliyuncs.com", name)
