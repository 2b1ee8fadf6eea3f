# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances are selected as asked, and what is unknown is named."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.instances.selection import (
    Selector,
    describe_unknown,
    find_instances,
    instance_record,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    InputError,
)
from support.fake_fleet import FakeFleet


def found(fleet: FakeFleet, **options: Any) -> list[str]:
    """Return the ids that a selection finds."""
    return [row["InstanceId"] for row in find_instances(fleet, Selector.of(**options))]  # type: ignore[arg-type]


def test_name_and_tags_are_compared_exactly():
    fleet = FakeFleet(
        {"InstanceName": "web", "Tags": {"env": "prod"}},
        {"InstanceName": "web-2", "Tags": {"env": "test"}},
        {"InstanceName": "WEB", "Tags": {"env": "prod"}},
        {"InstanceName": "web", "Tags": {"env": ""}},
    )
    assert found(fleet, name="web") == ["i-0001", "i-0004"]
    assert found(fleet, tags={"env": "prod"}) == ["i-0001", "i-0003"]
    assert found(fleet, tags={"env": ""}) == ["i-0004"]


@pytest.mark.parametrize("options", [{"vpc_id": "vpc-2"}, {"status": "Stopped"}])
def test_a_filter_that_the_service_leaves_out_is_kept_all_the_same(options: dict[str, Any]):
    fleet = FakeFleet({}, {"VpcAttributes": {"VpcId": "vpc-2"}, "Status": "Stopped"}, {"VpcAttributes": {}})
    fleet._DescribeInstances = lambda params: FakeFleet._DescribeInstances(fleet, {})  # type: ignore[method-assign]
    assert found(fleet, **options) == ["i-0002"]


def test_ids_keep_their_order_and_go_in_hundreds():
    fleet = FakeFleet(*({} for _number in range(250)))
    ids = list(reversed(fleet.rows))
    assert found(fleet, instance_ids=[*ids, "i-none"]) == ids
    assert [len(params["InstanceIds"]) for params in fleet.names("DescribeInstances")] == [100, 100, 51]


def test_a_list_cut_by_the_service_is_completed():
    fleet = FakeFleet(*({"Tags": {"a": "b"}} for _number in range(1200)))
    assert len(found(fleet, tags={"a": "b"})) == 1200


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"instance_ids": []}, "instance_ids"),
        ({"tags": {}, "name": "x"}, "tags"),
        ({"name": ""}, "name"),
        ({"vpc_id": ""}, "vpc_id"),
        ({"name": "web*"}, "name"),
        ({"instance_ids": ["i-1", "not an id"]}, "instance_ids"),
        ({"status": "running"}, "status"),
        ({"tags": {f"k{number}": "v" for number in range(21)}}, "tags"),
        ({"tags": {"role": ["a", "b"]}}, "tags"),
        ({"tags": {"role": {"a": "b"}}}, "tags"),
    ],
)
def test_doubtful_selections_are_refused(options: dict[str, Any], option: str):
    with pytest.raises(InputError) as caught:
        Selector.of(**options)
    assert caught.value.option == option


@pytest.mark.parametrize("options", [{}, {"status": "Stopped"}])
def test_a_selection_of_everything_is_none(options: dict[str, Any]):
    with pytest.raises(InputError, match="no selection"):
        Selector.of(**options).require()


def test_ids_given_twice_are_used_once_with_a_warning():
    warnings: list[str] = []
    assert Selector.of(instance_ids=["i-1", "i-2", "i-1"], warn=warnings.append).instance_ids == ("i-1", "i-2")
    assert warnings == ["instance_ids: duplicates removed: i-1"]


def test_record_has_plain_values_for_missing_fields():
    record = instance_record({"InstanceId": "i-1"}, "cn-hangzhou")
    assert record["private_ips"] == [] and record["tags"] == {} and record["region"] == "cn-hangzhou"


def test_unknown_ids_are_named_and_names_are_recognized():
    fleet = FakeFleet({"InstanceName": "i-web"})
    text = describe_unknown(fleet, ["i-web", *(f"i-{number}" for number in range(100, 125))])  # type: ignore[arg-type]
    assert text.startswith("not found in cn-hangzhou: i-web, i-100, i-101, ")
    assert "i-118 and 6 more" in text
    assert text.endswith("; i-web is the name of i-0001")
    assert len(fleet.names("DescribeInstances")) == 5
