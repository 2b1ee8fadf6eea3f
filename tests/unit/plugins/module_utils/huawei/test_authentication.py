# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in, keeping the token, and finding the project."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import (
    ApiError,
    InputError,
    TransportError,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpAnswer
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.authentication import (
    LoginAuthentication,
    PasswordLogin,
    TokenAuthentication,
    find_project,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.client import Exchange
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.operations import OPERATIONS
from support.huawei import (
    BASE,
    GOOD,
    IAM,
    KEY,
    LOST,
    SERVER,
    Clock,
    FakeTransport,
    answer,
    call,
    forget_logins,
    refusal,
)


def token_answer(value: str = "MII-1", **changes: Any) -> HttpAnswer:
    token = {"expires_at": "2099-01-01T00:00:00.000000Z", "project": {"id": "p-1", "name": "cn-east-3"}, **changes}
    return answer(201, {"token": token}, X_Subject_Token=value)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    forget_logins()


def login(transport: FakeTransport, **changes: Any) -> PasswordLogin:
    values = {
        "username": "ann",
        "password": "the-password",
        "domain_name": "plant",
        "project_name": "cn-east-3",
        **changes,
    }
    return PasswordLogin(Exchange(transport), IAM, **values)  # type: ignore[arg-type]


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
    assert call(transport, LoginAuthentication(login(transport))) == SERVER
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
    transport = FakeTransport(*[refusal(503, "APIGW.0201")] * 20)
    exchange = Exchange(transport, 2)  # type: ignore[arg-type]
    authentication = LoginAuthentication(
        PasswordLogin(exchange, IAM, username="ann", password="pw", domain_name="plant", project_name="cn-east-3")
    )
    with pytest.raises(ApiError):
        exchange.call(OPERATIONS["ShowServer"], BASE, "/", authentication, deadline=Clock().deadline())
    assert len(transport.sent) == 3


@pytest.mark.parametrize(
    "broken",
    [
        answer(201, {"token": {"expires_at": "2099-01-01T00:00:00Z"}}),
        answer(201, {"token": {"expires_at": "2099-99-99T00:00:00Z"}}, X_Subject_Token="MII-1"),
        answer(201, {"token": {"expires_at": "soon"}}, X_Subject_Token="MII-1"),
        answer(201, {"tokens": 1}, X_Subject_Token="MII-1"),
    ],
)
def test_login_answer_without_a_token(broken: HttpAnswer):
    with pytest.raises(TransportError, match="does not contain a token|is not a time|has no token"):
        login(FakeTransport(*[broken] * 6)).token()


def test_a_login_that_fails_does_not_hide_that_a_write_may_have_arrived():
    wrong = answer(401, {"error": {"code": 401, "message": "no", "title": "x"}})
    transport = FakeTransport(token_answer("one"), LOST, refusal(401, "APIGW.0307"), wrong)
    with pytest.raises(TransportError, match="KeystoneCreateUserTokenByPassword: 401.*may have arrived") as caught:
        call(transport, LoginAuthentication(login(transport)), method="DELETE")
    assert caught.value.may_have_taken_effect


# --- projects --------------------------------------------------------------------------------------------------


def find(transport: FakeTransport, *, by_token: bool = False, owner: str = "AK") -> str:
    authentication = TokenAuthentication("MII-1") if by_token else KEY
    return find_project(Exchange(transport), IAM, authentication, "cn-east-3", owner, by_token=by_token)  # type: ignore[arg-type]


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
        ([], "does not have a project named 'cn-east-3'"),
        ([("p-1", "cn-east-3"), ("p-2", "cn-east-3")], "2 projects named 'cn-east-3': p-1, p-2"),
    ],
)
def test_no_project_or_several(rows: list[tuple[str, str]], problem: str):
    with pytest.raises(InputError, match=f"project_id: .*{problem}"):
        find(FakeTransport(projects(*rows)))
