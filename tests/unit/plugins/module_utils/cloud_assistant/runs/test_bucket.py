# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete outputs from a bucket, with a stand-in for the vendor's library."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.models import InstanceResult
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs import bucket
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.outcome import RunOutcome
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import MissingLibrary

OBJECTS = {"logs/t-1/i-1.txt": b"all of it", "logs/t-1/i-2.txt": b"x" * 100}


class OssError(Exception):
    """An error of the library: its text names the request, its message does not."""

    message = "no such key"


class Library(SimpleNamespace):
    """What is used of the library: objects by bucket and key, read with the account's key."""

    Auth = staticmethod(lambda *key: key)
    StsAuth = staticmethod(lambda *key: key)

    @staticmethod
    def Bucket(auth: Any, endpoint: str, name: str) -> Any:
        assert (auth, endpoint) == (("id", "secret", "token"), "https://oss-cn-hangzhou.aliyuncs.com")

        def get_object(key: str) -> io.BytesIO:
            if f"{name}/{key}" not in OBJECTS:
                raise OssError(key)
            return io.BytesIO(OBJECTS[f"{name}/{key}"])

        return SimpleNamespace(get_object=get_object)


def test_outputs_that_were_cut_are_read_from_the_bucket(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "oss2", Library())
    key = SimpleNamespace(access_key_id="id", access_key_secret="secret", security_token="token")
    client: Any = SimpleNamespace(region="cn-hangzhou", credentials=lambda: key)
    told: list[str] = []
    outcome = RunOutcome(
        [
            InstanceResult(
                f"i-{number}",
                "Success",
                output=b"part",
                dropped=dropped,
                oss_output_status=status,
                oss_output_uri=f"oss://logs/t-1/i-{number}.txt",
            )
            for number, dropped, status in (
                *((1, 5, "Finished"), (2, 96, "Finished"), (3, 5, "Finished"), (4, 0, "")),
                *((number, 5, "Finished") for number in range(5, 15)),
            )
        ]
    )
    bucket.collect_from_bucket(client, outcome, 50, told.append)
    assert [result.output for result in outcome.results][:4] == [b"all of it", b"x" * 50, b"part", b"part"]
    assert [result.dropped for result in outcome.results][:4] == [0, 50, 5, 0]
    # the service has cut out the middle, this is cut at the end
    assert outcome.results[1].stdout == "x" * 50
    assert told == [
        "output: the object in the bucket has more than 50 bytes (max_output) (instance i-2)",
        "output: the object in the bucket could not be read: OssError: no such key "
        "(11 instances (i-3, i-5, i-6, i-7, i-8 and 6 more))",
    ]


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "oss2", None)
    with pytest.raises(MissingLibrary, match="oss2"):
        bucket.load_library()
