# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts: size, placeholders, parameters."""

from __future__ import annotations

import base64
import json
import string

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant import scripts as content
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.parameters import (
    merge_parameters,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.scripts import ScriptContent
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=12)


@given(st.binary(min_size=1, max_size=200))
def test_what_goes_out_is_the_script_byte_for_byte(data: bytes):
    script = ScriptContent(data)
    assert base64.b64decode(script.base64) == data
    assert len(script.base64) == content.encoded_size(data)


def test_line_ends_stay():
    assert ScriptContent.from_text("a\r\nb\n").data == b"a\r\nb\n"


@pytest.mark.parametrize(("size", "fits"), [(18432, True), (18433, False)])
def test_the_limit_counts_bytes_after_base64(size: int, fits: bool):
    script = ScriptContent(b"x" * size)
    if fits:
        script.check_size()
    else:
        with pytest.raises(
            InputError, match=r"^content: the script has 24580 bytes after Base64 encoding; the limit is 24576$"
        ):
            script.check_size()


def test_the_limit_counts_bytes_not_characters():
    with pytest.raises(InputError, match="after Base64"):
        ScriptContent.from_text("é" * 9217).check_size()


def test_parameters_count_towards_the_limit():
    script = ScriptContent(b"x" * 18000)
    script.check_size()
    with pytest.raises(InputError, match="with its parameters"):
        script.check_size(parameters={"name": "v" * 450})


@pytest.mark.parametrize(("size", "fits"), [(16384, True), (16385, False)])
def test_the_classic_limit_counts_bytes_before_base64(size: int, fits: bool):
    script = ScriptContent(b"x" * size)
    if fits:
        script.check_size("classic")
    else:
        with pytest.raises(InputError, match="16385 bytes; the classic API accepts at most 16384"):
            script.check_size("classic")


@pytest.mark.parametrize("data", [b"", b" ", b"\r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n"])
@pytest.mark.parametrize("generation", ["current", "classic"])
def test_a_blank_script_is_refused(data: bytes, generation: str):
    with pytest.raises(InputError, match="empty, or has only white space"):
        ScriptContent(data).check_size(generation)


def test_placeholders_regard_neither_case_nor_blanks_and_leave_built_ins_out():
    script = ScriptContent(b"{{ Name }} {{name}} {{\nother\n}} {{ACS::InstanceId}} {{oos:x}} {{.Names}} {{print $1}}")
    assert script.placeholders() == ("Name", "other")
    assert script.uses_built_ins
    assert not ScriptContent(b"{{name}}").uses_built_ins


@given(st.lists(NAMES, max_size=8))
def test_each_placeholder_is_found_once(names: list[str]):
    script = ScriptContent(" ".join(f"{{{{ {name} }}}}" for name in names).encode())
    assert [name.lower() for name in script.placeholders()] == list(dict.fromkeys(name.lower() for name in names))


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (b"{{na me}}", "letters, digits"),
        (b"{{" + b"n" * 65 + b"}}", "longer than 64 bytes"),
        (b"".join(b"{{n%d}}" % number for number in range(21)), "21 different parameters; at most 20"),
        (b"{{}}", "is empty"),
    ],
)
def test_placeholders_that_the_service_refuses(script: bytes, problem: str):
    with pytest.raises(InputError, match=problem):
        ScriptContent(script).check_names()


@given(st.dictionaries(NAMES, st.text(max_size=20), max_size=10), st.binary(max_size=300).map(lambda rest: b":" + rest))
def test_the_size_is_that_of_script_and_parameters(values: dict[str, str], data: bytes):
    try:
        merged = merge_parameters(values)
    except InputError:
        return  # two names that differ by case only
    total = content.encoded_size(data) + (
        content.encoded_size(json.dumps(merged, ensure_ascii=False).encode()) if merged else 0
    )
    assert total <= content.MAX_ENCODED_SIZE
    ScriptContent(data).check_size(parameters=merged)


@pytest.mark.parametrize(
    "launcher",
    ["python3 -u", 'python3 -u {{ACS::ScriptFileName|Ext(".py")}}', "x {{ acs::scriptfilename }}", "n" * 1024],
)
def test_launchers_that_the_agent_starts(launcher: str):
    content.check_launcher(launcher)


@pytest.mark.parametrize(
    ("launcher", "problem"),
    [
        ("n" * 1025, "1025 bytes; at most 1024"),
        ("é" * 513, "1026 bytes"),
        ("x {{ACS::InstanceId}}", "only {{ACS::ScriptFileName}}"),
        ("{{ACS::ScriptFileName}} {{ACS::ScriptFileName}}", "only once"),
    ],
)
def test_launchers_that_it_does_not_start(launcher: str, problem: str):
    with pytest.raises(InputError, match=problem):
        content.check_launcher(launcher)


@pytest.mark.parametrize(
    ("data", "suspicious"),
    [
        (base64.b64encode(b"echo hello"), True),
        (base64.b64encode(b"#!/bin/sh") + b"\n", True),
        (base64.b64encode("echo grüß dich\n".encode()), True),
        (base64.b64encode(bytes(range(256))), False),  # a key, or any other binary value
        (b"shutdown", False),
        (b"echo", False),
        (b"uptime12", False),
        (b"echo hello", False),
        (base64.b64encode(b"password"), False),  # one word: no script
        (b"", False),
    ],
)
def test_content_that_is_base64_already_is_noticed(data: bytes, suspicious: bool):
    assert (content.encoding_warning(data) is not None) is suspicious


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\xef\xbb\xbf#!/bin/bash\necho hi\n", "byte order mark"),
        ("#!/bin/sh\n".encode("utf-16"), "UTF-16"),
        ("echo hi\n".encode("utf-16-le"), "NUL byte"),
        (b"echo hi\r\n", "CRLF"),
        (b"#!/bin/sh\necho hi\n", None),
    ],
)
def test_bytes_that_a_linux_shell_trips_over_are_noticed(data: bytes, word: str | None):
    found = content.shell_warnings(data)
    assert len(found) == (word is not None)
    assert word is None or word in found[0]


@pytest.mark.parametrize("name", ["a b", "x/y", "it's", "a;b", "$(id)", "a|b", "tab\t"])
def test_a_name_that_breaks_some_agents_is_noticed_for_shell_scripts(name: str):
    assert content.name_warning(name, "RunShellScript")
    assert content.name_warning(name, "RunPowerShellScript") is None
    assert content.name_warning("deploy-web_2.0", "RunShellScript") is None
    assert content.name_warning("部署", "RunShellScript") is None


@pytest.mark.parametrize(
    ("path", "script_type", "accepted"),
    [
        ("/srv/app", "RunShellScript", True),
        ("/srv/app", None, True),
        ("/srv/app", "RunBatScript", False),
        ("C:\\app", "RunPowerShellScript", True),
        ("c:/app", "RunBatScript", True),
        ("\\\\host\\share", "RunBatScript", True),
        ("C:\\app", "RunShellScript", False),
        ("C:\\app", None, True),
        ("~/app", "RunShellScript", False),
        ("srv", None, False),
        ("app\\x", "RunBatScript", False),
        (None, None, True),
    ],
)
def test_a_working_directory_is_absolute(path: str | None, script_type: str | None, accepted: bool):
    if accepted:
        content.check_working_dir(path, script_type)
    else:
        with pytest.raises(InputError, match=r"working_dir: .* is not an absolute path on"):
            content.check_working_dir(path, script_type)


def test_go_templates_beside_a_parameter_are_refused_with_the_ways_out():
    script = content.ScriptContent(b"docker ps --format '{{.Names}}' | grep {{name}}")
    with pytest.raises(InputError, match=r"\{\{\.Names\}\}.*not scanned again.*raw"):
        script.check_names()
