# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where keys come from: the profile file and the metadata service."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import CloudError, InputError
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpAnswer, NoAnswer
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei import credentials
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.credentials import (
    Credentials,
    MetadataSource,
    find_source,
    parse_time,
    read_profile,
)

EXPIRES = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write ~/.huaweicloud/credentials in a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", raising=False)
    path = tmp_path / ".huaweicloud" / "credentials"
    path.parent.mkdir()

    def write(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_profile(profile: Callable[[str], Path]):
    profile(
        "[basic]\nak = AK\nsk = 100%secret\nsecurity_token = STS\nproject_id = p\niam_endpoint = https://iam\n"
        "[global]\nak = other\nsk = other\n"
    )
    found = read_profile()
    assert found is not None
    assert found.credentials == Credentials("AK", "100%secret", "STS")
    assert (found.project_id, found.iam_endpoint) == ("p", "https://iam")
    assert "secret" not in repr(found)
    assert "STS" not in repr(found)


def test_profile_elsewhere(profile: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    profile("[basic]\nak = AK\nsk = SK\n").rename(tmp_path / "mine")
    assert read_profile() is None
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(tmp_path / "mine"))
    found = read_profile()
    assert found is not None
    assert found.credentials == Credentials("AK", "SK")
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=f"{tmp_path}/nowhere does not exist"):
        read_profile()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[global]\nak = AK\nsk = hush\n", r"does not have the section \[basic\]"),
        ("[basic]\nak = AK\n", r"does not have ak and sk in \[basic\]"),
        ("[basic]\nidp_id = x\nid_token_file = y\n", "idp_id and id_token_file are not supported"),
        ("ak = AK\nsk = hush\n", "not an INI file"),
    ],
)
def test_unusable_profile(profile: Callable[[str], Path], text: str, problem: str):
    profile(text)
    with pytest.raises(InputError, match=problem) as caught:
        read_profile()
    assert "hush" not in str(caught.value)


class FakeMetadata:
    """The metadata service: answers by method and path, and keeps what was asked."""

    def __init__(self, **answers: HttpAnswer | Exception) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def send(self, method: str, url: str, headers: dict[str, str], body: Any, *, remaining: Any = None) -> HttpAnswer:
        self.asked.append((method, url, dict(headers)))
        answer = self.answers[method]
        if isinstance(answer, Exception):
            raise answer
        return answer


def key_answer(access: str = "AK", expires: datetime = EXPIRES) -> HttpAnswer:
    row = {
        "access": access,
        "secret": "SK",
        "securitytoken": "STS",
        "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return HttpAnswer(200, {}, json.dumps({"credential": row}).encode())


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[MetadataSource, FakeMetadata]]:
    """Make a key source whose transport is the fake service, on a clock that stands still."""

    def make(now: Callable[[], float] = lambda: EXPIRES.timestamp() - 7200, **answers: Any) -> Any:
        fake = FakeMetadata(**answers)
        monkeypatch.setattr(credentials, "HttpTransport", lambda **options: fake)
        return MetadataSource(clock=now), fake

    return make


def test_metadata_with_a_token(metadata: Callable[..., tuple[MetadataSource, FakeMetadata]]):
    source, fake = metadata(PUT=HttpAnswer(200, {}, b"T\n"), GET=key_answer())
    assert source.get() == Credentials("AK", "SK", "STS", EXPIRES.timestamp())
    base = "http://169.254.169.254"
    assert fake.asked == [
        ("PUT", f"{base}/meta-data/latest/api/token", {"X-Metadata-Token-Ttl-Seconds": "21600"}),
        ("GET", f"{base}/openstack/latest/securitykey", {"X-Metadata-Token": "T"}),
    ]


@pytest.mark.parametrize("status", [404, 405, 503])
def test_metadata_without_a_token(metadata: Callable[..., tuple[MetadataSource, FakeMetadata]], status: int):
    source, fake = metadata(PUT=HttpAnswer(status, {}, b""), GET=key_answer())
    assert source.get().access_key == "AK"
    assert fake.asked[1][2] == {}


def test_metadata_keys_are_kept_until_40_minutes_before_their_end(
    metadata: Callable[..., tuple[MetadataSource, FakeMetadata]],
):
    now = [EXPIRES.timestamp() - 7200]
    source, fake = metadata(now=lambda: now[0], PUT=HttpAnswer(404, {}, b""), GET=key_answer("one"))
    assert source.get().access_key == "one"
    fake.answers["GET"] = key_answer("two", EXPIRES.replace(hour=20))
    now[0] = EXPIRES.timestamp() - 2401
    assert source.get().access_key == "one"
    now[0] = EXPIRES.timestamp() - 2399
    assert source.get().access_key == "two"


@pytest.mark.parametrize(
    ("token", "keys", "problem"),
    [
        (HttpAnswer(200, {}, b"T"), HttpAnswer(401, {}, b"Please configure an agency"), "may not have an agency"),
        (HttpAnswer(403, {}, b""), key_answer(), r"refused a token \(HTTP 403\)"),
        (
            HttpAnswer(200, {}, b"T"),
            HttpAnswer(200, {}, b'{"credential": {"secret": "hush"}}'),
            "not in the expected form",
        ),
        (HttpAnswer(200, {}, b"T"), HttpAnswer(200, {}, b"hush"), "not in the expected form"),
    ],
)
def test_metadata_that_gives_no_keys(
    metadata: Callable[..., tuple[MetadataSource, FakeMetadata]], token: HttpAnswer, keys: HttpAnswer, problem: str
):
    source, _fake = metadata(PUT=token, GET=keys)
    with pytest.raises(CloudError, match=problem) as caught:
        source.get()
    assert "hush" not in str(caught.value)


def test_order_of_sources(profile: Callable[[str], Path], metadata: Callable[..., tuple[MetadataSource, FakeMetadata]]):
    source, fake = metadata(PUT=HttpAnswer(404, {}, b""), GET=key_answer("of-the-server"))
    found, from_file = find_source(metadata=lambda: source)
    assert (found.get().access_key, from_file) == ("of-the-server", None)
    profile("[basic]\nak = of-the-file\nsk = SK\n")
    fake.asked.clear()
    found, from_file = find_source(metadata=lambda: source)
    assert found.get().access_key == "of-the-file"
    assert from_file is not None
    assert fake.asked == []


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize(
    "answer",
    [
        NoAnswer("no route", may_have_arrived=False),
        *(HttpAnswer(status, {}, b"<html>") for status in (200, 401, 403, 404)),
        HttpAnswer(200, {}, b'{"other": "json"}'),
        HttpAnswer(200, {}, b"a\nb"),
        HttpAnswer(200, {}, b"[" * 100000),
    ],
    ids=str,
)
def test_without_credentials_the_options_are_named_first(
    metadata: Callable[..., tuple[MetadataSource, FakeMetadata]], answer: HttpAnswer | NoAnswer
):
    """Anything may answer at the metadata address of a machine that is in another network."""
    source, _fake = metadata(PUT=answer, GET=answer)
    with pytest.raises(InputError, match="access_key: no credentials: give access_key and secret_key.* The metadata"):
        find_source(metadata=lambda: source)


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-01-31T12:00:00Z", 0),
        ("2026-01-31T12:00:00.5Z", 500_000),
        ("2026-01-31T12:00:00.123456Z", 123_456),
        ("2026-01-31T12:00:00.1234567Z", 123_456),
    ],
)
def test_times(text: str, microsecond: int):
    assert parse_time(text) == datetime(2026, 1, 31, 12, 0, 0, microsecond, tzinfo=timezone.utc)
