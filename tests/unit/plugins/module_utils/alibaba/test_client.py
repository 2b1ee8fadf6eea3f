# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client sends a call until it is answered, and never twice where that would act twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.credentials import (
    Credentials,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    CloudError,
    InputError,
    TransportError,
    WaitTimeout,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from support.alibaba import (
    CUT,
    DROP,
    NOT_JSON,
    OK,
    ONCE,
    READ,
    REBOOT,
    REPEATABLE,
    SECRET,
    TOKEN_WRITE,
    UNAVAILABLE,
    make_client,
)
from support.clock import Clock
from support.genuine import MADE, listing
from support.scripted_server import Answer, Request, ScriptedServer, api_error


def test_a_reply_is_the_body_with_its_id_and_the_servers_time(server: ScriptedServer, client: Client) -> None:
    server.script([OK])
    reply = client.call(*TOKEN_WRITE)
    assert reply == MADE
    assert reply.request_id == "R-1"
    assert reply.server_time == datetime(2026, 11, 21, 20, 38, 23, tzinfo=timezone.utc)
    assert not reply.after_lost_reply


def test_rows_are_found_or_empty(server: ScriptedServer, client: Client) -> None:
    server.script([Answer(200, listing("DescribeCommands", [{"CommandId": "c-7"}]))])
    reply = client.call(*READ)
    assert [row["CommandId"] for row in reply.rows("Commands", "Command")] == ["c-7"]
    assert reply.rows("Commands", "Nothing") == reply.rows("No", "Such") == []


def test_parameters_travel_in_the_query_and_the_body_is_empty(server: ScriptedServer, client: Client) -> None:
    content = "A/+=" * 6144  # 24 KB, the largest content, in characters that all need quoting but one
    client.call("RunCommand", {"CommandContent": content, "Name": "ümläut + & *~", "Timeout": None})
    request = server.requests[0]
    assert (request.method, request.path, request.body) == ("POST", "/", b"")
    assert request.headers["content-length"] == "0"
    assert request.query == {"RegionId": "cn-hangzhou", "CommandContent": content, "Name": "ümläut + & *~"}


@pytest.mark.parametrize("call", [READ, TOKEN_WRITE, REPEATABLE])
@pytest.mark.parametrize(
    "fault", [UNAVAILABLE, api_error(500, "InternalError"), Answer(502, "<html>"), DROP, CUT, NOT_JSON]
)
def test_what_may_be_repeated_is_repeated(server: ScriptedServer, client: Client, call: Any, fault: Answer) -> None:
    server.script([fault, fault, OK])
    assert client.call(*call)["InvokeId"] == "t-1"
    assert len(server.requests) == client.requests[call[0]] == 3


@pytest.mark.parametrize("call", [ONCE, REBOOT])
@pytest.mark.parametrize(
    "fault", [UNAVAILABLE, api_error(500, "InternalError"), Answer(502, "<html>"), DROP, CUT, NOT_JSON]
)
def test_what_would_act_twice_is_sent_once(server: ScriptedServer, client: Client, call: Any, fault: Answer) -> None:
    server.script([fault, OK])
    with pytest.raises(CloudError, match="may (nevertheless )?have (arrived and )?taken effect"):
        client.call(*call)
    assert len(server.requests) == 1


def test_an_answer_without_the_id_of_what_was_made_is_none(server: ScriptedServer, client: Client) -> None:
    """Something on the way gave it: nobody could wait for what it stands for."""
    nameless = Answer(200, {"RequestId": "R-1"})
    server.script([nameless, OK])
    assert client.call(*TOKEN_WRITE)["InvokeId"] == "t-1"
    server.script([nameless, OK])
    with pytest.raises(TransportError, match="InvokeId.* may have arrived"):
        client.call(*ONCE)
    server.script([nameless])
    assert client.call("RunCommand", {"ClientToken": "tok", "RepeatMode": "DryRun"}) == {"RequestId": "R-1"}


@pytest.mark.parametrize("call", [READ, TOKEN_WRITE, REPEATABLE, ONCE, REBOOT])
@pytest.mark.parametrize(
    "fault",
    [
        api_error(400, "Throttling"),
        api_error(400, "Throttling.User"),
        api_error(429, "Throttling.Api"),
    ],
)
def test_a_throttled_call_is_repeated_for_it_did_nothing(
    server: ScriptedServer, client: Client, call: Any, fault: Answer
) -> None:
    server.script([fault, OK])
    assert client.call(*call)["InvokeId"] == "t-1"
    assert len(server.requests) == 2


@pytest.mark.parametrize("call", [READ, TOKEN_WRITE, REPEATABLE, ONCE])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "MissingParameter"),
        (403, "IdempotentParameterMismatch"),
        (404, "InvalidCmdId.NotFound"),
        (403, "Forbidden.RAM"),
    ],
)
def test_other_4xx_are_final(server: ScriptedServer, client: Client, call: Any, status: int, code: str) -> None:
    server.script([api_error(status, code), OK])
    with pytest.raises(ApiError) as caught:
        client.call(*call)
    assert (caught.value.code, caught.value.http_status) == (code, status)
    assert len(server.requests) == 1


def test_a_first_request_still_in_work_is_waited_for(server: ScriptedServer, client: Client) -> None:
    server.script([DROP, api_error(403, "IdempotentProcessing"), OK])
    reply = client.call(*TOKEN_WRITE)
    assert reply["InvokeId"] == "t-1"
    assert reply.after_lost_reply


def test_a_refused_connection_is_tried_again_and_has_not_arrived() -> None:
    with ScriptedServer() as gone:
        url = gone.url
    client = make_client(url)
    with pytest.raises(TransportError, match="Connection refused") as caught:
        client.call(*ONCE)
    assert not caught.value.may_have_arrived
    assert client.requests["RunCommand"] == 4


@pytest.mark.parametrize(("call", "arrived"), [(TOKEN_WRITE, True), (ONCE, True), (READ, False)])
def test_a_lost_answer_says_whether_the_request_may_have_arrived(
    server: ScriptedServer, client: Client, call: Any, arrived: bool
) -> None:
    server.script([DROP])
    with pytest.raises(TransportError) as caught:
        client.call(*call)
    assert caught.value.may_have_arrived is arrived
    assert caught.value.result["error"]["may_have_arrived"] is arrived
    assert ("ecs_invocation_info" in str(caught.value)) is arrived


def test_an_error_after_a_lost_answer_mentions_it(server: ScriptedServer, client: Client) -> None:
    server.script([DROP, api_error(404, "InvalidCmdId.NotFound")])
    with pytest.raises(ApiError) as caught:
        client.call(*REPEATABLE)
    assert caught.value.after_lost_reply
    server.script([api_error(404, "InvalidCmdId.NotFound")])
    with pytest.raises(ApiError) as caught:
        client.call(*REPEATABLE)
    assert not caught.value.after_lost_reply


def test_retries_end(server: ScriptedServer, client: Client) -> None:
    server.script([UNAVAILABLE])
    with pytest.raises(ApiError):
        client.call(*READ)
    assert len(server.requests) == 4


def test_every_try_has_its_own_nonce_and_the_same_token(server: ScriptedServer, client: Client) -> None:
    server.script([UNAVAILABLE, DROP, OK])
    client.call(*TOKEN_WRITE)
    assert len({request.headers["x-acs-signature-nonce"] for request in server.requests}) == 3
    assert {request.query["ClientToken"] for request in server.requests} == {"tok"}


def test_the_pause_that_the_service_asks_for_is_kept(server: ScriptedServer, client: Client) -> None:
    clock = Clock()
    server.script([api_error(400, "Throttling.User", retry_after="1500"), api_error(503, "X", retry_after="2500"), OK])
    client.call(*TOKEN_WRITE, deadline=Deadline(60, clock, clock.sleep))
    assert 4.0 <= clock.now < 4.1


def test_the_usual_retries_outlast_a_minute_of_throttling(server: ScriptedServer) -> None:
    """The service counts by the minute, and does not always say how long to wait."""
    clock = Clock()
    client = make_client(server.url, max_retries=5, backoff_base=0.5)
    server.script([api_error(400, "Throttling.User")] * 5 + [OK])
    client.call(*TOKEN_WRITE, deadline=Deadline(600, clock, clock.sleep))
    assert 60 < clock.now < 90


def test_short_pauses_that_the_service_asks_for_again_and_again_grow(server: ScriptedServer) -> None:
    """Each of many clients is asked to wait for the same moment."""
    clock = Clock()
    client = make_client(server.url, max_retries=5, backoff_base=0.5)
    server.script([api_error(400, "Throttling.User", retry_after="300")] * 5 + [OK])
    client.call(*TOKEN_WRITE, deadline=Deadline(600, clock, clock.sleep))
    assert 60 < clock.now < 90


@pytest.mark.parametrize(
    ("fault", "transient"),
    [
        (UNAVAILABLE, True),
        (DROP, True),
        (api_error(400, "Throttling"), True),
        (api_error(403, "Forbidden.RAM"), False),
        (api_error(404, "InvalidCmdId.NotFound"), False),
    ],
)
@pytest.mark.parametrize("call", [READ, TOKEN_WRITE])
def test_an_error_reports_whether_it_is_transient(
    server: ScriptedServer, call: Any, fault: Answer, transient: bool
) -> None:
    server.script([fault])
    with pytest.raises(CloudError) as caught:
        make_client(server.url, max_retries=0).call(*call)
    assert caught.value.transient is transient


@pytest.mark.parametrize("junk", ["", "soon", "-5", "nan", "inf"])
def test_an_unreadable_pause_is_ignored(server: ScriptedServer, client: Client, junk: str) -> None:
    clock = Clock()
    server.script([api_error(503, "ServiceUnavailable", retry_after=junk), OK])
    client.call(*READ, deadline=Deadline(60, clock, clock.sleep))
    assert clock.now < 0.1


def test_one_deadline_holds_for_all_tries(server: ScriptedServer, client: Client) -> None:
    clock = Clock()
    server.script([api_error(400, "Throttling.User", retry_after="4000")])
    with pytest.raises(ApiError, match="Throttling"):
        client.call(*READ, deadline=Deadline(10, clock, clock.sleep))
    assert clock.now <= 10
    assert len(server.requests) == 3


def test_nothing_is_sent_when_no_time_is_left(server: ScriptedServer, client: Client) -> None:
    with pytest.raises(WaitTimeout, match="DescribeCommands: not sent"):
        client.call(*READ, deadline=Deadline(0))
    assert server.requests == []


def test_a_read_that_outlives_its_deadline_is_a_wait_that_ended(server: ScriptedServer, client: Client) -> None:
    release = threading.Event()

    def answer(request: Request) -> Answer:
        release.wait(10)
        return OK

    server.script(answer)
    with pytest.raises(WaitTimeout, match="time limit expired"):
        client.call(*READ, deadline=Deadline(0.2))
    release.set()


def test_a_slow_answer_to_a_write_may_have_arrived(server: ScriptedServer) -> None:
    release = threading.Event()

    def answer(request: Request) -> Answer:
        release.wait(10)
        return OK

    server.script(answer)
    client = make_client(server.url, read_timeout=0.2)
    with pytest.raises(TransportError, match="read_timeout") as caught:
        client.call(*ONCE)
    release.set()
    assert caught.value.may_have_arrived


def test_connections_are_kept_and_single_shots_get_a_new_one(server: ScriptedServer, client: Client) -> None:
    for _turn in range(3):
        client.call(*READ)
    client.call(*ONCE)
    client.call(*READ)
    numbers = [request.connection for request in server.requests]
    assert numbers[0] == numbers[1] == numbers[2] == numbers[4] != numbers[3]


def test_threads_may_share_a_client(server: ScriptedServer, client: Client) -> None:
    server.script(lambda request: Answer(200, {**MADE, "Name": request.query["Name"]}))
    names = [f"name-{number}" for number in range(60)]
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda name: client.call("DescribeCommands", {"Name": name})["Name"], names))
    assert replies == names
    assert client.requests["DescribeCommands"] == 60


class Renewing:
    """Credentials that are others each time."""

    def __init__(self) -> None:
        self.count = 0

    def get(self) -> Credentials:
        self.count += 1
        return Credentials(f"id-{self.count}", SECRET, f"token-{self.count}", "ram_role_arn")


def test_credentials_are_asked_for_at_every_try(server: ScriptedServer) -> None:
    server.script([UNAVAILABLE, OK])
    make_client(server.url, credentials=Renewing()).call(*READ)
    assert [request.headers["x-acs-security-token"] for request in server.requests] == ["token-1", "token-2"]
    assert [request.headers["x-acs-accesskey-id"] for request in server.requests] == ["id-1", "id-2"]


class Expiring:
    """Credentials that cannot be renewed at the given calls."""

    def __init__(self, *failing: int) -> None:
        self.failing = failing
        self.count = 0

    def get(self) -> Credentials:
        self.count += 1
        if self.count in self.failing:
            raise InputError("assume_role", "the token service does not answer")
        return Credentials("testid", SECRET)


def test_a_failing_renewal_is_tried_again(server: ScriptedServer) -> None:
    server.script([OK])
    assert make_client(server.url, credentials=Expiring(1, 2)).call(*READ)["InvokeId"] == "t-1"
    assert len(server.requests) == 1


def test_a_failing_renewal_does_not_hide_that_a_write_may_have_arrived(server: ScriptedServer) -> None:
    server.script([DROP])
    with pytest.raises(
        TransportError, match="credentials could not be refreshed: assume_role.*may have arrived"
    ) as caught:
        make_client(server.url, credentials=Expiring(2, 3, 4)).call(*TOKEN_WRITE)
    assert caught.value.may_have_arrived


def test_the_user_agent_names_the_collection(server: ScriptedServer, client: Client) -> None:
    client.call(*READ)
    assert server.requests[0].headers["user-agent"].startswith("cloudops.cloud_assistant/")


def test_pages_follow_the_token(server: ScriptedServer, client: Client) -> None:
    first = listing("DescribeCommands", [{"CommandId": "c-1"}, {"CommandId": "c-2"}], NextToken="n-2")
    last = listing("DescribeCommands", [{"CommandId": "c-3"}], NextToken="")
    server.script([Answer(200, first), UNAVAILABLE, Answer(200, last)])
    pages = list(client.pages("DescribeCommands", {"Name": "x", "PageNumber": 7}))
    found = [row["CommandId"] for page in pages for row in page.rows("Commands", "Command")]
    assert found == ["c-1", "c-2", "c-3"]
    queries = [request.query for request in server.requests]
    assert queries[0] == {"RegionId": "cn-hangzhou", "Name": "x", "MaxResults": "50"}
    assert queries[1] == queries[2] == {**queries[0], "NextToken": "n-2"}


def test_pages_of_results_keep_their_token_inside(server: ScriptedServer, client: Client) -> None:
    def answer(request: Request) -> Answer:
        first = "NextToken" not in request.query
        rows = [{"InstanceId": "i-1" if first else "i-2"}]
        return Answer(200, listing("DescribeInvocationResults", rows, NextToken="n" if first else ""))

    server.script(answer)
    pages = list(client.pages("DescribeInvocationResults", {"InvokeId": "t-1"}))
    path = ("Invocation", "InvocationResults", "InvocationResult")
    assert [row["InstanceId"] for page in pages for row in page.rows(*path)] == ["i-1", "i-2"]


def test_half_a_listing_is_an_error(server: ScriptedServer, client: Client) -> None:
    server.script([Answer(200, listing("DescribeCommands", [{}], NextToken="n-2")), api_error(403, "Forbidden.RAM")])
    with pytest.raises(ApiError):
        list(client.pages("DescribeCommands"))


def test_a_token_that_comes_twice_does_not_turn_in_circles(server: ScriptedServer, client: Client) -> None:
    server.script([Answer(200, listing("DescribeCommands", [{}], NextToken="same"))])
    with pytest.raises(TransportError, match="the same NextToken came twice, so the list is not complete"):
        list(client.pages("DescribeCommands"))


def test_a_full_page_that_does_not_say_whether_there_are_more_is_an_error(
    server: ScriptedServer, client: Client
) -> None:
    rows = [{"CommandId": f"c-{number}"} for number in range(50)]
    server.script([Answer(200, listing("DescribeCommands", rows))])
    with pytest.raises(TransportError, match="without NextToken, so the list is not complete"):
        list(client.pages("DescribeCommands"))
    server.script([Answer(200, listing("DescribeCommands", rows[1:]))])
    assert len(list(client.pages("DescribeCommands"))) == 1


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (listing("DescribeCommands", [{}]), "without TotalCount"),
        (listing("DescribeCommands", [{}], TotalCount=90), "the same page came twice"),
        (listing("DescribeCommands", [], TotalCount=1), "page 1 is empty, and TotalCount is 1"),
    ],
)
def test_a_listing_by_number_is_complete_or_an_error(server: ScriptedServer, page: Any, reason: str) -> None:
    server.script([Answer(200, page)])
    with pytest.raises(TransportError, match=reason):
        list(make_client(server.url, generation="classic").pages("DescribeCommands", page_size=1))


@pytest.mark.parametrize(("asked", "sent"), [(10, "10"), (500, "100")])
def test_a_page_has_at_most_the_allowed_size(server: ScriptedServer, client: Client, asked: int, sent: str) -> None:
    list(client.pages("DescribeInstances", page_size=asked))
    assert server.requests[0].query["MaxResults"] == sent


def test_an_operation_without_pages_gives_one(server: ScriptedServer, client: Client) -> None:
    assert len(list(client.pages("DescribeSomethingNew"))) == 1
    assert server.requests[0].query == {"RegionId": "cn-hangzhou"}
