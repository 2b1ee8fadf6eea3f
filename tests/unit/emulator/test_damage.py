# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that change, break or never end an answer, in both clouds, as a client sees them on the wire."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from contract.sdk import Sdk, until

_UNSIGNED = "/?Action=DescribeRegions&Format=JSON"
_WAIT_S = 60


def _get(emulator: Any, **fault: Any) -> http.client.HTTPResponse:
    """Return the answer of an unsigned call that the fault hits, its body unread."""
    emulator.clear_faults()
    emulator.faults([{"action": "DescribeRegions", **fault}])
    connection = http.client.HTTPConnection(urlsplit(emulator.endpoint).netloc, timeout=_WAIT_S)
    connection.request("GET", _UNSIGNED)
    return connection.getresponse()


def _send(url: str, path: str) -> socket.socket:
    place = urlsplit(url)
    stream = socket.create_connection((place.hostname, place.port), timeout=_WAIT_S)
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
    return stream


def _raw(emulator: Any, size: int, **fault: Any) -> bytes:
    """Return the first bytes on the wire of an unsigned call that the fault hits, all until the end with fewer."""
    emulator.clear_faults()
    emulator.faults([{"action": "DescribeRegions", **fault}])
    data = b""
    with _send(emulator.endpoint, _UNSIGNED) as stream:
        while len(data) < size and (piece := stream.recv(1 << 16)):
            data += piece
    return data


@pytest.mark.parametrize(("when", "effects"), [("before", 0), ("after", 1)])
def test_a_page_of_a_proxy(emulator: Any, when: str, effects: int):
    sdk = Sdk(emulator)
    target = sdk.instance_ids()[0]
    page = {"status": 407, "headers": {"Proxy-Authenticate": "Basic"}, "body": "<html>who are you</html>"}
    emulator.faults([{"action": "RunCommand", "kind": "page", "when": when, **page}])
    with pytest.raises(Exception, match="parse the value as json"):
        sdk.run("true", [target])
    until(lambda: len(emulator.executions().get(target, [])), lambda count: count == effects)
    response = _get(emulator, kind="page", **page)
    assert (response.status, response.headers["Proxy-Authenticate"], response.read()) == (
        407,
        "Basic",
        b"<html>who are you</html>",
    )
    assert b"Sign in" in _get(emulator, kind="page").read()
    assert _get(emulator, kind="page", status=204, body="").read() == b""


def _regions(emulator: Any, **fault: Any) -> Any:
    emulator.clear_faults()
    emulator.faults([{"action": "DescribeRegions", "kind": "edit", **fault}])
    return Sdk(emulator).call("DescribeRegions")


def test_fields_that_are_missing_or_of_another_type(emulator: Any):
    whole = Sdk(emulator).call("DescribeRegions")["Regions"]["Region"]
    assert "Regions" not in _regions(emulator, path="Regions", remove=True)
    assert _regions(emulator, path="Regions.Region", value=None)["Regions"] == {"Region": None}
    found = _regions(emulator, path="Regions.Region.*.RegionId", value=[7])["Regions"]["Region"]
    assert [row["RegionId"] for row in found] == [[7]] * len(whole)
    found = _regions(emulator, path=["Regions.Region.1.RegionId", "Regions.Region.0"], remove=True)["Regions"]["Region"]
    assert len(found) == len(whole) - 1 and "RegionId" not in found[0] and "RegionId" in found[1]
    assert _regions(emulator, path="Regions.Region.*", remove=True)["Regions"] == {"Region": []}
    assert _regions(emulator, path="Regions.New", value="x")["Regions"]["New"] == "x"
    for path in ("None.Of.These", "Regions.Region.999", "Regions.Region.RegionId", "RequestId.0"):
        assert _regions(emulator, path=path, value=1)["Regions"]["Region"] == whole


def test_headers_that_lie(emulator: Any):
    response = _get(emulator, kind="headers", headers={"Content-Encoding": "gzip", "Content-Type": "image/png"})
    assert (response.headers["Content-Encoding"], response.headers["Content-Type"]) == ("gzip", "image/png")
    assert json.loads(response.read())["Code"], "no gzip at all"


def test_a_wrong_length(emulator: Any):
    with pytest.raises(http.client.IncompleteRead):
        _get(emulator, kind="wrong_length", by=7).read()
    with pytest.raises(ValueError, match="JSON|delimiter|Unterminated|Expecting"):
        json.loads(_get(emulator, kind="wrong_length", by=-7).read())


def test_a_truncated_answer(emulator: Any):
    with pytest.raises(http.client.IncompleteRead):
        _get(emulator, kind="truncate").read()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_huge_answer(emulator: Any, compressed: bool):
    response = _get(emulator, kind="huge", size_bytes=3_000_001, compressed=compressed)
    body = response.read()
    if compressed:
        assert response.headers["Content-Encoding"] == "gzip" and len(body) < 100_000
        body = gzip.decompress(body)
    document = json.loads(body)
    assert (len(document["Padding"]), bool(document["Code"])) == (3_000_001, True)


def test_a_deep_answer(emulator: Any):
    body = _get(emulator, kind="deep", depth=200_000).read()
    assert body.startswith(b'{"Nested":[[[') and body.count(b"[") == 200_000
    with pytest.raises(RecursionError):
        json.loads(body)
    assert json.loads(_get(emulator, kind="deep", depth=3).read())["Nested"] == [[[]]]


@pytest.mark.parametrize("part", ["headers", "body", "all"])
def test_a_slow_answer_is_whole_in_the_end(emulator: Any, part: str):
    body = _get(emulator, kind="slow", part=part, delay_ms=0).read()
    assert json.loads(body)["Code"]


def test_slow_means_byte_by_byte(emulator: Any):
    # a second byte would come after an hour
    assert _raw(emulator, 1, kind="slow", delay_ms=3_600_000) == b"H"
    assert _raw(emulator, 40, kind="slow", part="body", delay_ms=3_600_000).startswith(b"HTTP/1.1 400 ")


def test_chunks_without_end(emulator: Any):
    data = _raw(emulator, 1 << 20, kind="endless", size_bytes=1000)
    assert b"chunked" in data and data.count(b"3e8\r\n") > 900


def test_continue_without_end(emulator: Any):
    data = _raw(emulator, 10_000, kind="endless_continue")
    assert set(data.split(b"\r\n\r\n")[:-1]) == {b"HTTP/1.1 100 Continue"}


def test_a_clock_that_is_off(emulator: Any):
    sdk = Sdk(emulator)
    emulator.faults([{"action": "DescribeRegions", "kind": "clock_skew", "skew_s": -7200, "nth": 1}])
    with pytest.raises(Exception, match=r"InvalidTimeStamp\.Expired"):
        sdk.call("DescribeRegions")
    sdk.call("DescribeRegions")
    shown = parsedate_to_datetime(_get(emulator, kind="clock_skew", skew_s=7200).headers["Date"]).timestamp()
    assert 7100 < shown - emulator.now() < 7300
    emulator.clear_faults()
    emulator.options(clock_skew_s=-5000)
    with pytest.raises(Exception, match=r"InvalidTimeStamp\.Expired"):
        sdk.call("DescribeRegions")


@pytest.mark.parametrize(("kind", "status"), [("stop", "Stopped"), ("release", None)])
def test_an_instance_that_goes_in_mid_run(emulator: Any, kind: str, status: str | None):
    sdk = Sdk(emulator)
    target = sdk.instance_ids()[0]
    emulator.faults([{"action": "RunCommand", "kind": kind, "delay_ms": 200}])
    row = sdk.finished(sdk.run("exec sleep 300", [target])).invoke_instances.invoke_instance[0]
    code = {"stop": "InstanceNotRunning", "release": "InstanceReleased"}[kind]
    assert (row.invocation_status, row.error_code) == ("Error", code)
    if status:
        assert emulator.instance(target, "state")["status"] == status
    else:
        assert target not in sdk.instance_ids()


def test_nothing_happens_any_more_once_the_rules_are_cleared(emulator: Any):
    sdk = Sdk(emulator)
    target = sdk.instance_ids()[0]
    emulator.faults([{"action": "RunCommand", "kind": "stop", "instance_id": target, "delay_ms": 300}])
    sdk.run("true", [target])
    emulator.clear_faults()
    assert emulator.instance(target, "state")["status"] == "Stopped"


def _huawei(emulator: Any, **fault: Any) -> http.client.HTTPResponse:
    emulator.clear_faults()
    emulator.faults([{"action": "ListServers", **fault}])
    connection = http.client.HTTPConnection(urlsplit(emulator.ready["clouddc_endpoint"]).netloc, timeout=_WAIT_S)
    connection.request("GET", f"/v1/{'a' * 32}/physicalservers")
    return connection.getresponse()


def test_the_other_cloud_has_the_same_faults(emulator: Any):
    assert _huawei(emulator, kind="page", status=451, when="before").status == 451
    assert b"Sign in" in _huawei(emulator, kind="page").read()
    assert list(json.loads(_huawei(emulator, kind="edit", path="*", remove=True).read())) == []
    assert json.loads(_huawei(emulator, kind="deep", depth=2).read())["Nested"] == [[]]
    with pytest.raises(http.client.IncompleteRead):
        _huawei(emulator, kind="wrong_length").read()
    shown = parsedate_to_datetime(_huawei(emulator, kind="clock_skew").headers["Date"]).timestamp()
    assert shown - emulator.now() > 3000


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"kind": "edit"}, "edit needs path"),
        ({"kind": "edit", "path": "A"}, "either value or remove"),
        ({"kind": "edit", "path": "A", "value": None, "remove": True}, "either value or remove"),
        ({"kind": "edit", "path": [], "remove": True}, "path must be"),
        ({"kind": "page", "status": 100}, "status must be"),
        ({"kind": "page", "when": "later"}, "when must be one of before, after"),
        ({"kind": "page", "headers": {"A": 1}}, "headers must be an object of texts"),
        ({"kind": "wrong_length", "by": 0}, "by must be"),
        ({"kind": "slow", "part": "half"}, "part must be"),
        ({"kind": "huge", "size_bytes": -1}, "size_bytes must be"),
        ({"kind": "clock_skew", "skew_s": "far"}, "skew_s must be"),
    ],
)
def test_wrong_rules(emulator: Any, rule: dict[str, Any], problem: str):
    with pytest.raises(ValueError, match=problem):
        emulator.faults([rule])
