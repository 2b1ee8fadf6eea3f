# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instances of several regions with the state of their agents, read side by side, whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ..module_utils.cloud_assistant.instances.agents import agent_record
from ..module_utils.cloud_assistant.instances.selection import STATUSES, instance_record
from ..module_utils.cloud_assistant.tags import tags_from_row
from ..module_utils.common.errors import ApiError, CloudError, InputError

if TYPE_CHECKING:
    from ..module_utils.alibaba.client import Client

PAGE_SIZE = 100
"""Instances a page (DescribeInstances, MaxResults)."""

STATUS_IDS = 100
"""Ids that DescribeCloudAssistantStatus is asked for at once; where the service takes fewer, the number is halved."""

READERS = 4
"""Requests for agent states under way at once in one region, beside the listing itself."""

FILTER_CEILING = 1000
"""A filter by tag or resource group finds at most so many resources (DescribeInstances, Tag and ResourceGroupId)."""

SCALAR_FILTERS = {
    "charge_type": "InstanceChargeType",
    "image_id": "ImageId",
    "instance_type": "InstanceType",
    "instance_type_family": "InstanceTypeFamily",
    "key_pair_name": "KeyPairName",
    "name": "InstanceName",
    "network_type": "InstanceNetworkType",
    "resource_group_id": "ResourceGroupId",
    "security_group_id": "SecurityGroupId",
    "status": "Status",
    "vpc_id": "VpcId",
    "vswitch_id": "VSwitchId",
    "zone_id": "ZoneId",
}
CHOICES = {
    "status": STATUSES,
    "network_type": ("vpc", "classic"),
    "charge_type": ("PostPaid", "PrePaid"),
}

HOST_VARIABLES = frozenset(
    {
        "instance_id",
        "instance_name",
        "host_name",
        "description",
        "region",
        "zone_id",
        "status",
        "os_type",
        "os_name",
        "instance_type",
        "instance_type_family",
        "cpu",
        "memory",
        "image_id",
        "network_type",
        "vpc_id",
        "vswitch_id",
        "private_ip",
        "private_ips",
        "public_ip",
        "public_ips",
        "ipv6_addresses",
        "security_group_ids",
        "resource_group_id",
        "key_pair_name",
        "charge_type",
        "creation_time",
        "expired_time",
        "deletion_protection",
        "instance_tags",
        "cloud_assistant",
    }
)
"""The keys of a host record."""

Row = dict[str, Any]


def filter_parameters(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the DescribeInstances parameters of the filters; raise InputError naming the filter that cannot be."""
    parameters: dict[str, Any] = {}
    for name, value in filters.items():
        option = f"filters.{name}"
        if value is None:
            continue
        if name == "tags":
            if not isinstance(value, Mapping) or not value:
                raise InputError(option, "must be a dictionary of at least one tag")
            if len(value) > 20:
                raise InputError(option, f"has {len(value)} tags, the limit is 20")
            parameters["Tag"] = [{"Key": str(key), "Value": str(text)} for key, text in value.items()]
        elif name == "instance_ids":
            if isinstance(value, str) or not isinstance(value, Sequence) or not 1 <= len(value) <= 100:
                raise InputError(option, "must be a list of 1 to 100 instance ids")
            parameters["InstanceIds"] = [str(item) for item in value]
        elif name in SCALAR_FILTERS:
            if isinstance(value, (Mapping, list, tuple)) or str(value) == "":
                raise InputError(option, "must be one non-empty value")
            if name in CHOICES and value not in CHOICES[name]:
                raise InputError(option, f"{value!r} is not one of {', '.join(CHOICES[name])}")
            parameters[SCALAR_FILTERS[name]] = str(value)
        else:
            known = ", ".join(sorted([*SCALAR_FILTERS, "instance_ids", "tags"]))
            raise InputError(option, f"is not a filter; the filters are {known}")
    return parameters


def _matches(row: Row, dropped: Mapping[str, Any]) -> bool:
    """Whether a row passes the tag and resource group filters, applied here instead of by the service."""
    group = dropped.get("ResourceGroupId")
    if group is not None and row.get("ResourceGroupId") != group:
        return False
    tags = tags_from_row(row)
    return all(tag["Key"] in tags and tag["Value"] in ("", tags[tag["Key"]]) for tag in dropped.get("Tag", []))


class RegionReader:
    """Reads one region: the listing page by page and, beside it, the agent states of the instances already found."""

    def __init__(self, client: Client, parameters: Mapping[str, Any], stop: threading.Event) -> None:
        self.client = client
        self.parameters = parameters
        self.stop = stop
        self.status_ids = STATUS_IDS

    def pages(self, parameters: Mapping[str, Any]) -> Iterator[list[Row]]:
        """Yield the pages of instances; an instance that moves to a later page meanwhile comes once."""
        seen: set[str] = set()
        for page in self.client.pages("DescribeInstances", parameters, page_size=PAGE_SIZE):
            if self.stop.is_set():
                return
            rows = [row for row in page.rows("Instances", "Instance") if row["InstanceId"] not in seen]
            seen.update(row["InstanceId"] for row in rows)
            yield rows

    def unfiltered_pages(self) -> Iterator[list[Row]]:
        """Yield the pages that the service's filters might have cut short, tag and resource group compared here."""
        dropped = {name: self.parameters[name] for name in ("Tag", "ResourceGroupId") if name in self.parameters}
        rest = {name: value for name, value in self.parameters.items() if name not in dropped}
        for rows in self.pages(rest):
            yield [row for row in rows if _matches(row, dropped)]

    def read(self, agents: bool) -> tuple[list[Row], dict[str, Row]]:
        """Return the region's instances in the service's order and their agents' rows by instance id."""
        with ThreadPoolExecutor(max_workers=READERS) as pool:
            pending: list[Future[dict[str, Row]]] = []

            def collect(pages: Iterator[list[Row]]) -> list[Row]:
                found: list[Row] = []
                for rows in pages:
                    found += rows
                    if agents and rows:
                        pending.append(pool.submit(self.agent_rows_or_stop, [row["InstanceId"] for row in rows]))
                return found

            try:
                instances = collect(self.pages(self.parameters))
                if len(instances) >= FILTER_CEILING and not {"Tag", "ResourceGroupId"}.isdisjoint(self.parameters):
                    known = {row["InstanceId"] for row in instances}
                    more = ([row for row in rows if row["InstanceId"] not in known] for rows in self.unfiltered_pages())
                    instances += collect(more)
                states: dict[str, Row] = {}
                for future in pending:
                    states.update(future.result())
            except BaseException:
                self.stop.set()
                for future in pending:
                    future.cancel()
                raise
        return instances, states

    def agent_rows_or_stop(self, instance_ids: Sequence[str]) -> dict[str, Row]:
        """Return ``agent_rows``; a failure ends the listing at once, whose result would be thrown away."""
        try:
            return self.agent_rows(instance_ids)
        except BaseException:
            self.stop.set()
            raise

    def agent_rows(self, instance_ids: Sequence[str]) -> dict[str, Row]:
        """Return the DescribeCloudAssistantStatus rows of the ids; a just released instance has none."""
        states: dict[str, Row] = {}
        start = 0
        while start < len(instance_ids) and not self.stop.is_set():
            some = instance_ids[start : start + self.status_ids]
            try:
                reply = self.client.call("DescribeCloudAssistantStatus", {"InstanceId": list(some)})
            except ApiError as error:
                if error.code == "InstanceIds.ExceedLimit" and len(some) > 1:
                    self.status_ids = min(self.status_ids, len(some) // 2)
                    continue
                if error.code in ("InvalidInstance.NotFound", "InvalidInstanceId.NotFound"):
                    # released since it was listed; only halving tells which one
                    if len(some) > 1:
                        middle = len(some) // 2
                        states.update(self.agent_rows(some[:middle]))
                        states.update(self.agent_rows(some[middle:]))
                    start += len(some)
                    continue
                raise
            for row in reply.rows("InstanceCloudAssistantStatusSet", "InstanceCloudAssistantStatus"):
                states[row["InstanceId"]] = row
            start += len(some)
        return states


def read_fleet(
    connect: Callable[[str], Client], regions: Sequence[str], filters: Mapping[str, Any], *, agents: bool
) -> list[Row]:
    """Return the host records of all regions, in the order given, regions read side by side.

    ``connect`` makes the client of a region. Raises the first CloudError that a region ends with, as a message that
    names the region, and returns nothing then: an inventory is whole or it is not one.
    """
    parameters = filter_parameters(filters)
    clients = {region: connect(region) for region in dict.fromkeys(regions)}
    stop = threading.Event()
    records: list[Row] = []
    with ThreadPoolExecutor(max_workers=min(8, len(clients))) as pool:
        futures = {
            region: pool.submit(RegionReader(client, parameters, stop).read, agents)
            for region, client in clients.items()
        }
        # an error stops the other readers, whose results are then incomplete: look for errors before results
        for region, future in futures.items():
            error = future.exception()
            if isinstance(error, CloudError):
                raise RegionError(region, error) from error
            if error is not None:
                raise error
        for region, future in futures.items():
            instances, states = future.result()
            records += [
                host_record(row, states.get(row["InstanceId"]) if agents else None, region, agents) for row in instances
            ]
    return records


class RegionError(CloudError):
    """One region could not be read, hence there is no inventory."""

    def __init__(self, region: str, error: CloudError) -> None:
        super().__init__(f"region {region}: {error}")
        self.result = error.result


def host_record(row: Row, agent: Row | None, region: str, agents: bool) -> Row:
    """Return what the inventory keeps of an instance: plain JSON values under the names that hosts will see.

    ``agent`` is its DescribeCloudAssistantStatus row; None with ``agents`` true means that the service knows none.
    """
    record = instance_record(row, region)
    interfaces = (row.get("NetworkInterfaces") or {}).get("NetworkInterface") or []
    # Ansible keeps these two names for itself
    record["instance_name"], record["instance_tags"] = record.pop("name"), record.pop("tags")
    record.update(
        private_ip=next(iter(record["private_ips"]), ""),
        public_ip=next(iter(record["public_ips"]), ""),
        ipv6_addresses=[
            address["Ipv6Address"]
            for interface in interfaces
            for address in (interface.get("Ipv6Sets") or {}).get("Ipv6Set") or []
        ],
        instance_type_family=row.get("InstanceTypeFamily") or "",
        key_pair_name=row.get("KeyPairName") or "",
    )
    if agents:
        known = agent_record(agent or {"InstanceId": record["instance_id"]})
        record["cloud_assistant"] = {
            "online": known["online"],
            # no version is told of an agent that does not run, nor of any by the API of 2018
            "installed": bool(known["online"] or known["version"] or known["last_heartbeat"]),
            "version": known["version"],
            "last_heartbeat": known["last_heartbeat"],
        }
    return record
