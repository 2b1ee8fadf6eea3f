# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both signature versions against the published vector and recordings of the official SDKs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.credentials import Credentials
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.signing import (
    canonical_query,
    sign_v1,
    sign_v3,
)

KEYS = Credentials("testid", "testsecret")
SAMPLES: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "wire_samples.json").read_text(encoding="utf-8"))
REQUESTS = {name: sample["request"] for name, sample in SAMPLES.items()}
V3 = [name for name, request in REQUESTS.items() if "Authorization" in request["headers"]]
V1 = [name for name, request in REQUESTS.items() if "Signature" in request["query"]]


def test_every_recording_is_used() -> None:
    assert sorted(V1 + V3) == sorted(SAMPLES)
    assert len(V3) >= 6
    assert len(V1) >= 3


def test_the_published_vector_of_version_1() -> None:
    """The example of the documentation on RPC signatures: DescribeRegions, testid, testsecret."""
    query = {
        "Timestamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    assert sign_v1("GET", query, "testsecret") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


@pytest.mark.parametrize("name", V1)
def test_recorded_requests_of_version_1(name: str) -> None:
    query = dict(REQUESTS[name]["query"])
    signature = query.pop("Signature")
    assert sign_v1(REQUESTS[name]["method"], query, "testsecret") == signature


@pytest.mark.parametrize("name", V3)
def test_recorded_requests_of_version_3(name: str) -> None:
    request = REQUESTS[name]
    authorization = request["headers"]["Authorization"]
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {header: request["headers"][header] for header in signed}
    assert sign_v3(request["method"], request["query"], headers, KEYS) == authorization


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_our_query_means_the_same_as_the_recorded_one(name: str) -> None:
    ours = sorted(canonical_query(REQUESTS[name]["query"]).split("&"))
    theirs = sorted(REQUESTS[name]["raw_query"].replace("+", "%20").replace("*", "%2A").split("&"))
    assert ours == theirs
