# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both signature versions against published and recorded vectors, and what a verifier refuses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from emulator.errors import ApiError
from emulator.signatures import Verifier, v1_signature, v3_signature
from emulator.wire import parse_pairs

SAMPLES = json.loads((Path(__file__).parents[2] / "contract/data/wire_samples.json").read_text(encoding="utf-8"))
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SECRET = "testsecret"


def test_published_vector_of_version_1():
    params = {
        "Timestamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    assert v1_signature("GET", params, SECRET) == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def _requests(version: str) -> list[Any]:
    rows = SAMPLES if isinstance(SAMPLES, list) else [{"id": name, **row} for name, row in SAMPLES.items()]
    found = [row.get("request", row) for row in rows if isinstance(row, dict)]
    found = [row for row in found if isinstance(row, dict) and "raw_query" in row]
    signed = [row for row in found if ("Signature" in dict(parse_pairs(row["raw_query"]))) == (version == "v1")]
    assert signed
    return signed


@pytest.mark.parametrize("request_", _requests("v1"), ids=lambda row: row["query"].get("Action", "?"))
def test_recorded_requests_of_version_1(request_: dict[str, Any]):
    params = dict(parse_pairs(request_["raw_query"]))
    assert v1_signature(request_["method"], params, SECRET) == params["Signature"]


@pytest.mark.parametrize("request_", _requests("v3"), ids=lambda row: row["headers"].get("x-acs-signature-nonce", "?"))
def test_recorded_requests_of_version_3(request_: dict[str, Any]):
    headers = {name.lower(): value for name, value in request_["headers"].items()}
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    expected = headers["authorization"].partition("Signature=")[2]
    query = dict(parse_pairs(request_["raw_query"]))
    assert v3_signature(request_["method"], "/", query, headers, signed, EMPTY, SECRET) == expected


def _headers(**changes: str) -> dict[str, str]:
    headers = {
        "host": "h",
        "x-acs-action": "A",
        "x-acs-version": "2014-05-26",
        "x-acs-signature-nonce": "n",
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-content-sha256": EMPTY,
        **changes,
    }
    signed = ";".join(sorted(headers))
    signature = v3_signature("POST", "/", {"Q": "1"}, headers, signed, headers["x-acs-content-sha256"], SECRET)
    headers["authorization"] = f"ACS3-HMAC-SHA256 Credential=testid,SignedHeaders={signed},Signature={signature}"
    return headers


def _check(headers: dict[str, str], verifier: Verifier | None = None, body: bytes = b"", **query: str) -> str:
    verifier = verifier or Verifier("testid", SECRET)
    return verifier.check("A", "POST", "/", query or {"Q": "1"}, {}, headers, body)


def _code(*args: Any, **query: Any) -> str:
    with pytest.raises(ApiError) as caught:
        _check(*args, **query)
    return caught.value.code


def test_good_request_and_its_repetition():
    verifier = Verifier("testid", SECRET)
    headers = _headers()
    assert _check(headers, verifier) == "v3"
    assert _code(headers, verifier) == "SignatureNonceUsed"
    verifier.check("A", "POST", "/", {"Q": "1"}, {}, headers, b"", count_nonce=False)


def test_refusals_of_version_3():
    assert _code(_headers(), Q="2") == "SignatureDoesNotMatch"
    assert _code(_headers(), body=b"x") == "SignatureDoesNotMatch"
    assert _code({**_headers(), "authorization": "Basic x"}) == "IncompleteSignature"
    assert _code({**_headers(), "x-acs-extra": "unsigned"}) == "IncompleteSignature"
    assert _code(_headers(**{"x-acs-date": "2020-01-01T00:00:00Z"})) == "InvalidTimeStamp.Expired"
    assert _code(_headers(**{"x-acs-date": "soon"})) == "InvalidTimeStamp.Format"
    assert _code(_headers(**{"x-acs-signature-nonce": ""})) == "MissingParameter"
    assert _code(_headers(), Verifier("other", SECRET)) == "InvalidAccessKeyId.NotFound"
    assert _code(_headers(), Verifier("testid", "other")) == "SignatureDoesNotMatch"
    assert _code(_headers(), Verifier("testid", SECRET, "token")) == "MissingSecurityToken"
    assert _check(_headers(**{"x-acs-security-token": "token"}), Verifier("testid", SECRET, "token")) == "v3"


def test_refused_request_does_not_use_its_nonce_up():
    verifier = Verifier("testid", SECRET)
    headers = _headers()
    assert _code(headers, verifier, Q="changed") == "SignatureDoesNotMatch"
    assert _check(headers, verifier) == "v3"
