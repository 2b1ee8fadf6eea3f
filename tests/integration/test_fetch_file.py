# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on their way back through a cloud that misbehaves: the same bytes, resumed, nothing left behind."""

from __future__ import annotations

import os
import random

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files import (
    fetch as fetch_module,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.fetch import (
    FetchRequest,
    fetch_file,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.send import send_file
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.send_request import (
    SendRequest,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.runs.internal import (
    run_internal_script,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.targets import Targets
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError, WaitTimeout
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline

NOISE = random.Random(8).randbytes(100_000)
RANGES = 6
PATH = "/srv/app/file"


@pytest.fixture
def ids(emulator):
    return emulator.reset(instances=12)[:3]


@pytest.fixture
def client(emulator):
    names = ("access_key_id", "access_key_secret", "endpoint", "region")
    keys = {name: emulator.ready[name] for name in names}
    return lambda **options: connect({**keys, **options})


@pytest.fixture
def fetch(client, ids, tmp_path):
    def run(path=PATH, targets=None, using=None, **options):
        request = FetchRequest(Targets(tuple(targets or ids)), path, str(tmp_path / "out"), **options)
        return fetch_file(using or client(), request, warn=run.warnings.append)

    run.warnings = []
    return run


@pytest.fixture
def there(client, ids):
    """Put a file onto the instances."""

    def put(data, path=PATH):
        directory, _slash, name = path.rpartition("/")
        assert send_file(client(), SendRequest(Targets(tuple(ids)), data, directory, name)).failure() is None

    return put


@pytest.fixture
def sh(client, ids):
    def run(script):
        outcome = run_internal_script(client(), ids, script, name="test", timeout=60, deadline=Deadline(60))
        assert outcome.failure() is None
        return [result.output.decode() for result in outcome.results]

    return run


def ok(outcome):
    assert outcome.failure() is None, outcome.failure()
    return outcome.as_dict()


def contents(done):
    found = []
    for result in done["results"]:
        with open(result["dest"], "rb") as file:
            found.append(file.read())
    return found


def beside(done):
    return [os.listdir(os.path.dirname(result["dest"])) for result in done["results"]]


@pytest.mark.parametrize("size", [0, 1, 16_999, 17_000, 17_001, 40_000])
def test_every_size_comes_back_the_same(fetch, there, sh, size):
    data = random.Random(size).randbytes(size)
    there(data)
    done = ok(fetch())
    assert contents(done) == [data] * 3
    assert beside(done) == [["file"]] * 3
    assert ok(fetch())["changed"] is False
    assert sh("ls -A $HOME/.cache 2>/dev/null || true") == [""] * 3


def test_a_small_file_costs_one_run_for_all(fetch, there, client):
    there(b"small")
    using = client()
    ok(fetch(using=using))
    assert using.requests["RunCommand"] == 1


def test_a_large_file_costs_one_run_a_range_and_text_far_fewer(fetch, there, client):
    there(NOISE)
    using = client()
    ok(fetch(using=using))
    assert using.requests["RunCommand"] == RANGES + 3
    there(b"2026-01-01 all is well\n" * 5000)
    using = client()
    assert ok(fetch(using=using))["results"][0]["size"] == 115_000
    assert using.requests["RunCommand"] == 1 + 3


def test_the_api_of_2018_can_fetch_files(fetch, there, client):
    there(NOISE[:40_000])
    assert contents(ok(fetch(using=client(api_generation="classic")))) == [NOISE[:40_000]] * 3


def test_each_instance_has_its_own_length(fetch, there, sh):
    there(NOISE)
    sh(f"head -c $(( ($(od -An -N2 -tu2 /dev/urandom) % 60000) + 20000 )) {PATH} >{PATH}.new && mv {PATH}.new {PATH}")
    sums = [text.split()[0] for text in sh(f"sha256sum {PATH}")]
    done = ok(fetch())
    assert [result["checksum"] for result in done["results"]] == sums
    assert all(NOISE.startswith(data) for data in contents(done))


def test_a_file_that_grows_meanwhile_is_fetched_as_of_one_moment(fetch, sh):
    sh(
        f"mkdir -p /srv/app; (for i in $(seq 1 400); do head -c 2000 /dev/urandom; sleep 0.02; done >{PATH}) "
        ">/dev/null 2>&1 & sleep 1"
    )
    done = ok(fetch())
    for result, data in zip(done["results"], contents(done), strict=True):
        assert len(data) == result["size"] > 17_000


@pytest.mark.parametrize("seed", range(4))
def test_the_same_bytes_arrive_despite_faults(fetch, there, client, emulator, seed):
    there(NOISE)
    kinds = ["drop_before", "drop_after", "truncate", "status", "throttle"]
    emulator.faults(
        [
            {"action": action, "kind": kind, "probability": 0.06, "seed": seed * 89 + number, "retry_after_ms": 5}
            for action in ("RunCommand", "DescribeInvocations", "DescribeInvocationResults")
            for number, kind in enumerate(kinds)
        ]
    )
    done = ok(fetch(using=client(max_retries=12), wait_timeout=120))
    emulator.clear_faults()
    assert contents(done) == [NOISE] * 3


def test_a_broken_fetch_leaves_the_old_file_and_the_next_one_resumes(fetch, there, sh, client, emulator):
    there(b"old")
    old = ok(fetch())
    there(NOISE)
    emulator.faults([{"action": "RunCommand", "kind": "status", "status": 500, "nth": [6, 7, 8]}])
    failure = fetch(using=client(max_retries=0)).failure()
    emulator.clear_faults()
    assert failure is not None
    assert contents(old) == [b"old"] * 3
    assert sh("ls -A $HOME/.cache 2>/dev/null || true") == [""] * 3
    using = client()
    done = ok(fetch(using=using))
    assert using.requests["RunCommand"] < RANGES + 3, "what had arrived was not fetched again"
    assert contents(done) == [NOISE] * 3
    assert beside(done) == [["file"]] * 3


@pytest.mark.parametrize("size", [100, 20_000])
def test_what_has_another_sum_than_on_the_instance_is_not_put_into_place(fetch, there, sh, tmp_path, size):
    there(random.Random(size).randbytes(size))
    sh("printf '#!/bin/sh\\necho %064d\\n' 0 >/usr/local/bin/sha256sum; chmod +x /usr/local/bin/sha256sum")
    failure = fetch().failure()
    assert {result["error_code"] for result in failure.result["results"]} == {"ChecksumMismatch"}
    assert [name for _folder, _folders, names in os.walk(tmp_path) for name in names] == []


def test_an_expired_wait_is_reported(fetch, there, client, emulator):
    there(NOISE)
    emulator.faults([{"action": "RunCommand", "kind": "delay", "delay_ms": 700}])
    failure = fetch(wait_timeout=2).failure()
    emulator.clear_faults()
    assert isinstance(failure, WaitTimeout)
    assert {result["status"] for result in failure.result["results"]} == {"Running"}


def test_an_instance_that_drops_out_does_not_affect_others(fetch, there, emulator, ids):
    there(NOISE)
    emulator.instance(ids[1], "stop")
    assert fetch().failure().result["failed_instances"] == [ids[1]]
    assert fetch.warnings == []
    done = ok(fetch(unready="skip"))
    assert [result["status"] for result in done["results"]] == ["Success", "Skipped", "Success"]
    assert fetch.warnings == [f"Skipped 1 of 3 instances: {ids[1]}: is Stopped, not Running"]


def test_a_file_that_one_of_them_lacks(fetch, there, client, ids):
    there(b"x")
    removed = run_internal_script(client(), ids[1:2], f"rm {PATH}", name="test", timeout=60, deadline=Deadline(60))
    assert removed.failure() is None
    done = ok(fetch(fail_on_missing=False))
    assert [result["status"] for result in done["results"]] == ["Success", "Skipped", "Success"]
    failure = fetch().failure()
    assert failure.result["failed_instances"] == [ids[1]]
    assert failure.result["results"][1]["error_code"] == "FileNotFound"


def test_odd_names_and_files_without_a_size(fetch, there):
    there(b"odd", path="/srv/app/a 'b\" $(id) {{ACS::InstanceId}}")
    assert contents(ok(fetch(path="/srv/app/a 'b\" $(id) {{ACS::InstanceId}}"))) == [b"odd"] * 3
    assert b"Linux" in contents(ok(fetch(path="/proc/version")))[0]


def test_check_mode_writes_nothing_here(fetch, there, tmp_path):
    there(NOISE)
    done = ok(fetch(write=False))
    assert done["changed"] is True
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"path": "etc/passwd"}, "path: .* absolute"),
        ({"path": "/etc/"}, "path: "),
        ({"path": "/srv/../etc/passwd"}, "path: .*'..'"),
        ({"path": "C:\\x"}, "path: is a Windows path"),
        ({"path": "/a\nb"}, "path: contains a control character"),
        ({"flat": True}, "dest: is one file for 3"),
        ({"mode": "999"}, "mode: "),
        ({"timeout": 0}, "timeout: "),
        ({"wait_timeout": -1}, "wait_timeout: "),
    ],
)
def test_what_cannot_be_is_refused_before_any_request(fetch, emulator, options, told):
    before = len(emulator.requests())
    with pytest.raises(InputError, match=told):
        fetch(**options)
    assert len(emulator.requests()) == before


def test_a_file_may_be_fetched_by_two_tasks_at_the_same_time(client, ids, there, sh, tmp_path, monkeypatch):
    """The second one begins and ends while the first one reads its ranges."""
    monkeypatch.setattr(fetch_module, "RUNS_AT_ONCE", 2)
    there(NOISE)
    targets = Targets(tuple(ids[:1]))
    outcomes = []

    def progress(text):
        if not outcomes:
            outcomes.append(fetch_file(client(), FetchRequest(targets, PATH, str(tmp_path / "second"))))

    outcomes.append(fetch_file(client(), FetchRequest(targets, PATH, str(tmp_path / "first")), progress=progress))
    assert [outcome.failure() for outcome in outcomes] == [None, None]
    assert [path.read_bytes() for path in tmp_path.rglob("file")] == [NOISE, NOISE]
    assert sh("ls -A $HOME/.cache 2>/dev/null || true") == [""] * 3


def test_what_a_killed_task_left_is_removed_later(fetch, there, ids, sh):
    there(NOISE)
    left = "$HOME/.cache/cloud-assistant/fetch-killed"
    sh(f"mkdir -p {left}; touch -d '3 days ago' {left}")
    assert fetch(targets=ids[:1]).failure() is None
    assert sh("ls -A $HOME/.cache 2>/dev/null || true")[0] == ""
