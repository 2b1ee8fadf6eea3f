# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet reader: filters, agent states in few calls, and no half result."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    CloudError,
    InputError,
)
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.inventory_records import (
    HOST_VARIABLES,
    host_record,
    read_filters,
    read_fleet,
)


class Page(dict):
    def rows(self, *path):
        value = self
        for key in path:
            value = (value or {}).get(key)
        return value or []


class FakeClient:
    """A region of ``count`` instances that can be made to behave badly."""

    def __init__(self, region, count, *, id_limit=100, released=(), filter_cut=None, fail_page=None, fail_status=None):
        self.region = region
        self.ids = [f"i-{region}-{number:05d}" for number in range(count)]
        self.id_limit = id_limit
        self.released = set(released)
        self.filter_cut = filter_cut
        self.fail_page = fail_page
        self.fail_status = fail_status
        self.calls = Counter()
        self.lock = threading.Lock()

    def _count(self, operation):
        with self.lock:
            self.calls[operation] += 1

    def pages(self, operation, params, *, page_size):
        rows = [
            {"InstanceId": identity, "Tags": {"Tag": [{"TagKey": "parity", "TagValue": str(number % 2)}]}}
            for number, identity in enumerate(self.ids)
        ]
        if "Tag" in params:
            wanted = params["Tag"][0]["Value"]
            rows = [row for row in rows if row["Tags"]["Tag"][0]["TagValue"] == wanted][: self.filter_cut]
        for number, start in enumerate(range(0, max(len(rows), 1), page_size)):
            self._count(operation)
            if number == self.fail_page:
                raise ApiError(operation, "Throttling.User", "Request was denied due to user flow control.")
            # each page repeats the last row of the one before, as happens when the fleet changes meanwhile
            yield Page(Instances={"Instance": rows[max(start - 1, 0) : start + page_size]})

    def call(self, operation, params, deadline=None):
        self._count(operation)
        ids = params["InstanceId"]
        if self.fail_status:
            raise self.fail_status
        if len(ids) > self.id_limit:
            raise ApiError(operation, "InstanceIds.ExceedLimit", "too many")
        if self.released.intersection(ids):
            raise ApiError(operation, "InvalidInstance.NotFound", "gone")
        rows = [
            {"InstanceId": identity, "CloudAssistantStatus": "true", "CloudAssistantVersion": "2.2.3.964"}
            for identity in ids
        ]
        return Page(InstanceCloudAssistantStatusSet={"InstanceCloudAssistantStatus": rows})


def fleet(*clients, filters=None, agents=True):
    by_region = {client.region: client for client in clients}
    return read_fleet(by_region.__getitem__, list(by_region), filters or {}, agents=agents)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_every_instance_once_with_its_state(count):
    client = FakeClient("cn-a", count)
    records = fleet(client)
    assert [record["instance_id"] for record in records] == client.ids
    assert all(record["cloud_assistant"]["online"] for record in records)
    pages = max(1, -(-count // 100))
    assert client.calls["DescribeInstances"] == pages
    assert client.calls["DescribeCloudAssistantStatus"] == -(-count // 100)


def test_regions_keep_their_order_and_repeat_once():
    first, second = FakeClient("cn-b", 3), FakeClient("cn-a", 2)
    clients = {"cn-b": first, "cn-a": second}
    records = read_fleet(clients.__getitem__, ["cn-b", "cn-a", "cn-b"], {}, agents=False)
    assert [record["instance_id"] for record in records] == first.ids + second.ids
    assert "cloud_assistant" not in records[0]


def test_an_endpoint_that_answers_for_one_region_only_is_found_out():
    clients = {region: FakeClient("cn-a", 2) for region in ("cn-a", "cn-b")}
    with pytest.raises(InputError, match="regions: cn-a and cn-b both have the instance i-cn-a-00000"):
        read_fleet(clients.__getitem__, ["cn-a", "cn-b"], {}, agents=False)


def test_a_service_that_takes_fewer_ids_is_asked_again_in_smaller_portions():
    client = FakeClient("cn-a", 400, id_limit=50)
    assert all(record["cloud_assistant"]["online"] for record in fleet(client))


def test_an_instance_released_meanwhile_is_offline_and_hides_no_other():
    client = FakeClient("cn-a", 100, released=["i-cn-a-00037"])
    states = {record["instance_id"]: record["cloud_assistant"]["online"] for record in fleet(client)}
    assert len(states) == 100
    assert [identity for identity, online in states.items() if not online] == ["i-cn-a-00037"]


def test_a_tag_filter_at_the_services_ceiling_is_applied_here_instead():
    client = FakeClient("cn-a", 4000, filter_cut=1000)
    records = fleet(client, filters={"tags": {"parity": "1"}})
    assert len(records) == 2000
    assert len({record["instance_id"] for record in records}) == 2000
    assert {record["instance_tags"]["parity"] for record in records} == {"1"}
    assert all(record["cloud_assistant"]["online"] for record in records)


def test_below_the_ceiling_the_filter_costs_nothing_more():
    client = FakeClient("cn-a", 100)
    assert len(fleet(client, filters={"tags": {"parity": "1"}})) == 50
    assert client.calls["DescribeInstances"] == 1


@pytest.mark.parametrize(
    "broken",
    [
        FakeClient("cn-bad", 1000, fail_page=5),
        FakeClient("cn-bad", 1000, fail_status=ApiError("DescribeCloudAssistantStatus", "Forbidden.RAM", "denied")),
    ],
)
def test_one_region_that_fails_leaves_no_inventory_and_is_named(broken):
    with pytest.raises(CloudError, match="region cn-bad: .*(Throttling.User|Forbidden.RAM)") as caught:
        fleet(FakeClient("cn-a", 200), broken)
    assert caught.value.result["error"]["code"] in ("Throttling.User", "Forbidden.RAM")


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"nmae": "x"}, "filters.nmae: is not a valid filter"),
        ({"status": "running"}, "filters.status: 'running' is not one of Pending"),
        ({"tags": []}, "filters.tags"),
        ({"tags": {str(number): "" for number in range(21)}}, "21 tags; at most 20"),
        ({"instance_ids": "i-1"}, "filters.instance_ids"),
        ({"instance_ids": ["i"] * 101}, "1 to 100"),
        ({"vpc_id": ["a", "b"]}, "filters.vpc_id: must be a single"),
        ({"instance_ids": ["web-01"]}, "filters.instance_ids: 'web-01' is not a valid instance ID"),
        ({"tags": {"role": None}}, "filters.tags: the value of the tag 'role' is null"),
        ({"tags": {"role": []}}, "filters.tags: the tag 'role' has an empty list"),
        ({"tags": {"role": ["web", None]}}, "filters.tags: the value of the tag 'role' is null"),
        ({"name": "a\nb"}, "filters.name: contains a control character"),
    ],
)
def test_bad_filters_are_refused_by_name(filters, named):
    with pytest.raises(InputError, match=named):
        read_filters(filters)


def test_several_values_of_a_tag_are_compared_here():
    wanted = read_filters({"tags": {"role": ["web", "db"], "env": "prod"}})
    assert wanted.parameters == {"Tag": [{"Key": "role", "Value": ""}, {"Key": "env", "Value": "prod"}]}

    def row(role):
        return {"Tags": {"Tag": [{"TagKey": "role", "TagValue": role}]}}

    assert [wanted.accepts(row(role)) for role in ("web", "db", "cache")] == [True, True, False]
    assert not wanted.accepts({})


def test_filters_become_the_services_parameters():
    assert read_filters({"tags": {"role": "web", "n": 1}, "vpc_id": "vpc-1", "instance_ids": ["i-1"]}).parameters == {
        "Tag": [{"Key": "role", "Value": "web"}, {"Key": "n", "Value": "1"}],
        "VpcId": "vpc-1",
        "InstanceIds": ["i-1"],
    }


def test_record_has_exactly_the_documented_variables_and_finds_each_address():
    row = {
        "InstanceId": "i-1",
        "VpcAttributes": {"VpcId": "vpc-1", "PrivateIpAddress": {"IpAddress": ["10.0.0.1"]}},
        "PublicIpAddress": {"IpAddress": ["8.8.8.8"]},
        "EipAddress": {"IpAddress": "9.9.9.9"},
        "NetworkInterfaces": {"NetworkInterface": [{"Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": "2400::1"}]}}]},
    }
    record = host_record(row, None, "cn-a", True)
    assert set(record) == HOST_VARIABLES
    assert (record["private_ip"], record["public_ips"]) == ("10.0.0.1", ["8.8.8.8", "9.9.9.9"])
    assert record["ipv6_addresses"] == ["2400::1"]
    assert record["cloud_assistant"] == {"online": False, "installed": False, "version": "", "last_heartbeat": ""}


@pytest.mark.parametrize(
    ("agent", "installed"),
    [
        ({"CloudAssistantStatus": "false"}, False),
        # offline for a while: no version is told
        ({"CloudAssistantStatus": "false", "LastHeartbeatTime": "2026-01-01T00:00:00Z"}, True),
        # the API of 2018 tells nothing else
        ({"CloudAssistantStatus": "true"}, True),
    ],
)
def test_an_agent_that_was_ever_online_is_installed(agent, installed):
    record = host_record({"InstanceId": "i-1"}, {"InstanceId": "i-1", **agent}, "cn-a", True)
    assert record["cloud_assistant"]["installed"] is installed


def test_record_of_the_classic_network_and_of_no_address_at_all():
    row = {"InstanceId": "i-1", "InnerIpAddress": {"IpAddress": ["10.9.0.1"]}, "EipAddress": {"IpAddress": ""}}
    assert host_record(row, None, "cn-a", False)["private_ip"] == "10.9.0.1"
    bare = host_record({"InstanceId": "i-2"}, None, "cn-a", False)
    assert (bare["private_ip"], bare["public_ip"], bare["region"]) == ("", "", "cn-a")
