# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending one batch: who is left out, what is asked again, and under which token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Reply
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.batches import Batch
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.calls import Call
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.sending import (
    ROUNDS,
    Sent,
    send,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    CloudError,
    TransportError,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from support.memory_service import Service, ids

CALL = Call("RunCommand", {"Type": "RunShellScript"}, "RunShellScript", 60)
STOPPED = ApiError("RunCommand", "InvalidInstanceStatus", "not Running", "R-1", 403, "host")
QUOTA = ApiError("RunCommand", "Invocation.ExceedQuota", "no more today", "R-1", 403, "host")


class Fleet(Service):
    """A service that rejects a call while one of its instances is stopped; ``falling`` stop one after the other."""

    def __init__(self, stopped: set[str], falling: Sequence[str] = ()) -> None:
        super().__init__()
        self.stopped, self.falling = stopped, iter(falling)
        self.tokens: list[str | None] = []
        self.refuse = self._refuse

    def _refuse(self, operation: str, params: Mapping[str, Any]) -> CloudError | None:
        if operation != "RunCommand":
            return None
        self.tokens.append(params["ClientToken"])
        self.stopped |= set(filter(None, [next(self.falling, "")]))
        return STOPPED if self.stopped & set(params["InstanceId"]) else None

    def pages(self, operation: str, params: Mapping[str, Any], **_options: Any) -> Iterator[Reply]:
        wanted = params.get("InstanceId") or params.get("InstanceIds")
        if operation == "DescribeInstances":
            rows = [{"InstanceId": item, "Status": "Stopped" if item in self.stopped else "Running"} for item in wanted]
            yield Reply({"Instances": {"Instance": rows}})
        else:
            rows = [{"InstanceId": item, "CloudAssistantStatus": "true"} for item in wanted]
            status = {"InstanceCloudAssistantStatus": rows}
            yield Reply({"InstanceCloudAssistantStatusSet": status})

    def call(self, operation: str, params: Mapping[str, Any], *, deadline: Any = None) -> Reply:
        if operation.startswith("Describe"):
            return next(self.pages(operation, params))
        return super().call(operation, params, deadline=deadline)


def sent_to(service: Service, count: int, *, skip: bool, recurring: bool = False) -> Sent:
    return send(service, CALL, Batch(tuple(ids(count)), "mine", recurring), skip=skip, deadline=Deadline(60))  # type: ignore[arg-type]


def test_the_unfit_are_left_out_and_the_rest_goes_under_a_token_of_its_own():
    service = Fleet({"i-0001"})
    sent = sent_to(service, 3, skip=True)
    assert sent.instance_ids == ("i-0000", "i-0002")
    assert [(result.instance_id, result.status) for result in sent.left_out] == [("i-0001", "Skipped")]
    first, second = service.tokens
    assert (first, second != first) == ("mine", True)


def test_without_skip_a_rejected_call_starts_nothing_and_names_who_is_to_blame():
    sent = sent_to(Fleet({"i-0001"}), 3, skip=False)
    assert (sent.invoke_id, sent.error) == ("", STOPPED)
    assert [result.status for result in sent.left_out] == ["Skipped", "Failed", "Skipped"]
    assert "here i-0001" in sent.left_out[0].error_info


def test_instances_that_keep_dropping_out_end_the_rounds():
    sent = sent_to(Fleet(set(), ids(9)), 9, skip=True)
    assert sent.error is STOPPED
    assert len(sent.left_out) == 9
    assert sum(result.status == "Failed" for result in sent.left_out) == 1
    assert ROUNDS == 3


def test_a_batch_without_remaining_instances_is_not_an_error():
    sent = sent_to(Fleet(set(ids(2))), 2, skip=True)
    assert (sent.invoke_id, sent.error, len(sent.left_out)) == ("", None, 2)


@pytest.mark.parametrize("recurring", [True, False])
def test_only_a_recurring_token_is_replaced_after_a_rejection(recurring: bool):
    tokens: list[str] = []

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        tokens.append(params["ClientToken"])
        return QUOTA if params["ClientToken"] == "mine" else None

    sent = sent_to(Service(refuse=refuse), 2, skip=False, recurring=recurring)
    assert (sent.invoke_id == "t-1") is recurring
    assert len(tokens) == 1 + recurring


def test_a_lost_answer_is_never_followed_by_another_token():
    lost = TransportError("RunCommand", "host", "the connection was closed", may_have_arrived=True)
    tokens: list[str] = []

    def refuse(operation: str, params: Mapping[str, Any]) -> CloudError | None:
        tokens.append(params["ClientToken"])
        return lost

    sent = sent_to(Service(refuse=refuse), 2, skip=True, recurring=True)
    assert tokens == ["mine"]
    assert sent.error is not None and sent.error.may_have_taken_effect
