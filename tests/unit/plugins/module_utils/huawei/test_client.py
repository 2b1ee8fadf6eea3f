# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call: what is repeated, what never is, and how errors read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    TransportError,
    WaitTimeout,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpAnswer, NoAnswer
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.authentication import TokenAuthentication
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.client import Client, Exchange
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.operations import OPERATIONS
from support.huawei import BASE, GOOD, KEY, LOST, SERVER, Clock, FakeTransport, answer, call, refusal


def test_answer():
    reply = call(FakeTransport(GOOD))
    assert (reply, reply.status, reply.request_id) == (SERVER, 200, "r-1")


@pytest.mark.parametrize(
    "problem",
    [
        LOST,
        NoAnswer("no connection", may_have_arrived=False),
        answer(429),
        refusal(500, "iMetal.0099"),
        answer(502, "<html>bad gateway</html>"),
        refusal(503, "APIGW.0201"),
        answer(504),
        answer(200, '{"id": '),
        answer(200, "[]"),
    ],
    ids=["lost", "no connection", "429", "500", "502", "503", "504", "half an answer", "no object"],
)
def test_transient_errors_are_retried(problem: HttpAnswer | Exception):
    clock = Clock()
    transport = FakeTransport(problem, problem, GOOD)
    assert call(transport, clock=clock) == SERVER
    assert len(transport.sent) == 3
    # the jitter may be no pause at all
    assert len(clock.pauses) <= 2


@pytest.mark.parametrize(
    "problem",
    [
        refusal(400, "iMetal.0001"),
        refusal(401, "APIGW.0301"),
        refusal(403, "iMetal.0004"),
        refusal(404, "iMetal.0200"),
        refusal(404, "APIGW.0101"),
        NoAnswer("its certificate is not trusted", may_have_arrived=False, transient=False),
    ],
    ids=lambda row: str(getattr(row, "status", "certificate")),
)
def test_the_rest_is_final(problem: HttpAnswer | Exception):
    transport = FakeTransport(problem, GOOD)
    with pytest.raises((ApiError, TransportError)):
        call(transport)
    assert len(transport.sent) == 1


def test_tries_are_counted():
    transport = FakeTransport(*[answer(503)] * 4)
    with pytest.raises(TransportError):
        call(transport, retries=3)
    assert len(transport.sent) == 4
    assert call(FakeTransport(GOOD), retries=0) == SERVER


def test_retry_after_is_obeyed():
    clock = Clock()
    call(FakeTransport(answer(429, Retry_After="7"), GOOD), clock=clock)
    assert clock.pauses[0] >= 7


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "1"}])
def test_the_usual_retries_outlast_a_minute_of_throttling(headers: dict[str, str]):
    clock = Clock()
    call(FakeTransport(*[answer(429, **headers)] * 5, GOOD), clock=clock, retries=5)
    assert 60 < sum(clock.pauses) < 90


def test_each_try_is_signed_again():
    transport = FakeTransport(LOST, GOOD)
    call(transport)
    for sent in transport.sent:
        assert sent["headers"]["Authorization"].startswith("SDK-HMAC-SHA256 Access=AK, ")
        assert sent["headers"]["X-Security-Token"] == "the-sts-token"
        assert "x-security-token" in sent["headers"]["Authorization"]


@pytest.mark.parametrize(
    "body",
    [
        {"error_code": "iMetal.0200", "error_msg": "gone"},
        {"errorCode": "iMetal.0200", "errorMsg": "gone"},
        {"code": "iMetal.0200", "message": "gone"},
        {"error": {"code": "iMetal.0200", "message": "gone", "title": "x"}},
        {"a": 1, "outer": {"inner": {"error_code": "iMetal.0200", "error_msg": "gone"}}},
    ],
)
def test_error_bodies(body: dict[str, Any]):
    with pytest.raises(ApiError) as caught:
        call(FakeTransport(answer(404, body, X_Request_Id="r-9")))
    assert caught.value.as_dict() == {
        "operation": "ShowServer",
        "code": "iMetal.0200",
        "message": "gone",
        "request_id": "r-9",
        "http_status": 404,
        "host": "clouddc.cn-east-3.myhuaweicloud.com",
        "hint": caught.value.hint,
    }
    assert "The instance does not exist" in (caught.value.hint or "")


def test_error_without_a_body():
    with pytest.raises(ApiError) as caught:
        call(FakeTransport(answer(429, X_Request_Id="", X_IAM_Trace_Id="t-1")), retries=0)
    assert (caught.value.code, caught.value.request_id) == ("429", "t-1")
    assert "without a reason" in caught.value.api_message


FOREIGN = [
    *(answer(status, "<html>a page</html>", X_Request_Id="") for status in (302, 400, 401, 403, 404, 429, 451, 503)),
    answer(401, {"message": "please log in"}),
    answer(404, {"code": "NotFound", "message": "no such route"}, X_Request_Id=""),
    answer(404, {"error_code": "not a code", "error_msg": "x"}),
    answer(403, {"error_code": "iMetal.0004"}),
    answer(429, X_Request_Id=""),
    answer(204),
    answer(200, ""),
    answer(200, "<html>please log in</html>"),
    answer(200, {"status": "error"}),
    answer(200, {"id": "s"}),
    answer(200, {"id": "s", "power_state": None}),
    answer(200, {"id": "s", "power_state": ["on"]}),
]


@pytest.mark.parametrize("page", FOREIGN, ids=lambda page: f"{page.status} {page.body[:20]!r}")
def test_a_foreign_page_of_any_status_is_a_lost_answer(page: HttpAnswer):
    """Nothing but a document of the API says anything of what the service did."""
    assert call(FakeTransport(page, GOOD)) == SERVER
    for method, lost in (("GET", False), ("DELETE", True)):
        with pytest.raises(TransportError) as caught:
            call(FakeTransport(page, page), method=method, retries=1)
        assert caught.value.may_have_taken_effect is lost
        assert caught.value.result["error"]["http_status"] == page.status


def test_a_foreign_page_is_shown_shortened():
    with pytest.raises(TransportError) as caught:
        call(FakeTransport(answer(400, "<html>\n" + "x" * 5000, Content_Type="text/html")), retries=0)
    assert "is not a reply of the API (text/html): <html> xxx" in str(caught.value)
    assert len(caught.value.reason) < 300


def test_an_empty_success_is_the_services_under_a_request_id_only():
    whole = client(FakeTransport(answer(204)))
    assert whole.call("DeleteInstance", id="a") == {}
    for page in (answer(204, X_Request_Id=""), answer(200), answer(200, "<html>")):
        with pytest.raises(TransportError, match="may have arrived and taken effect.*clouddc_instance_info"):
            exchange = Exchange(FakeTransport(page), 0)  # type: ignore[arg-type]
            Client(exchange, BASE, KEY, project_id="p").call("DeleteInstance", id="a")


def test_secrets_do_not_come_back_in_errors():
    echo = "signature of the-secret-key with the-sts-token is wrong; X-Security-Token: the-sts-token"
    with pytest.raises(ApiError) as caught:
        call(FakeTransport(refusal(401, "APIGW.0301", echo)))
    assert "the-s" not in str(caught.value) + json.dumps(caught.value.result)
    with pytest.raises(ApiError) as caught:
        call(FakeTransport(refusal(401, "APIGW.0301", "token MIIsecret")), TokenAuthentication("MIIsecret"))
    assert "MIIsecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("first", "after"),
    [
        (LOST, True),
        (refusal(500, "iMetal.0099"), True),
        (NoAnswer("no connection", may_have_arrived=False), False),
        (answer(429), False),
    ],
    ids=["lost", "500", "never sent", "429"],
)
def test_error_after_a_lost_reply_mentions_it(first: HttpAnswer | Exception, after: bool):
    with pytest.raises(ApiError) as caught:
        call(FakeTransport(first, refusal(404, "iMetal.0200")), method="DELETE")
    assert caught.value.after_lost_reply is after


def test_deadline_is_for_all_tries():
    clock = Clock()
    exchange = Exchange(FakeTransport(*[answer(503)] * 50), 40)  # type: ignore[arg-type]
    with pytest.raises(TransportError):
        exchange.call(OPERATIONS["ShowServer"], BASE, "/", KEY, deadline=clock.deadline(30))
    assert clock.now < 30


def test_time_running_out_in_a_read_is_a_timeout():
    clock = Clock()

    class Slow(FakeTransport):
        def send(self, *args: Any, **kwargs: Any) -> HttpAnswer:
            clock.now += 31
            raise LOST

    for operation, expected in (("ShowServer", WaitTimeout), ("DeleteInstance", TransportError)):
        with pytest.raises(expected):
            exchange = Exchange(Slow())  # type: ignore[arg-type]
            exchange.call(OPERATIONS[operation], BASE, "/", KEY, deadline=clock.deadline(30))


# --- the client ------------------------------------------------------------------------------------------------


def client(transport: FakeTransport, project_id: str = "p/1") -> Client:
    return Client(Exchange(transport), BASE, KEY, project_id=project_id)  # type: ignore[arg-type]


def test_paths_are_encoded():
    transport = FakeTransport(answer(204))
    client(transport).call("DeleteInstance", id="a/b c")
    assert transport.sent[0]["url"] == f"{BASE}/v1/p%2F1/instances/a%2Fb%20c"


def test_pages():
    def page(marker: str | None) -> HttpAnswer:
        return answer(200, {"instances": [], "page_info": {"next_marker": marker, "current_count": 0}})

    transport = FakeTransport(page("m1"), page("m2"), page(None))
    assert len(list(client(transport).pages("ListInstances", {"instance_id": "a,b", "server_id": None}))) == 3
    assert [sent["url"].partition("?")[2] for sent in transport.sent] == [
        "instance_id=a%2Cb&limit=100",
        "instance_id=a%2Cb&limit=100&marker=m1",
        "instance_id=a%2Cb&limit=100&marker=m2",
    ]


def test_pages_in_a_circle():
    page = answer(200, {"instances": [], "page_info": {"next_marker": "m1"}})
    with pytest.raises(TransportError, match="the same next_marker came twice, so the list is not complete"):
        list(client(FakeTransport(page, page, page)).pages("ListInstances", {}))


def test_a_full_page_says_whether_there_are_more():
    rows = [{"id": f"i{number}", "state": "running"} for number in range(100)]
    page = answer(200, {"instances": rows, "page_info": {}})
    with pytest.raises(TransportError, match="a full page came without next_marker"):
        list(client(FakeTransport(page)).pages("ListInstances", {}))
