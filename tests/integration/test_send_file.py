# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on their way through a cloud that misbehaves: whole or not at all, resumed, nothing left behind."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.diff import file_diff
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

NOISE = random.Random(7).randbytes(120_000)
PARTS = 5
OLD = b"the old content\n"


class Cloud:
    """An emulated cloud with what the tests here do to it."""

    def __init__(self, emulator, ids):
        self.emulator = emulator
        self.ids = ids
        self.warnings = []

    def client(self, **options):
        ready = self.emulator.ready
        keys = {name: ready[name] for name in ("access_key_id", "access_key_secret", "endpoint", "region")}
        return connect({**keys, **options})

    def send(self, data, ids=None, client=None, name="file", directory="/srv/app", **options):
        targets = Targets(tuple(ids or self.ids[:2]))
        request = SendRequest(targets, data, directory, name, **options)
        return send_file(client or self.client(), request, warn=self.warnings.append)

    def sh(self, script, ids=None):
        """Return the output of a script on each of the instances."""
        outcome = run_internal_script(
            self.client(), ids or self.ids[:2], script, name="test", timeout=60, deadline=Deadline(60)
        )
        assert outcome.failure() is None
        return [result.output.decode() for result in outcome.results]

    def content(self, ids=None, path="/srv/app/file"):
        """Return the SHA-256 of the file and what lies beside it, on each of the instances."""
        found = self.sh(f"sha256sum <{path}; ls -A {path.rpartition('/')[0]}", ids)
        return [(text.split()[0], text.split()[2:]) for text in found]


@pytest.fixture
def cloud(emulator):
    yield Cloud(emulator, emulator.reset(instances=12))
    emulator.reset(instances=12)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def ok(outcome):
    assert outcome.failure() is None, outcome.failure()
    return outcome.as_dict()


def test_a_large_file_to_twelve_instances_in_few_calls(cloud):
    client = cloud.client()
    done = ok(cloud.send(NOISE, cloud.ids, client, mode="0750"))
    assert done["transfer"] == {"method": "staged", "parts": PARTS, "sent": PARTS, "present": 0, "compressed": False}
    assert client.requests["SendFile"] == PARTS
    assert client.requests["RunCommand"] == 2
    assert cloud.content(cloud.ids) == [(digest(NOISE), ["file"])] * 12
    assert {result["mode"] for result in done["results"]} == {"0750"}
    again = cloud.client()
    assert ok(cloud.send(NOISE, cloud.ids, again, mode="0750"))["changed"] is False
    assert again.requests["RunCommand"] == 1 and not again.requests["SendFile"]


def test_text_is_compressed_by_default(cloud):
    text = b"all work and no play\n" * 9000
    assert ok(cloud.send(text))["transfer"] == {
        "method": "staged", "parts": 1, "sent": 1, "present": 0, "compressed": True,
    }  # fmt: skip
    assert cloud.content() == [(digest(text), ["file"])] * 2
    assert ok(cloud.send(text, name="plain", compress=False))["transfer"]["parts"] == 8


def test_more_than_fifty_instances_take_two_calls_a_part(cloud):
    ids = cloud.emulator.reset(instances=53)
    client = cloud.client()
    assert ok(cloud.send(b"x" * 100, ids, client))["summary"]["success"] == 53
    assert client.requests["SendFile"] == 2
    assert client.requests["RunCommand"] == 1


def test_a_small_file_whose_arrival_cannot_be_read_counts_as_on_its_way_and_only_there(cloud):
    ids = cloud.emulator.reset(instances=53)
    cloud.emulator.faults([{"action": "DescribeSendFileResults", "kind": "status", "status": 500, "nth": [1]}])
    failure = cloud.send(b"x" * 100, ids, cloud.client(max_retries=0)).failure()
    cloud.emulator.clear_faults()
    assert "DescribeSendFileResults" in str(failure)
    assert failure.result["changed"] is True
    states = [(result["status"], bool(result["invoke_id"])) for result in failure.result["results"]]
    assert sorted({states.count(("Success", True)), states.count(("Running", True))}) == [3, 50]


@pytest.mark.parametrize("seed", range(6))
def test_the_file_arrives_once_and_whole_despite_faults(cloud, seed):
    kinds = ["drop_before", "drop_after", "truncate", "status", "throttle", "duplicate"]
    cloud.emulator.faults(
        [
            {"action": action, "kind": kind, "probability": 0.08, "seed": seed * 97 + number, "retry_after_ms": 5}
            for action in ("SendFile", "DescribeSendFileResults", "RunCommand", "DescribeInvocations")
            for number, kind in enumerate(kinds)
        ]
    )
    done = ok(cloud.send(NOISE, cloud.ids[:5], cloud.client(max_retries=12), wait_timeout=120))
    cloud.emulator.clear_faults()
    assert done["summary"]["success"] == 5
    assert cloud.content(cloud.ids[:5]) == [(digest(NOISE), ["file"])] * 5


def test_a_broken_delivery_leaves_the_old_file_and_the_next_one_resumes(cloud):
    ok(cloud.send(OLD))
    cloud.emulator.faults([{"action": "SendFile", "kind": "status", "status": 500, "nth": [3, 4, 5]}])
    broken = cloud.send(NOISE, client=cloud.client(max_retries=0))
    failure = broken.failure()
    assert "SendFile" in str(failure) and "the next run of the task sends only the missing ones" in str(failure)
    assert failure.result["failed_instances"] == cloud.ids[:2]
    assert failure.result["changed"] is False
    cloud.emulator.clear_faults()
    found = cloud.content()
    assert [content for content, _beside in found] == [digest(OLD)] * 2
    assert all(len(beside) == 2 for _content, beside in found), "the file and one staging directory"
    client = cloud.client()
    done = ok(cloud.send(NOISE, client=client))
    assert done["transfer"]["present"] == 4
    assert client.requests["SendFile"] == 3
    assert cloud.content() == [(digest(NOISE), ["file"])] * 2


def test_without_keeping_parts_nothing_stays(cloud):
    ok(cloud.send(OLD))
    cloud.emulator.faults([{"action": "SendFile", "kind": "status", "status": 500, "nth": [3, 4, 5]}])
    assert cloud.send(NOISE, client=cloud.client(max_retries=0), keep_parts=False).failure()
    assert cloud.content() == [(digest(OLD), ["file"])] * 2


def test_a_staging_directory_that_is_not_needed_any_more_is_removed(cloud):
    ok(cloud.send(OLD))
    cloud.emulator.faults([{"action": "SendFile", "kind": "status", "status": 500, "nth": [2]}])
    assert cloud.send(NOISE, client=cloud.client(max_retries=0)).failure()
    cloud.emulator.clear_faults()
    assert ok(cloud.send(OLD))["changed"] is False
    assert cloud.content() == [(digest(OLD), ["file"])] * 2


def test_an_instance_that_drops_out_does_not_affect_others(cloud):
    first, second, third = cloud.ids[:3]
    ok(cloud.send(OLD, cloud.ids[:3]))
    cloud.emulator.faults([{"action": "SendFile", "kind": "reboot", "nth": [1], "instance_id": second}])
    outcome = cloud.send(NOISE, cloud.ids[:3], wait_timeout=60)
    cloud.emulator.clear_faults()
    failure = outcome.failure()
    good = [first, second, third] if failure is None else [first, third]
    assert cloud.content(good) == [(digest(NOISE), ["file"])] * len(good)
    if failure:
        assert failure.result["failed_instances"] == [second]
        assert cloud.content([second])[0][0] == digest(OLD)
    ok(cloud.send(NOISE, cloud.ids[:3]))
    assert cloud.content(cloud.ids[:3]) == [(digest(NOISE), ["file"])] * 3


def test_an_agent_that_goes_offline_ends_the_wait_and_only_there(cloud):
    ids = cloud.ids[:3]
    cloud.emulator.faults([{"action": "SendFile", "kind": "agent_offline", "nth": [1], "instance_id": ids[1]}])
    outcome = cloud.send(NOISE, ids, wait_timeout=6)
    failure = outcome.failure()
    assert failure is not None
    assert ids[1] in str(failure) or isinstance(failure, WaitTimeout)
    cloud.emulator.clear_faults()
    cloud.emulator.instance(ids[1], "agent-online")
    ok(cloud.send(NOISE, ids))
    assert cloud.content(ids) == [(digest(NOISE), ["file"])] * 3


def test_an_expired_wait_is_reported_and_nothing_is_replaced(cloud):
    ok(cloud.send(OLD))
    cloud.emulator.faults([{"action": "SendFile", "kind": "delay", "delay_ms": 400}])
    failure = cloud.send(NOISE, wait_timeout=1.2, client=cloud.client()).failure()
    cloud.emulator.clear_faults()
    assert isinstance(failure, WaitTimeout)
    assert [content for content, _beside in cloud.content()] == [digest(OLD)] * 2


def test_a_directory_that_cannot_be_written_is_reported_before_anything_is_sent(cloud):
    client = cloud.client()
    outcome = cloud.send(NOISE, client=client, directory="/proc/sys/app")
    assert {result.result.error_code for result in outcome.results} == {"FilePathInvalid"}
    assert not client.requests["SendFile"]


def test_instances_that_are_not_ready_stop_all_or_are_left_out(cloud):
    cloud.emulator.instance(cloud.ids[1], "stop")
    failure = cloud.send(OLD, cloud.ids[:3]).failure()
    assert failure.result["failed_instances"] == [cloud.ids[1]]
    assert cloud.sh("ls /srv/app 2>/dev/null || echo none", [cloud.ids[0]]) == ["none\n"]
    done = ok(cloud.send(OLD, cloud.ids[:3], unready="skip"))
    assert done["summary"] == {"total": 3, "success": 2, "failed": 0, "skipped": 1, "previous": 0, "running": 0}
    assert cloud.warnings == [f"Skipped 1 of 3 instances: {cloud.ids[1]}: is Stopped, not Running"]
    assert cloud.content([cloud.ids[0], cloud.ids[2]]) == [(digest(OLD), ["file"])] * 2


def test_each_instance_gets_what_it_needs(cloud):
    ok(cloud.send(OLD, cloud.ids[:1], mode="0600"))
    ok(cloud.send(b"new", cloud.ids[1:2]))
    outcome = cloud.send(b"new", cloud.ids[:3], show=True)
    done = ok(outcome)
    assert [result["changed"] for result in done["results"]] == [True, False, True]
    assert cloud.content(cloud.ids[:3]) == [(digest(b"new"), ["file"])] * 3
    assert [result["mode"] for result in done["results"]] == ["0600", "0644", "0644"]
    diffs = file_diff("/srv/app/file", b"new", outcome.results)
    assert [diff["before"] for diff in diffs] == [OLD.decode(), ""]
    assert cloud.ids[0] in diffs[0]["before_header"] and cloud.ids[2] in diffs[1]["before_header"]


def test_without_comparing_the_rights_are_those_asked_for_all_the_same(cloud):
    wanted = [
        # rights, whether it has to look, and what the old file bin:adm 0600 becomes
        ({}, True, "600 bin adm"),
        ({"mode": "0644"}, False, "644 bin adm"),
        ({"mode": "0644", "owner": "root", "group": "root"}, True, "644 root root"),
        ({"mode": "0644", "owner": "daemon", "group": "root"}, False, "644 daemon root"),
    ]
    ids = cloud.ids[: len(wanted)]
    ok(cloud.send(OLD, ids, mode="0600", owner="bin", group="adm"))
    for instance_id, (rights, looks, expected) in zip(ids, wanted, strict=True):
        client = cloud.client()
        [result] = ok(cloud.send(b"new", [instance_id], client, checksum=False, **rights))["results"]
        assert bool(client.requests["RunCommand"]) == looks
        found = dict(zip(("mode", "owner", "group"), f"0{expected}".split(), strict=True))
        # what nobody has looked at and nobody has asked for is not told
        told = found if looks else {key: value for key, value in found.items() if key in rights}
        assert {key: result[key] for key in found if key in result} == told
    assert cloud.sh("stat -c '%a %U %G' /srv/app/file", ids) == [f"{case[2]}\n" for case in wanted]


def test_targets_by_tag(cloud):
    rows = [{"id": f"i-{number}", "tags": {"role": "web" if number else "db"}} for number in range(3)]
    cloud.emulator.reset(fleet=rows)
    request = SendRequest(Targets(tags={"role": "web"}), b"x", "/srv/app", "file", tags={"cost": 7})
    done = ok(send_file(cloud.client(), request))
    assert [result["instance_id"] for result in done["results"]] == ["i-1", "i-2"]
    sent = [row["params"] for row in cloud.emulator.requests() if row["action"] == "SendFile"]
    assert [(row["Tag.1.Key"], row["Tag.1.Value"]) for row in sent] == [("cost", "7")]


def test_the_api_of_2018_cannot_send(cloud):
    with pytest.raises(InputError, match="api_generation"):
        cloud.send(b"x", client=cloud.client(api_generation="classic"))


def test_check_mode_only_looks(cloud):
    ok(cloud.send(OLD, cloud.ids[:1]))
    client = cloud.client()
    done = ok(cloud.send(NOISE, cloud.ids[:2], client, write=False))
    assert done["changed"] is True
    assert not client.requests["SendFile"]
    assert cloud.content(cloud.ids[:1]) == [(digest(OLD), ["file"])]
    assert cloud.sh("ls -A /srv/app 2>/dev/null || true", cloud.ids[1:2]) == [""]


def test_windows_takes_a_small_file_in_place(emulator):
    rows = [{"id": "i-win", "os_type": "windows"}]
    emulator.reset(fleet=rows)
    cloud = Cloud(emulator, ["i-win"])
    client = cloud.client()
    done = cloud.send(b"x", ["i-win"], client, directory="C:\\app", write=True)
    assert [request["params"]["TargetDir"] for request in emulator.requests() if request["action"] == "SendFile"] == [
        "C:\\app"
    ]
    assert not client.requests["RunCommand"]
    assert done.as_dict()["path"] == "C:\\app\\file"
    emulator.reset(instances=12)


def test_what_cannot_be_is_refused_before_any_request(cloud):
    wrong = [
        ({"name": "a/b"}, "name: "),
        ({"name": ".."}, "name: "),
        ({"name": "ä" * 128}, "name: has 256 bytes"),
        ({"name": "a\nb"}, "name: contains a control character"),
        ({"directory": "relative"}, "target_dir: "),
        ({"directory": "/" + "d" * 255}, "target_dir: has 256"),
        ({"directory": "/" + "d" * 239}, "target_dir: has 240 .* staging"),
        ({"mode": "0888"}, "mode: "),
        ({"mode": "64"}, "mode: "),
        ({"mode": 420}, "mode: "),
        ({"owner": "o" * 65}, "owner: has 65"),
        ({"group": "a b"}, "group: "),
        ({"description": "d" * 513}, "description: has 513"),
        ({"timeout": 9}, "timeout: is 9; "),
        ({"wait_timeout": 0.0 - 1}, "wait_timeout: "),
        ({"tags": {"acs:x": "y"}}, "tags: "),
        ({"directory": "C:\\x", "mode": "0644"}, "mode: is for Linux only"),
        ({"data": bytes(24 * 1024 + 1), "directory": "C:\\x"}, "content: has 24577"),
        ({"data": bytes(64 * 1024 * 1024 + 1)}, "content: has 67108865"),
    ]
    for options, told in wrong:
        with pytest.raises(InputError, match=told):
            cloud.send(**{"data": b"x", **options})
    assert cloud.emulator.requests() == []


def test_two_tasks_that_send_the_same_large_file_at_once_both_succeed(cloud):
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(cloud.send, NOISE, mode=mode) for mode in ("0644", "0644")]
        for task in tasks:
            ok(task.result())
    assert cloud.content() == [(digest(NOISE), ["file"])] * 2
