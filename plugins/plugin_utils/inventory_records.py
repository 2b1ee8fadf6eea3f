# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The instances of several regions with the state of their agents, read side by side, whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..module_utils.cloud_assistant.instances.agents import AgentReader, agent_record
from ..module_utils.cloud_assistant.instances.selection import FILTER_CEILING, PAGE_SIZE, STATUSES, instance_record
from ..module_utils.cloud_assistant.tags import check_tags, tags_from_row, tags_to_rows
from ..module_utils.cloud_assistant.targets import read_instance_ids
from ..module_utils.common.checks import check_choice, check_identifiers
from ..module_utils.common.errors import CloudError, InputError

if TYPE_CHECKING:
    from ..module_utils.alibaba.client import Client

READERS = 4
"""Requests for agent states under way at once in one region, beside the listing itself."""

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


@dataclass(frozen=True)
class FleetFilter:
    """Which instances to read: DescribeInstances parameters, and tags with several values, compared here."""

    parameters: dict[str, Any]
    tag_values: dict[str, frozenset[str]] = field(default_factory=dict)

    def accepts(self, row: Row) -> bool:
        """Return whether an instance that passed the service's filters has one of the values of each such tag."""
        tags = tags_from_row(row) if self.tag_values else {}
        return all(tags.get(key) in values for key, values in self.tag_values.items())


def read_filters(filters: Mapping[str, Any]) -> FleetFilter:
    """Return the filters of the option ``filters``. Raises InputError naming the filter that is not valid."""
    parameters: dict[str, Any] = {}
    tag_values: dict[str, frozenset[str]] = {}
    for name, value in filters.items():
        option = f"filters.{name}"
        if value is None:
            continue
        if name == "tags":
            tags, tag_values = _tag_filter(option, value)
            parameters["Tag"] = tags_to_rows(tags)
        elif name == "instance_ids":
            if isinstance(value, str) or not isinstance(value, Sequence) or not 1 <= len(value) <= 100:
                raise InputError(option, "must be a list of 1 to 100 instance IDs")
            parameters["InstanceIds"] = list(read_instance_ids([str(item) for item in value], option))
        elif name in SCALAR_FILTERS:
            if isinstance(value, (Mapping, list, tuple)) or str(value) == "":
                raise InputError(option, "must be a single non-empty value")
            check_identifiers(**{option: str(value)})
            if name in CHOICES:
                check_choice(option, value, CHOICES[name])
            parameters[SCALAR_FILTERS[name]] = str(value)
        else:
            known = ", ".join(sorted([*SCALAR_FILTERS, "instance_ids", "tags"]))
            raise InputError(option, f"is not a valid filter; the filters are {known}")
    return FleetFilter(parameters, tag_values)


def _tag_filter(option: str, value: Any) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """Return the tags for the service, and the values of those that have several, for which it looks by key alone."""
    if not isinstance(value, Mapping) or not value:
        raise InputError(option, "must be a dictionary of at least one tag")
    several = {str(key): texts for key, texts in value.items() if isinstance(texts, (list, tuple))}
    for key, texts in several.items():
        if not texts:
            raise InputError(option, f"the tag {key!r} has an empty list of values")
        for text in texts:
            check_tags({key: text}, option)
    tags = check_tags({str(key): "" if str(key) in several else text for key, text in value.items()}, option)
    return tags, {key: frozenset(str(text) for text in texts) for key, texts in several.items()}


def _matches(row: Row, dropped: Mapping[str, Any]) -> bool:
    """Return whether a row passes the tag and resource group filters, applied here instead of by the service."""
    group = dropped.get("ResourceGroupId")
    if group is not None and row.get("ResourceGroupId") != group:
        return False
    tags = tags_from_row(row)
    return all(tag["Key"] in tags and tag["Value"] in ("", tags[tag["Key"]]) for tag in dropped.get("Tag", []))


class RegionReader:
    """Reads one region: the listing page by page and, beside it, the agent states of the instances already found."""

    def __init__(self, client: Client, wanted: FleetFilter, stop: threading.Event) -> None:
        self.client = client
        self.wanted = wanted
        self.parameters = wanted.parameters
        self.stop = stop
        self.agents = AgentReader(client)

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
        dropped: dict[str, Any] = {
            name: self.parameters[name] for name in ("Tag", "ResourceGroupId") if name in self.parameters
        }
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
                    meant = [row["InstanceId"] for row in rows if self.wanted.accepts(row)]
                    if agents and meant:
                        pending.append(pool.submit(self.agent_rows, meant))
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
        return [row for row in instances if self.wanted.accepts(row)], states

    def agent_rows(self, instance_ids: Sequence[str]) -> dict[str, Row]:
        """Return the agents' rows by instance id; a failure ends the listing, whose result is of no use then."""
        try:
            return {} if self.stop.is_set() else self.agents.rows(instance_ids)
        except BaseException:
            self.stop.set()
            raise


def all_regions(client: Client) -> list[str]:
    """Return the regions that the account may use (DescribeRegions). Raises ApiError, TransportError."""
    return [row["RegionId"] for row in client.call("DescribeRegions").rows("Regions", "Region")]


def read_fleet(
    connect: Callable[[str], Client], regions: Sequence[str], filters: Mapping[str, Any], *, agents: bool
) -> list[Row]:
    """Return the host records of all regions, in the order given, regions read side by side.

    ``connect`` makes the client of a region. Raises the first CloudError that a region ends with, as a message that
    names the region, and returns nothing then: an inventory is whole or it is not one.
    """
    wanted = read_filters(filters)
    clients = {region: connect(region) for region in dict.fromkeys(regions)}
    stop = threading.Event()
    records: list[Row] = []
    with ThreadPoolExecutor(max_workers=min(8, len(clients))) as pool:
        futures = {
            region: pool.submit(RegionReader(client, wanted, stop).read, agents) for region, client in clients.items()
        }
        # an error stops the other readers, whose results are then incomplete: look for errors before results
        for region, future in futures.items():
            error = future.exception()
            if isinstance(error, CloudError):
                raise RegionError(region, error) from error
            if error is not None:
                raise error
        read = {region: future.result() for region, future in futures.items()}
        _refuse_shared({region: instances for region, (instances, _states) in read.items()})
        for region, (instances, states) in read.items():
            records += [
                host_record(row, states.get(row["InstanceId"]) if agents else None, region, agents) for row in instances
            ]
    return records


def _refuse_shared(found: Mapping[str, Sequence[Row]]) -> None:
    """Raise InputError for an instance that two regions list: an endpoint of one region answers for all of them."""
    regions: dict[str, str] = {}
    for region, rows in found.items():
        for row in rows:
            other = regions.setdefault(row["InstanceId"], region)
            if other != region:
                raise InputError(
                    "regions",
                    f"{other} and {region} both have the instance {row['InstanceId']}, so the endpoint answers for one "
                    "region only; give that region alone",
                )


class RegionError(CloudError):
    """A region could not be read, hence there is no inventory."""

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
            # there is no version of an agent that does not run, nor of any in the API of 2018
            "installed": bool(known["online"] or known["version"] or known["last_heartbeat"]),
            "version": known["version"],
            "last_heartbeat": known["last_heartbeat"],
        }
    return record
