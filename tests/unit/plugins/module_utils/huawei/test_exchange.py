# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call: what is repeated, what never is, and how errors read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    CloudError,
    InputError,
    TransportError,
    WaitTimeout,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.http import HttpAnswer, NoAnswer
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import iam
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.authentication import (
    KeyAuthentication,
    LoginAuthentication,
    TokenAuthentication,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.client import Client
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.credentials import AccessKey, FixedKey
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.exchange import Exchange, Reply
from requests.structures import CaseInsensitiveDict

BASE = "https://clouddc.cn-east-3.myhuaweicloud.com"
IAM = "https://iam.cn-east-3.myhuaweicloud.com"
KEY = KeyAuthentication(FixedKey(AccessKey("AK", "the-secret-key", "the-sts-token")))


class FakeTransport:
    """Gives the prepared answers in turn and keeps what was sent."""

    def __init__(self, *answers: HttpAnswer | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, remaining: float | None = None
    ) -> HttpAnswer:
        self.sent.append({"method": method, "url": url, "headers": dict(headers), "body": body, "remaining": remaining})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    """Time that only passes in pauses, which are kept."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def deadline(self, seconds: float | None = None) -> Deadline:
        return Deadline(seconds, clock=lambda: self.now, sleep=self.sleep)


def answer(status: int, body: Any = "", **headers: str) -> HttpAnswer:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return HttpAnswer(
        status, CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()}), data
    )


def refusal(status: int, code: str, message: str = "no", **headers: str) -> HttpAnswer:
    return answer(status, {"error_code": code, "error_msg": message}, **headers)


def call(
    transport: FakeTransport,
    authentication: Any = KEY,
    *,
    method: str = "GET",
    clock: Clock | None = None,
    retries: int = 5,
) -> Reply:
    exchange = Exchange(transport, retries)  # type: ignore[arg-type]
    deadline = (clock or Clock()).deadline()
    return exchange.call("ShowServer", method, BASE, "/v1/p/physicalservers/s", authentication, deadline=deadline)


GOOD = answer(200, {"id": "s"}, X_Request_Id="r-1")
LOST = NoAnswer("the answer broke off", may_have_arrived=True)


def test_answer():
    reply = call(FakeTransport(GOOD))
    assert (reply, reply.status, reply.request_id) == ({"id": "s"}, 200, "r-1")
    assert call(FakeTransport(answer(204))) == {}


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
def test_passing_trouble_is_tried_again(problem: HttpAnswer | Exception):
    clock = Clock()
    transport = FakeTransport(problem, problem, GOOD)
    assert call(transport, clock=clock) == {"id": "s"}
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
        answer(302, "", Location="https://elsewhere"),
        NoAnswer("its certificate is not trusted", may_have_arrived=False, passing=False),
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
    with pytest.raises(ApiError):
        call(transport, retries=3)
    assert len(transport.sent) == 4
    assert call(FakeTransport(GOOD), retries=0) == {"id": "s"}


def test_retry_after_is_obeyed():
    clock = Clock()
    call(FakeTransport(answer(429, Retry_After="7"), GOOD), clock=clock)
    assert clock.pauses[0] >= 7


def test_each_try_is_signed_anew():
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
    assert "no instance with this id" in (caught.value.hint or "")


def test_error_without_a_body():
    with pytest.raises(ApiError) as caught:
        call(FakeTransport(answer(429, X_IAM_Trace_Id="t-1")), retries=0)
    assert (caught.value.code, caught.value.request_id) == ("429", "t-1")
    assert "without saying why" in caught.value.api_message


def test_error_page_is_shortened():
    with pytest.raises(ApiError) as caught:
        call(FakeTransport(answer(400, "<html>\n" + "x" * 5000)))
    assert caught.value.api_message.startswith("<html> x")
    assert len(caught.value.api_message) == 300


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
def test_error_after_a_lost_reply_says_so(first: HttpAnswer | Exception, after: bool):
    with pytest.raises(ApiError) as caught:
        call(FakeTransport(first, refusal(404, "iMetal.0200")), method="DELETE")
    assert caught.value.after_lost_reply is after


def test_deadline_is_for_all_tries():
    clock = Clock()
    exchange = Exchange(FakeTransport(*[answer(503)] * 50), 40)  # type: ignore[arg-type]
    with pytest.raises(ApiError):
        exchange.call("ShowServer", "GET", BASE, "/", KEY, deadline=clock.deadline(30))
    assert clock.now < 30


def test_time_running_out_in_a_read_is_a_timeout():
    clock = Clock()

    class Slow(FakeTransport):
        def send(self, *args: Any, **kwargs: Any) -> HttpAnswer:
            clock.now += 31
            raise LOST

    for method, expected in (("GET", WaitTimeout), ("DELETE", TransportError)):
        with pytest.raises(expected):
            exchange = Exchange(Slow())  # type: ignore[arg-type]
            exchange.call("ShowServer", method, BASE, "/", KEY, deadline=clock.deadline(30))


# --- logging in ------------------------------------------------------------------------------------------------


def token_answer(value: str = "MII-1", **changes: Any) -> HttpAnswer:
    token = {"expires_at": "2099-01-01T00:00:00.000000Z", "project": {"id": "p-1", "name": "cn-east-3"}, **changes}
    return answer(201, {"token": token}, X_Subject_Token=value)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    iam.forget_everything()


def login(transport: FakeTransport, **changes: Any) -> iam.PasswordLogin:
    values = {
        "username": "ann",
        "password": "the-password",
        "domain_name": "plant",
        "project_name": "cn-east-3",
        **changes,
    }
    return iam.PasswordLogin(Exchange(transport), IAM, **values)  # type: ignore[arg-type]


def test_login_request():
    transport = FakeTransport(token_answer())
    assert login(transport).token().project_id == "p-1"
    sent = transport.sent[0]
    assert (sent["method"], sent["url"]) == ("POST", f"{IAM}/v3/auth/tokens?nocatalog=true")
    assert json.loads(sent["body"]) == {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": "ann", "password": "the-password", "domain": {"name": "plant"}}},
            },
            "scope": {"project": {"name": "cn-east-3"}},
        }
    }
    assert "Authorization" not in sent["headers"]


def test_login_for_a_project_id():
    transport = FakeTransport(token_answer())
    login(transport, project_id="p-7").token()
    assert json.loads(transport.sent[0]["body"])["auth"]["scope"] == {"project": {"id": "p-7"}}


def test_token_is_kept_for_the_process_and_one_user():
    transport = FakeTransport(token_answer("one"), token_answer("two"), token_answer("three"))
    assert login(transport).token().value == login(transport).token().value == "one"
    assert login(transport, password="another").token().value == "two"
    assert login(transport, project_name="cn-south-1").token().value == "three"


def test_token_about_to_end_is_not_used():
    now = [0.0]
    transport = FakeTransport(
        token_answer("one", expires_at="1970-01-02T00:00:00.000000Z"),
        token_answer("two", expires_at="1970-01-03T00:00:00.000000Z"),
    )
    ours = login(transport, clock=lambda: now[0])
    assert ours.token().value == "one"
    now[0] = 86400 - 601
    assert ours.token().value == "one"
    now[0] = 86400 - 599
    assert ours.token().value == "two"


def test_refused_token_is_replaced_once():
    transport = FakeTransport(token_answer("one"), refusal(401, "APIGW.0307"), token_answer("two"), GOOD)
    assert call(transport, LoginAuthentication(login(transport))) == {"id": "s"}
    assert [sent["headers"].get("X-Auth-Token") for sent in transport.sent] == [None, "one", None, "two"]


def test_second_refusal_is_final():
    transport = FakeTransport(*[token_answer("one"), refusal(401, "APIGW.0301")] * 3)
    with pytest.raises(ApiError, match=r"ShowServer: APIGW.0301"):
        call(transport, LoginAuthentication(login(transport)))
    assert len(transport.sent) == 4


def test_wrong_password_is_tried_once():
    wrong = answer(401, {"error": {"code": 401, "message": "The username or the-password is wrong.", "title": "x"}})
    transport = FakeTransport(wrong, wrong, wrong)
    with pytest.raises(ApiError) as caught:
        call(transport, LoginAuthentication(login(transport)))
    assert len(transport.sent) == 1
    assert caught.value.operation == "KeystoneCreateUserTokenByPassword"
    assert "the-password" not in str(caught.value)


def test_trouble_of_the_login_is_not_multiplied():
    transport = FakeTransport(*[answer(503)] * 20)
    exchange = Exchange(transport, 2)  # type: ignore[arg-type]
    authentication = LoginAuthentication(
        iam.PasswordLogin(exchange, IAM, username="ann", password="pw", domain_name="plant", project_name="cn-east-3")
    )
    with pytest.raises(ApiError):
        exchange.call("ShowServer", "GET", BASE, "/", authentication, deadline=Clock().deadline())
    assert len(transport.sent) == 3


@pytest.mark.parametrize(
    "broken",
    [
        answer(201, {"token": {"expires_at": "2099-01-01T00:00:00Z"}}),
        answer(201, {"token": {"expires_at": "soon"}}, X_Subject_Token="MII-1"),
        answer(201, {"tokens": 1}, X_Subject_Token="MII-1"),
    ],
)
def test_login_answer_without_a_token(broken: HttpAnswer):
    with pytest.raises(TransportError, match="holds no token"):
        login(FakeTransport(broken)).token()


# --- projects --------------------------------------------------------------------------------------------------


def find(transport: FakeTransport, *, by_token: bool = False, owner: str = "AK") -> str:
    authentication = TokenAuthentication("MII-1") if by_token else KEY
    return iam.find_project(Exchange(transport), IAM, authentication, "cn-east-3", owner, by_token=by_token)  # type: ignore[arg-type]


def projects(*rows: tuple[str, str]) -> HttpAnswer:
    return answer(200, {"projects": [{"id": id, "name": name} for id, name in rows]})


def test_project_by_key_and_by_token():
    rows = projects(("p-0", "cn-east-3_dev"), ("p-1", "cn-east-3"), ("p-2", "cn-south-1"))
    by_key, by_token = FakeTransport(rows), FakeTransport(rows)
    assert find(by_key) == find(by_token, by_token=True, owner="token") == "p-1"
    assert by_key.sent[0]["url"] == f"{IAM}/v3/projects?name=cn-east-3"
    assert by_token.sent[0]["url"] == f"{IAM}/v3/auth/projects"


def test_project_is_kept_for_the_process_and_the_key():
    transport = FakeTransport(projects(("p-1", "cn-east-3")), projects(("p-2", "cn-east-3")))
    assert find(transport) == find(transport) == "p-1"
    assert find(transport, owner="AK2") == "p-2"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "no project named 'cn-east-3'"),
        ([("p-1", "cn-east-3"), ("p-2", "cn-east-3")], "2 projects named 'cn-east-3': p-1, p-2"),
    ],
)
def test_no_project_or_several(rows: list[tuple[str, str]], problem: str):
    with pytest.raises(InputError, match=f"project_id: .*{problem}"):
        find(FakeTransport(projects(*rows)))


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
        "instance_id=a%2Cb&limit=1000",
        "instance_id=a%2Cb&limit=1000&marker=m1",
        "instance_id=a%2Cb&limit=1000&marker=m2",
    ]


def test_pages_in_a_circle():
    page = answer(200, {"page_info": {"next_marker": "m1"}})
    with pytest.raises(CloudError, match="circle"):
        list(client(FakeTransport(page, page, page)).pages("ListInstances", {}))
