# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that put a file in place, run by real shells: whole or not at all, and nothing left behind."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.parts import (
    pack,
    parse_numbers,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.files.send_scripts import (
    TargetFile,
    assemble_script,
    look_script,
    read_report,
    tidy_script,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.patience import HANG_GUARD

SHELLS = [name for name in ("dash", "bash") if shutil.which(name)]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="changing a file's owner needs root")


class Instance:
    """A shell on this machine in the place of an instance."""

    def __init__(self, shell):
        self.argv = [shell, "--posix"] if shell == "bash" else [shell]

    def run(self, script):
        done = subprocess.run([*self.argv, "-c", script], capture_output=True, cwd="/", timeout=HANG_GUARD, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""
        return read_report(done.stdout)

    def look(self, target, parcel, **options):
        chosen = {"write": True, "overwrite": True, "staged": True, "show": False} | options
        script = look_script(
            target, sha256=parcel.sha256, stream_id=parcel.stream_id, compressed=parcel.compressed, **chosen
        )
        return self.run(script)

    def assemble(self, target, parcel, overwrite=True):
        return self.run(assembly(target, parcel, overwrite))


def assembly(target, parcel, overwrite=True):
    return assemble_script(
        target,
        sha256=parcel.sha256,
        stream_id=parcel.stream_id,
        compressed=parcel.compressed,
        count=parcel.count,
        overwrite=overwrite,
    )


@pytest.fixture(params=SHELLS)
def instance(request):
    return Instance(request.param)


def deliver(target, parcel, numbers=None):
    for number in numbers or range(1, parcel.count + 1):
        with open(os.path.join(target.staging, parcel.part_name(number)), "wb") as file:
            file.write(parcel.part(number))


def deliver_again(target, parcel):
    """Send the parts as the agent does, which makes the directory where it is missing."""
    os.makedirs(target.staging, mode=0o755, exist_ok=True)
    deliver(target, parcel)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("name", ["plain.conf", "with space.conf", "ünï'\"$(id)`.conf", "-n", "*"])
@pytest.mark.parametrize("compress", [True, False])
def test_a_file_arrives_whole_and_nothing_else_stays(instance, tmp_path, name, compress):
    data = b"".join(b"line %d\n" % number for number in range(9000))
    parcel = pack(data, compress=compress)
    target = TargetFile(str(tmp_path / "new dir" / "deep"), name, mode="640")
    assert instance.look(target, parcel).state == "missing"
    assert mode_of(target.staging) == 0o700
    deliver(target, parcel)
    report = instance.assemble(target, parcel)
    assert (report.state, report.error_code) == ("done", "")
    assert report.facts["sha256"] == parcel.sha256
    assert os.listdir(target.directory) == [name]
    assert mode_of(target.path) == 0o640
    assert mode_of(target.directory) == 0o755
    with open(target.path, "rb") as file:
        assert file.read() == data
    assert instance.look(target, parcel).state == "same"


def test_an_empty_file_needs_no_part(instance, tmp_path):
    parcel, target = pack(b""), TargetFile(str(tmp_path), "empty")
    instance.look(target, parcel)
    assert instance.assemble(target, parcel).state == "done"
    assert os.stat(target.path).st_size == 0
    assert mode_of(target.path) == 0o644


def test_looking_alone_changes_nothing(instance, tmp_path):
    target = TargetFile(str(tmp_path / "nowhere"), "file")
    assert instance.look(target, pack(b"new"), write=False).state == "missing"
    assert os.listdir(tmp_path) == []
    (tmp_path / "old").write_bytes(b"old")
    os.chmod(tmp_path / "old", 0o600)
    target = TargetFile(str(tmp_path), "old", mode="644")
    report = instance.look(target, pack(b"new"), write=False, show=True)
    assert (report.state, report.content) == ("content", b"old")
    assert instance.look(target, pack(b"old"), write=False).state == "permissions"
    assert os.listdir(tmp_path) == ["old"]
    assert mode_of(tmp_path / "old") == 0o600


def test_a_missing_part_is_named_and_the_old_file_stays(instance, tmp_path):
    old, data = b"old content", random.Random(2).randbytes(90_000)
    target = TargetFile(str(tmp_path), "file")
    (tmp_path / "file").write_bytes(old)
    parcel = pack(data)
    instance.look(target, parcel)
    deliver(target, parcel, [1, 3])
    report = instance.assemble(target, parcel)
    assert report.state == "incomplete"
    assert parse_numbers(report.parts) == {1, 3}
    assert (tmp_path / "file").read_bytes() == old
    # the next run finds what is there, and the missing ones complete it
    assert parse_numbers(instance.look(target, parcel).parts) == {1, 3}
    deliver(target, parcel, [2, 4])
    assert instance.assemble(target, parcel).state == "done"
    assert (tmp_path / "file").read_bytes() == data
    assert os.listdir(tmp_path) == ["file"]


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_whole_parts_count(instance, tmp_path, data):
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    parcel = pack(random.Random(3).randbytes(5000), part_bytes=400)
    target = TargetFile(str(tmp_path), "file")
    (tmp_path / "file").write_bytes(b"old")
    instance.look(target, parcel)
    numbers = list(range(1, parcel.count + 1))
    fates = data.draw(st.lists(st.sampled_from(["whole", "absent", "cut", "flipped"]), min_size=13, max_size=13))
    for number, fate in zip(numbers, fates, strict=True):
        if fate != "absent":
            deliver(target, parcel, [number])
            path = os.path.join(target.staging, parcel.part_name(number))
            part = parcel.part(number)
            with open(path, "wb") as file:
                file.write({"whole": part, "cut": part[:-1], "flipped": part[:-1] + bytes([part[-1] ^ 1])}[fate])
    whole = {number for number, fate in zip(numbers, fates, strict=True) if fate == "whole"}
    report = instance.assemble(target, parcel)
    if len(whole) < len(numbers):
        assert report.state == "incomplete"
        assert (tmp_path / "file").read_bytes() == b"old"
    assert parse_numbers(report.parts) == whole
    if report.state != "done":
        assert parse_numbers(instance.look(target, parcel).parts) == whole
        deliver(target, parcel, sorted(set(numbers) - whole))
        assert instance.assemble(target, parcel).state == "done"
    assert (tmp_path / "file").read_bytes() == parcel.stream
    assert os.listdir(tmp_path) == ["file"]


def test_parts_of_another_content_are_removed(instance, tmp_path):
    target = TargetFile(str(tmp_path), "file")
    first, second = pack(b"first" * 9), pack(b"second" * 9)
    instance.look(target, first)
    deliver(target, first)
    assert instance.look(target, second).parts == ""
    assert os.listdir(target.staging) == []


def test_a_wrong_sum_leaves_the_old_file_and_no_rubbish(instance, tmp_path):
    target = TargetFile(str(tmp_path), "file")
    (tmp_path / "file").write_bytes(b"old")
    parcel = pack(b"new")
    instance.look(target, parcel)
    deliver(target, parcel)
    script = assemble_script(
        target, sha256="0" * 64, stream_id=parcel.stream_id, compressed=False, count=1, overwrite=True
    )
    assert instance.run(script).error_code == "ChecksumMismatch"
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_replacing_keeps_permissions_that_are_not_given(instance, tmp_path):
    target = TargetFile(str(tmp_path), "file")
    (tmp_path / "file").write_bytes(b"old")
    os.chmod(tmp_path / "file", 0o4750)
    parcel = pack(b"new")
    instance.look(target, parcel)
    deliver(target, parcel)
    instance.assemble(target, parcel)
    assert mode_of(tmp_path / "file") == 0o4750


@as_root
def test_owner_and_group_are_set_kept_and_compared(instance, tmp_path):
    target = TargetFile(str(tmp_path), "file", mode="4755", owner="daemon", group="3")
    parcel = pack(b"content")
    instance.look(target, parcel)
    deliver(target, parcel)
    report = instance.assemble(target, parcel)
    assert (report.facts["owner"], report.facts["mode"]) == ("daemon", "4755")
    assert os.stat(target.path).st_gid == 3
    assert instance.look(target, parcel).state == "same"
    keep = TargetFile(str(tmp_path), "file")
    changed = pack(b"changed")
    instance.look(keep, changed)
    deliver(keep, changed)
    assert instance.assemble(keep, changed).facts["owner"] == "daemon"
    other = TargetFile(str(tmp_path), "file", owner="root", mode="600")
    assert instance.look(other, changed, write=False).state == "permissions"
    after = instance.look(other, changed)
    assert (after.before["owner"], after.facts["owner"], after.facts["mode"]) == ("daemon", "root", "600")
    assert after.state == "permissions"


@pytest.mark.parametrize(("owner", "group"), [("nosuchuser", ""), ("", "nosuchgroup")])
def test_an_unknown_owner_is_found_before_anything_is_sent(instance, tmp_path, owner, group):
    target = TargetFile(str(tmp_path), "file", owner=owner, group=group)
    assert instance.look(target, pack(b"x")).error_code == "UserGroupNotExists"
    assert os.listdir(tmp_path) == []
    # check mode finds it where the permissions alone would change
    (tmp_path / "file").write_bytes(b"x")
    assert instance.look(target, pack(b"x"), write=False).error_code == "UserGroupNotExists"


def test_overwrite_off_refuses_both_times(instance, tmp_path):
    target, parcel = TargetFile(str(tmp_path), "file"), pack(b"new")
    instance.look(target, parcel, overwrite=False)
    deliver(target, parcel)
    (tmp_path / "file").write_bytes(b"came meanwhile")
    assert instance.assemble(target, parcel, overwrite=False).error_code == "FileAlreadyExists"
    assert instance.look(target, parcel, overwrite=False).error_code == "FileAlreadyExists"
    assert (tmp_path / "file").read_bytes() == b"came meanwhile"
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_is_replaced_and_what_it_pointed_to_stays(instance, tmp_path):
    (tmp_path / "real").write_bytes(b"real")
    (tmp_path / "file").symlink_to("real")
    target, parcel = TargetFile(str(tmp_path), "file"), pack(b"new")
    instance.look(target, parcel)
    deliver(target, parcel)
    assert instance.assemble(target, parcel).state == "done"
    assert (tmp_path / "real").read_bytes() == b"real"
    assert not (tmp_path / "file").is_symlink()


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("/tmp")])
def test_a_directory_is_not_replaced(instance, tmp_path, make):
    make(tmp_path / "file")
    assert instance.look(TargetFile(str(tmp_path), "file"), pack(b"x")).error_code == "FilePathInvalid"


def test_a_target_directory_that_is_a_file_is_an_error(instance, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert instance.look(TargetFile(str(tmp_path / "file"), "x"), pack(b"x")).error_code == "FilePathInvalid"


@as_root
@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("/etc")])
def test_a_staging_directory_of_another_user_is_not_used(instance, tmp_path, make):
    target, parcel = TargetFile(str(tmp_path), "file"), pack(b"x")
    staging = tmp_path / os.path.basename(target.staging)
    make(staging)
    os.chown(staging, 1, 1, follow_symlinks=False)
    instance.look(target, parcel)
    assert (staging.stat().st_uid, staging.is_symlink()) == (0, False)


@pytest.mark.parametrize("compress", [True, False])
def test_a_full_disk_leaves_the_old_file_and_no_rubbish(instance, tmp_path, monkeypatch, compress):
    target = TargetFile(str(tmp_path / "place"), "file")
    os.mkdir(target.directory)
    (tmp_path / "place" / "file").write_bytes(b"old")
    parcel = pack(bytes(90_000), compress=compress)
    instance.look(target, parcel)
    deliver(target, parcel)
    for name in ("cat", "gzip"):
        tool = tmp_path / "tools" / name
        tool.parent.mkdir(exist_ok=True)
        tool.write_text("#!/bin/sh\nprintf half\nexit 1\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/tools{os.pathsep}{os.environ['PATH']}")
    assert instance.assemble(target, parcel).error_code == "FileCreateFail"
    assert os.listdir(target.directory) == ["file"]
    assert (tmp_path / "place" / "file").read_bytes() == b"old"


def test_two_tasks_at_once_never_move_half_a_file_into_place(instance, tmp_path, monkeypatch):
    data = random.Random(4).randbytes(90_000)
    target, parcel = TargetFile(str(tmp_path / "place"), "file"), pack(data)
    instance.look(target, parcel)
    deliver(target, parcel)
    # just before the first moves its file, the second begins to write its own, and gets no further
    (tmp_path / "second").write_text(assembly(target, parcel))
    for name, script in {
        "killed/cat": 'head -c 10 "$1"; kill -9 $PPID',
        "tools/mv": f"PATH={tmp_path}/killed:$PATH {instance.argv[0]} {tmp_path}/second >/dev/null 2>&1\n"
        f'exec {shutil.which("mv")} "$@"',
    }.items():
        tool = tmp_path / name
        tool.parent.mkdir()
        tool.write_text(f"#!/bin/sh\nexec 2>/dev/null\n{script}\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/tools{os.pathsep}{os.environ['PATH']}")
    assert instance.assemble(target, parcel).facts["sha256"] == parcel.sha256
    assert os.listdir(target.directory) == ["file"]


@pytest.mark.parametrize("mode", ["644", "600"])
def test_the_same_file_sent_by_another_task_meanwhile_is_success(instance, tmp_path, mode):
    parcel, target = pack(b"new " * 20_000), TargetFile(str(tmp_path), "file", mode=mode)
    instance.look(target, parcel)
    deliver(target, parcel)
    # the other task was done first: its file is in place, and the parts that both share are gone
    shutil.rmtree(target.staging)
    (tmp_path / "file").write_bytes(b"new " * 20_000)
    os.chmod(tmp_path / "file", 0o644)
    report = instance.assemble(target, parcel, overwrite=mode == "600")
    assert (report.state, report.error_code, report.facts["mode"]) == ("done", "", mode)
    assert os.listdir(tmp_path) == ["file"] and mode_of(target.path) == int(mode, 8)


def test_parts_that_are_gone_are_asked_for_again(instance, tmp_path):
    parcel, target = pack(b"new " * 20_000), TargetFile(str(tmp_path), "file")
    instance.look(target, parcel)
    deliver(target, parcel)
    shutil.rmtree(target.staging)
    (tmp_path / "file").write_bytes(b"of another task")
    report = instance.assemble(target, parcel)
    assert (report.state, report.parts, report.error_code) == ("incomplete", "", "")
    deliver_again(target, parcel)
    assert instance.assemble(target, parcel).state == "done"


def test_tidying_up_takes_everything_or_leaves_the_parts(instance, tmp_path):
    target, parcel = TargetFile(str(tmp_path), "file"), pack(b"x" * 10)
    instance.look(target, parcel)
    deliver(target, parcel)
    (tmp_path / target.staging / "new.7").write_bytes(b"half")
    instance.run(tidy_script(target, keep_parts=True))
    assert os.listdir(target.staging) == [parcel.part_name(1)]
    instance.run(tidy_script(target, keep_parts=False))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"sh: 1: not found",
        b"kind file\nsha256 abc\n",
        b"state missing\nparts 1-\n",
        b"state missing\nparts 1-999999999999\n",
        b"state missing\nparts 1-2,\n",
    ],
)
def test_output_that_is_not_complete_is_an_error(output):
    assert read_report(output).error_code == "ScriptOutputInvalid"
    assert read_report(b"kind missing\nstate missing\n", dropped=1).error_code == "ScriptOutputInvalid"
