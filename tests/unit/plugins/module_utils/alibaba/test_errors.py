# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An error of the service is read as such, a foreign page is not, and neither shows a secret."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.credentials import (
    Credentials,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.credentials import StaticSource
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    CloudError,
    TransportError,
)
from support.alibaba import CUT, DROP, OK, ONCE, READ, REBOOT, SECRET, TOKEN, TOKEN_WRITE, UNAVAILABLE, make_client
from support.genuine import MADE
from support.scripted_server import Answer, Request, ScriptedServer, api_error


def test_an_error_in_xml_is_one_of_the_service(server: ScriptedServer, client: Client) -> None:
    text = "<Error><RequestId>R-2</RequestId><Code>InvalidCmdId.NotFound</Code><Message>gone</Message></Error>"
    server.script([Answer(404, text)])
    with pytest.raises(ApiError) as caught:
        client.call(*ONCE)
    error = caught.value.as_dict()
    assert (error["code"], error["http_status"], error["operation"]) == ("InvalidCmdId.NotFound", 404, "RunCommand")
    assert (error["message"], error["request_id"]) == ("gone", "R-2")
    assert caught.value.result == {"error": error}
    assert len(server.requests) == 1


FOREIGN = [
    Answer(404, "<html>not here</html>", {"Content-Type": "text/html"}),
    Answer(404, ""),
    Answer(302, "", {"Location": "http://elsewhere/"}),
    Answer(307, "<html>moved</html>", {"Location": "http://elsewhere/"}),
    Answer(400, "[1]"),
    Answer(403, {"code": "AccessDenied", "message": "no"}),
    Answer(403, {"Code": "AccessDenied", "Message": "no"}),
    Answer(403, {"Code": 403, "Message": "no", "RequestId": "R-2"}),
    Answer(400, '<!DOCTYPE x [<!ENTITY a "b">]><Error><RequestId>R</RequestId><Code>&a;</Code></Error>'),
    *(Answer(status, "<html>a page</html>") for status in (401, 405, 407, 408, 409, 413, 429, 451, 500, 503, 511)),
    Answer(204, b""),
    Answer(202, MADE),
    Answer(200, b""),
    Answer(200, "<html>please log in</html>"),
    Answer(200, {"status": "error", "message": "please log in"}),
]


@pytest.mark.parametrize("page", FOREIGN, ids=lambda page: f"{page.status}-{str(page.body)[:12]}")
def test_a_foreign_page_of_any_status_is_a_lost_answer(server: ScriptedServer, client: Client, page: Answer) -> None:
    """Nothing but a document of the API says anything of what the service did."""
    server.script([page, OK])
    reply = client.call(*TOKEN_WRITE)
    assert reply.after_lost_reply
    assert [request.query["ClientToken"] for request in server.requests] == ["tok", "tok"]
    for call in (ONCE, REBOOT):
        server.script([page, OK])
        with pytest.raises(TransportError, match="may have arrived and taken effect") as caught:
            client.call(*call)
        assert caught.value.may_have_taken_effect
        assert caught.value.result["error"]["http_status"] == page.status
        assert len(server.requests) == 1
    server.script([page])
    with pytest.raises(TransportError) as caught:
        client.call(*READ)
    assert not caught.value.may_have_taken_effect
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("fault", "refused"),
    [
        (api_error(403, "Forbidden.RAM"), True),
        (api_error(404, "InvalidInstance.NotFound"), True),
        (api_error(400, "InvalidSomethingNew.Malformed"), True),
        (api_error(400, "NobodyKnows"), False),
        (api_error(403, "IdempotentParameterMismatch"), False),
        (api_error(403, "IdempotentProcessing"), False),
        (api_error(400, "Throttling.User"), False),
        (api_error(500, "InternalError"), False),
        (UNAVAILABLE, False),
    ],
)
def test_only_a_known_refusal_means_that_nothing_was_started(
    server: ScriptedServer, fault: Answer, refused: bool
) -> None:
    server.script([fault])
    with pytest.raises(ApiError) as caught:
        make_client(server.url, max_retries=0).call(*TOKEN_WRITE)
    assert caught.value.refused is refused


def test_an_error_keeps_the_words_of_the_service_and_gains_a_hint(server: ScriptedServer, client: Client) -> None:
    server.script([api_error(404, "InvalidRegionId.NotFound", "no such region")])
    with pytest.raises(ApiError) as caught:
        client.call(*READ)
    assert caught.value.as_dict() == {
        "operation": "DescribeCommands",
        "code": "InvalidRegionId.NotFound",
        "message": "no such region",
        "request_id": "R-9",
        "http_status": 404,
        "host": "ecs.example.com",
        "hint": "Check the option region; region IDs look like cn-hangzhou.",
    }
    assert "Check the option region" in str(caught.value)


def test_redirects_are_not_followed(server: ScriptedServer, client: Client) -> None:
    with ScriptedServer() as other:
        server.script([Answer(307, "", {"Location": other.url})])
        with pytest.raises(TransportError, match="option endpoint"):
            client.call(*READ)
        assert other.requests == []


def everything_in(error: BaseException) -> str:
    """Return all texts that a log could show of an error, chained ones too."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error), repr(getattr(error, "result", "")), repr(error.args)]
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return "\n".join(texts)


@pytest.mark.parametrize("signature_version", ["v1", "v3"])
@pytest.mark.parametrize(
    "fault",
    [
        DROP,
        CUT,
        lambda request: Answer(500, f"<html>{request.path}?{request.raw_query}</html>{request.headers}"),
        lambda request: api_error(400, "X", f"bad request {request.raw_query} {SECRET} {TOKEN}"),
        lambda request: Answer(200, f"not json {request.raw_query}"),
    ],
)
def test_no_error_shows_a_secret(
    server: ScriptedServer, fault: Answer | Callable[[Request], Answer], signature_version: str
) -> None:
    server.script([fault] if isinstance(fault, Answer) else fault)
    source = StaticSource(Credentials("LTAI5testidtestid", SECRET, TOKEN, "static_sts"))
    client = make_client(server.url, credentials=source, signature_version=signature_version, max_retries=0)
    params = {
        "CommandContent": "c2NyaXB0LWNvbnRlbnQ=",
        "Parameters": {"password": "parameter-secret"},
        "ClientToken": "t",
    }
    with pytest.raises(CloudError) as caught:
        client.call("RunCommand", params)
    shown = everything_in(caught.value) + repr(client) + repr(source.get()) + str(source.get())
    for secret in (SECRET, TOKEN, "c2NyaXB0LWNvbnRlbnQ", "parameter-secret", "LTAI5testidtestid"):
        assert secret not in shown
    sent = server.requests[0]
    signature = sent.query.get("Signature") or sent.headers["authorization"].rpartition("=")[2]
    assert signature not in shown


def test_an_unreachable_host_shows_no_secret() -> None:
    with ScriptedServer() as gone:
        url = gone.url
    client = make_client(url, signature_version="v1", max_retries=0)
    with pytest.raises(TransportError) as caught:
        client.call("RunCommand", {"CommandContent": "c2NyaXB0LWNvbnRlbnQ="})
    assert "c2NyaXB0" not in everything_in(caught.value)
    assert "Signature" not in everything_in(caught.value)
