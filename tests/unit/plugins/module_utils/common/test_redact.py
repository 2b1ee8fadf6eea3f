# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masking of secrets in text."""

from __future__ import annotations

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.redact import redact
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
