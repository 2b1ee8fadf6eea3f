# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masking of secrets in text."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.redact import MASK, redact
from hypothesis import given
from hypothesis import strategies as st

VALUE = "s3cr3t-value%2B"


@pytest.mark.parametrize(
    "text",
    [
        f"/?Action=X&Signature={VALUE}&Format=JSON",
        f"SecurityToken={VALUE}",
        f"url: /?CommandContent={VALUE} failed",
        f"Parameters={VALUE}",
        f'{{"CommandContent": "{VALUE}"}}',
        f"{{'Parameters': '{VALUE}', 'a': 1}}",
        f"x-acs-security-token: {VALUE}",
        f"Authorization: ACS3-HMAC-SHA256 Credential=a,Signature={VALUE}",
        f"http://user:{VALUE}@proxy:3128/",
        f"X-Auth-Token: {VALUE}\r\nHost: x",
    ],
)
def test_secret_places_are_masked(text: str) -> None:
    assert VALUE not in redact(text)


def test_the_rest_stays() -> None:
    assert redact("/?Action=RunCommand&RegionId=cn-hangzhou&Signature=x") == (
        "/?Action=RunCommand&RegionId=cn-hangzhou&Signature=********"
    )


def test_of_a_key_id_the_beginning_stays() -> None:
    assert redact("?AccessKeyId=LTAI5tabcdef&x=1") == "?AccessKeyId=LTAI********&x=1"


@given(st.text(), st.text("abcdef0123", min_size=4), st.text())
def test_known_values_never_remain(before: str, secret: str, after: str) -> None:
    assert secret not in redact(before + secret + after, [secret, None, ""])


def test_white_space_is_not_a_secret() -> None:
    assert redact("the key is required", [" ", "\n", "\t"]) == "the key is required"


SECRET = "se/cr+et==\"ä'\\"


def once(text: str) -> str:
    return quote(text, safe="-_.~")


@pytest.mark.parametrize(
    "spell",
    [
        str,
        once,
        lambda text: once(once(text)),
        quote_plus,
        lambda text: once(text).lower(),
        lambda text: json.dumps({"x": text}),
        lambda text: json.dumps({"x": text}, ensure_ascii=False),
        lambda text: repr([text]),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
        lambda text: base64.b64encode(f"a{text} and more".encode()).decode(),
        lambda text: base64.b64encode(f"ab{text} and more".encode()).decode(),
        lambda text: base64.b64encode(f"abc{text} and more".encode()).decode(),
    ],
)
def test_a_known_secret_is_masked_in_each_spelling(spell: Callable[[str], str]) -> None:
    secret = f"{SECRET}-and-so-on"
    shown = redact(f"before {spell(secret)} after", [secret])
    assert MASK in shown
    for part in ("and-so-on", base64.b64encode(b"-and-so-")[4:-4].decode(), "cr%2Bet", "cr%252Bet", "cr+et"):
        assert part not in shown


@pytest.mark.parametrize(
    "said",
    [
        "The request signature does not conform to Aliyun standards. server string to sign is:",
        "Specified signature is not matched with our calculation. server string to sign is:",
        "server StringToSign is ",
        "expected canonicalRequest: ",
    ],
)
def test_what_was_signed_is_cut(said: str) -> None:
    """SignatureDoesNotMatch of signature v1 repeats every parameter, encoded twice."""
    signed = quote("&".join(f"{name}={once(value)}" for name, value in (("Parameters", '{"p":"hush"}'),)), safe="")
    shown = redact(f"{said}:POST&%2F&{signed}%26Timestamp%3D2026")
    assert "hush" not in shown
    assert "Timestamp" not in shown
    assert shown.startswith(said.split(" ")[0])


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_secret_parameters_are_masked_however_often_they_are_encoded(turns: int) -> None:
    text = "Action=X&SecurityToken=hush&Format=JSON"
    for _turn in range(turns):
        text = quote(text, safe="")
    shown = redact(text)
    assert "hush" not in shown
    assert "Format" in shown
