# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Cut the instances of a run into batches, each with the token that makes its call safe to repeat."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ...common.idempotency import derive_client_token
from ...common.paging import batches


@dataclass(frozen=True)
class Batch:
    """The instances of one call, and the token that makes the call safe to repeat.

    ``recurring``: the token is shared with other starts under the same idempotency key.
    """

    instance_ids: tuple[str, ...]
    token: str | None
    recurring: bool = False


def plan_batches(
    instance_ids: tuple[str, ...], size: int, token: str | None, *, whole: bool = True
) -> tuple[Batch, ...]:
    """Cut the instances into batches in their order, each with its own token.

    A request that fits in one call carries ``token`` itself. The token of each of several batches is derived from
    ``token`` and the batch's instances: the same request gives the same tokens however often it is started.
    ``whole`` is false when the instances are what an earlier start has left.
    """
    cut = batches(instance_ids, size)
    if token is None or (whole and len(cut) == 1):
        return tuple(Batch(ids, token) for ids in cut)
    return tuple(Batch(ids, derive_client_token(token, *ids)) for ids in cut)


def plan_under_key(
    instance_ids: tuple[str, ...], size: int, token: str, earlier: Mapping[str, Collection[str]]
) -> tuple[Batch, ...]:
    """Cut the instances into batches whose tokens come from the key's ``token``.

    ``earlier`` holds the ids of the earlier invocations of each instance that has some. For the other instances any
    start under the key makes the same calls, so that the service carries out one of them, whether the starts see each
    other or not. The tokens of those that run again depend on what ran there before.
    """
    fresh = tuple(item for item in instance_ids if item not in earlier)
    again = tuple(item for item in instance_ids if item in earlier)
    plan = list(plan_batches(fresh, size, token, whole=False))
    for ids in batches(again, size):
        history = sorted({invoke_id for item in ids for invoke_id in earlier[item]})
        plan.append(Batch(ids, derive_client_token(token, *ids, *history)))
    place = {instance_id: number for number, instance_id in enumerate(instance_ids)}
    return tuple(sorted((replace(batch, recurring=True) for batch in plan), key=lambda b: place[b.instance_ids[0]]))
