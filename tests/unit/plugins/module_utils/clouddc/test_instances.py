# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading instances, what is left out of them, and the table of error codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.clouddc.instances import (
    is_absence,
    list_instances,
    read_ids,
    without_secrets,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import ApiError, InputError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import error_table
from hypothesis import given
from hypothesis import strategies as st

# the service's and the gateway's documented codes
DOCUMENTED = [
    *(
        f"iMetal.{number}"
        for number in ("0001", "0002", "0003", "0004", "0005", "0099", "0100", "0101", "0102", "0110", "0200", "0201")
    ),
    *(
        f"{prefix}.{number}"
        for prefix in ("APIGW", "APIG")
        for number in ("0101", "0103", "0201", "0301", "0307", "0308")
    ),
]


class FakeClient:
    """Knows some instances; any other id in a filter makes it refuse the whole list."""

    def __init__(self, *known: str) -> None:
        self.known = known
        self.queries: list[dict[str, Any]] = []

    def pages(self, operation: str, query: dict[str, Any], *, deadline: Any = None) -> Iterator[dict[str, Any]]:
        self.queries.append(query)
        ids = (query.get("instance_id") or ",".join(self.known)).split(",")
        if set(ids) - set(self.known):
            raise ApiError(operation, "iMetal.0200", "no", "r", 404, "host")
        for id in ids:
            yield {"instances": [{"id": id, "state": "running", "user_data": "hush"}]}


ONE = "11111111-2222-3333-4444-555555555555"
TWO = ONE.replace("-", "")


def test_filters():
    client = FakeClient("a", "b")
    assert [row["id"] for row in list_instances(client, state="running")] == ["a", "b"]  # type: ignore[arg-type]
    list_instances(client, server_ids=["s1", "s2"])  # type: ignore[arg-type]
    assert client.queries[1:] == [{"server_id": "s1,s2", "instance_state": None}]


def test_ids_go_in_filters_of_100():
    ids = [f"i{number}" for number in range(250)]
    client = FakeClient(*ids)
    assert [row["id"] for row in list_instances(client, ids=ids)] == ids  # type: ignore[arg-type]
    assert [len(query["instance_id"].split(",")) for query in client.queries] == [100, 100, 50]


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40), min_size=1))
def test_unknown_ids_hide_no_known_one(known: set[int], asked: set[int]):
    client = FakeClient(*(f"i{number}" for number in known))
    found = list_instances(client, ids=[f"i{number}" for number in sorted(asked)])  # type: ignore[arg-type]
    assert {row["id"] for row in found} == {f"i{number}" for number in known & asked}


def test_other_errors_are_raised():
    class Broken(FakeClient):
        def pages(self, *args: Any, **kwargs: Any) -> Iterator[dict[str, Any]]:
            raise ApiError("ListInstances", "APIGW.0101", "no", "r", 404, "host")

    with pytest.raises(ApiError):
        list_instances(Broken(), ids=["a", "b"])  # type: ignore[arg-type]


def test_secrets_are_left_out():
    row = {
        "id": "a",
        "user_data": "hush",
        "adminPass": "hush",
        "metadata": {"owner": "dba", "root_password": "hush", "admin_pass": "hush", "api_token": "hush"},
        "network_interfaces": [{"subnet_id": "s", "secret": "hush"}],
        "passenger": "kept",
    }
    assert without_secrets(row) == {
        "id": "a",
        "metadata": {"owner": "dba"},
        "network_interfaces": [{"subnet_id": "s"}],
        "passenger": "kept",
    }


def test_ids_are_checked():
    assert read_ids([ONE, TWO, ONE], "ids") == [ONE, TWO]
    with pytest.raises(InputError, match="ids: must have at least one ID"):
        read_ids([], "ids")
    for wrong in ("", "..", "a/b", "a,b", "ä", "-a", "b2", f"{ONE}0"):
        with pytest.raises(InputError, match="id: .* is not a valid instance ID. An ID is a UUID"):
            read_ids([wrong], "id")


def test_ids_may_be_written_as_a_block_of_lines_and_in_any_case():
    repeated = []
    assert read_ids([f" {ONE}\n{TWO} ", ONE.upper()], "ids", warn=repeated.append) == [ONE, TWO]
    assert repeated == [f"ids: duplicates removed: {ONE}"]
    with pytest.raises(InputError, match="ids: '' is not a valid instance ID"):
        read_ids([ONE, " "], "ids")


@pytest.mark.parametrize(
    ("status", "code", "absent"),
    [
        (404, "iMetal.0200", True),
        (404, "APIGW.0101", False),
        (404, "APIG.0101", False),
        (404, "404", False),
        (400, "iMetal.0200", False),
        (404, "iMetal.0100", False),
    ],
)
def test_absence(status: int, code: str, absent: bool):
    assert is_absence(ApiError("ShowInstanceStatus", code, "no", "r", status, "host")) is absent


def test_every_documented_code_has_a_hint():
    assert error_table.known_codes() == set(DOCUMENTED)
    hints = [error_table.hint_for(code) for code in DOCUMENTED]
    assert all(hint and hint.endswith(".") for hint in hints)
    assert error_table.hint_for("iMetal.9999") is None
    assert "permission" in str(error_table.hint_for("iMetal.9999", 403))
