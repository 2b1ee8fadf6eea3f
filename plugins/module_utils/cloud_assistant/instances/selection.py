# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Select ECS instances, and return them as modules show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...alibaba.client import Client
from ...common.checks import check_choice, check_ids
from ...common.errors import InputError
from ...common.paging import batches
from ...common.printable import some_of
from ...common.wait import Deadline
from ..tags import check_tags, has_tags, tags_from_row, tags_to_rows
from ..targets import check_exact_name, read_instance_ids

MAX_IDS_PER_CALL = 100
"""Instances in one call (DescribeInstances, InstanceIds)."""
PAGE_SIZE = 100
"""Instances per page (DescribeInstances, MaxResults)."""
FILTER_CEILING = 1000
"""Resources that a filter by tag or resource group finds at most (DescribeInstances, Tag and ResourceGroupId)."""
MAX_NAME_LOOKUPS = 5
"""Unknown ids that are compared with the names of instances."""
STATUSES = ("Pending", "Running", "Starting", "Stopping", "Stopped")

Row = dict[str, Any]


@dataclass(frozen=True)
class Selector:
    """Criteria that select instances; all of them must match. An empty selector matches the whole region."""

    instance_ids: tuple[str, ...] = ()
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    vpc_id: str | None = None
    status: str | None = None
    resource_group_id: str | None = None

    @classmethod
    def of(
        cls,
        *,
        instance_ids: Iterable[str] | None = None,
        name: str | None = None,
        tags: Mapping[str, object] | None = None,
        vpc_id: str | None = None,
        status: str | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> Selector:
        """Build a selector of a task's options; None is an option that was not given.

        Raises InputError for what was given and is empty: left out, it would mean more instances than its writer
        wanted. Also for a malformed id, name, tag or status.
        """
        given = {"instance_ids": instance_ids, "name": name, "tags": tags, "vpc_id": vpc_id, "status": status}
        for option, value in given.items():
            if value is not None and not value:
                raise InputError(option, "must not be empty; omit it if it should not select instances")
        ids = read_instance_ids(instance_ids, warn=warn) if instance_ids is not None else ()
        if name is not None:
            check_exact_name("name", name)
        check_ids(vpc_id=vpc_id)
        check_choice("status", status, STATUSES)
        return cls(ids, name, check_tags(tags or {}), vpc_id, status)

    def require(self) -> None:
        """Raise InputError unless the selector names instances by more than their status."""
        if not (self.instance_ids or self.name or self.tags or self.vpc_id):
            raise InputError("instance_ids", "no selection: give instance_ids, name, tags or vpc_id")

    @property
    def narrows(self) -> bool:
        """Whether more is given than ids, so that an instance may exist and not be meant."""
        return bool(self.name or self.tags or self.vpc_id or self.status or self.resource_group_id)

    def fits(self, row: Row) -> bool:
        """Return whether an instance is selected, by its own fields.

        The service compares names and tags less exactly, and an endpoint ignores filters that it does not know.
        """
        compared = (
            (self.name, row.get("InstanceName")),
            (self.vpc_id, (row.get("VpcAttributes") or {}).get("VpcId")),
            (self.status, row.get("Status")),
            (self.resource_group_id, row.get("ResourceGroupId")),
        )
        return all(wanted in (None, actual) for wanted, actual in compared) and has_tags(tags_from_row(row), self.tags)

    def __str__(self) -> str:
        """Return the selection in the words of the options."""
        parts = [f"{name}={value}" for name, value in (("name", self.name), ("vpc_id", self.vpc_id)) if value]
        parts += [f"tag {key}={value}" for key, value in self.tags.items()]
        parts += [f"status={self.status}"] if self.status else []
        parts += [f"{len(self.instance_ids)} ids"] if self.instance_ids else []
        return ", ".join(parts) or "all instances"


def find_instances(client: Client, selector: Selector, deadline: Deadline | None = None) -> list[Row]:
    """Return the DescribeInstances rows of the selected instances, each once: ids in their order, else as listed.

    Raises ApiError, TransportError, WaitTimeout: the list is complete or there is none.
    """
    filters: dict[str, Any] = {
        "InstanceName": selector.name,
        "VpcId": selector.vpc_id,
        "Status": selector.status,
        "Tag": tags_to_rows(selector.tags),
        "ResourceGroupId": selector.resource_group_id,
    }
    found: dict[str, Row] = {}
    if not selector.instance_ids:
        found = {row["InstanceId"]: row for row in _listed(client, filters, deadline)}
        if (selector.tags or selector.resource_group_id) and len(found) >= FILTER_CEILING:
            # the service may have cut the list; without these filters it is whole, and they are compared here
            whole = _listed(client, {**filters, "Tag": None, "ResourceGroupId": None}, deadline)
            found.update((row["InstanceId"], row) for row in whole)
    for batch in batches(selector.instance_ids, MAX_IDS_PER_CALL):
        rows = {row["InstanceId"]: row for row in _listed(client, {**filters, "InstanceIds": list(batch)}, deadline)}
        found.update((instance_id, rows[instance_id]) for instance_id in batch if instance_id in rows)
    return [row for row in found.values() if selector.fits(row)]


def states_of(client: Client, instance_ids: Sequence[str], deadline: Deadline | None = None) -> dict[str, Row]:
    """Return the rows of those of the instances that exist, by id."""
    rows = find_instances(client, Selector(tuple(instance_ids)), deadline)
    return {row["InstanceId"]: row for row in rows}


def _listed(client: Client, params: Mapping[str, Any], deadline: Deadline | None) -> Iterator[Row]:
    for page in client.pages("DescribeInstances", params, page_size=PAGE_SIZE, deadline=deadline):
        yield from page.rows("Instances", "Instance")


def describe_unknown(client: Client, instance_ids: Sequence[str], deadline: Deadline | None = None) -> str:
    """Return a warning about ids that are not in the region; a text that is the name of an instance is shown as such.

    Only the first ``MAX_NAME_LOOKUPS`` ids are compared with names, at the cost of one call each.
    """
    text = f"not found in {client.region}: {some_of(instance_ids)}"
    for instance_id in instance_ids[:MAX_NAME_LOOKUPS]:
        named = find_instances(client, Selector(name=instance_id), deadline)
        if named:
            text += f"; {instance_id} is the name of {', '.join(row['InstanceId'] for row in named)}"
    return text


def instance_record(row: Row, region: str) -> Row:
    """Return an instance as a module returns it: plain values, empty where the service gives none."""
    vpc = row.get("VpcAttributes") or {}
    private = _addresses(vpc.get("PrivateIpAddress")) or _addresses(row.get("InnerIpAddress"))
    public = [*_addresses(row.get("PublicIpAddress")), *_addresses(row.get("EipAddress"))]
    return {
        "instance_id": row["InstanceId"],
        "name": row.get("InstanceName") or "",
        "host_name": row.get("HostName") or "",
        "description": row.get("Description") or "",
        "region": row.get("RegionId") or region,
        "zone_id": row.get("ZoneId") or "",
        "status": row.get("Status") or "",
        "os_type": row.get("OSType") or "",
        "os_name": row.get("OSNameEn") or row.get("OSName") or "",
        "instance_type": row.get("InstanceType") or "",
        "cpu": row.get("Cpu"),
        "memory": row.get("Memory"),
        "image_id": row.get("ImageId") or "",
        "network_type": row.get("InstanceNetworkType") or "",
        "vpc_id": vpc.get("VpcId") or "",
        "vswitch_id": vpc.get("VSwitchId") or "",
        "private_ips": private,
        "public_ips": public,
        "security_group_ids": list((row.get("SecurityGroupIds") or {}).get("SecurityGroupId") or []),
        "resource_group_id": row.get("ResourceGroupId") or "",
        "charge_type": row.get("InstanceChargeType") or "",
        "creation_time": row.get("CreationTime") or "",
        "expired_time": row.get("ExpiredTime") or "",
        "deletion_protection": bool(row.get("DeletionProtection")),
        "tags": tags_from_row(row),
    }


def _addresses(part: Mapping[str, Any] | None) -> list[str]:
    value = (part or {}).get("IpAddress") or []
    return [value] if isinstance(value, str) else list(value)
