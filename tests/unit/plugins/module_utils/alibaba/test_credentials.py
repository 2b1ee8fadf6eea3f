# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where credentials come from, and which source counts."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_credentials.provider.refreshable import RefreshCachedSupplier
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba import credentials
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.credentials import (
    Credentials,
    LibrarySource,
    find_source,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import InputError, MissingLibrary

KEYS = {"access_key_id": "option-id", "access_key_secret": "option-secret"}
ENVIRONMENT = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "env-id",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "env-secret",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "env-token",
    "ALIBABA_CLOUD_PROFILE": "env-profile",
}
FROM_ENVIRONMENT = {"access_key_id": "env-id", "access_key_secret": "env-secret", "security_token": "env-token"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home with one profile for the command line and one in the credentials file."""
    (tmp_path / ".aliyun").mkdir()
    profiles = [
        {"name": "cli", "mode": "AK", "access_key_id": "cli-id", "access_key_secret": "cli-secret"},
        {
            "name": "sts",
            "mode": "StsToken",
            "access_key_id": "sts-id",
            "access_key_secret": "sts-secret",
            "sts_token": "sts-token",
        },
    ]
    (tmp_path / ".aliyun" / "config.json").write_text(json.dumps({"current": "cli", "profiles": profiles}))
    (tmp_path / ".alibabacloud").mkdir()
    (tmp_path / ".alibabacloud" / "credentials.ini").write_text(
        "[ini]\ntype = access_key\naccess_key_id = ini-id\naccess_key_secret = ini-secret\n"
    )
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_constant.HOME", str(tmp_path))
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_util.environment_ecs_metadata_disabled", "true")
    return tmp_path


def test_given_keys_count() -> None:
    assert find_source(KEYS, {}).get() == Credentials("option-id", "option-secret")


def test_a_token_makes_them_temporary() -> None:
    found = find_source({**KEYS, "security_token": "t"}, {}).get()
    assert (found.security_token, found.provider) == ("t", "static_sts")


def test_given_keys_are_not_mixed_with_the_environments_token() -> None:
    found = find_source({**KEYS, "security_token": "env-token"}, ENVIRONMENT).get()
    assert found.security_token is None


def test_the_environments_keys_come_with_its_token() -> None:
    found = find_source(FROM_ENVIRONMENT, ENVIRONMENT).get()
    assert (found.access_key_id, found.security_token) == ("env-id", "env-token")


@pytest.mark.parametrize(("profile", "key_id"), [("cli", "cli-id"), ("sts", "sts-id"), ("ini", "ini-id")])
def test_a_profile_beats_the_environments_keys(home: Path, profile: str, key_id: str) -> None:
    found = find_source({**FROM_ENVIRONMENT, "profile": profile}, ENVIRONMENT).get()
    assert found.access_key_id == key_id
    assert found.security_token == ("sts-token" if profile == "sts" else None)


def test_given_keys_beat_the_environments_profile() -> None:
    found = find_source({**KEYS, "profile": "env-profile"}, ENVIRONMENT).get()
    assert found.access_key_id == "option-id"


def test_the_environments_keys_beat_its_profile() -> None:
    found = find_source({**FROM_ENVIRONMENT, "profile": "env-profile"}, ENVIRONMENT).get()
    assert found.access_key_id == "env-id"


def test_an_unknown_profile_is_named(home: Path) -> None:
    with pytest.raises(InputError, match="^profile: no valid credentials"):
        find_source({"profile": "nobody"}, {}).get()


def test_without_anything_the_default_chain_is_asked(home: Path) -> None:
    assert find_source({}, {}).get().access_key_id == "cli-id"


def test_the_message_about_missing_credentials_starts_with_what_to_set(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".aliyun" / "config.json").unlink()
    (home / ".alibabacloud" / "credentials.ini").unlink()
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    advice = "no credentials are given; set access_key_id and access_key_secret, or the environment variables ALIBABA_"
    with pytest.raises(InputError, match=f"^access_key_id: {advice}.*Other sources: DefaultCredentialsProvider: "):
        find_source({}, {}).get()


def test_a_missing_library_is_reported_only_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "alibabacloud_credentials", None)
    assert find_source(KEYS, {}).get().access_key_id == "option-id"
    with pytest.raises(MissingLibrary, match="alibabacloud-credentials"):
        find_source({"profile": "cli"}, {})
    with pytest.raises(InputError, match="^access_key_id: no credentials are given.*alibabacloud-credentials"):
        find_source({}, {})


class Role:
    """Stands for the library's provider: asks the token service nothing, keeps what it was given."""

    made: list[dict[str, Any]] = []

    def __init__(self, **options: Any) -> None:
        self.made.append(options)
        self.options = options
        self.count = 0

    def get_credentials(self) -> Any:
        base = self.options["credentials_provider"].get_credentials()
        self.count += 1
        count = self.count

        class Found:
            def get_access_key_id(self) -> str:
                return f"role-of-{base.get_access_key_id()}-{count}"

            def get_access_key_secret(self) -> str:
                return "s"

            def get_security_token(self) -> str:
                return "t"

            def get_provider_name(self) -> str:
                return "ram_role_arn/static_ak"

        return Found()


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch) -> type[Role]:
    monkeypatch.setattr(Role, "made", [])
    monkeypatch.setattr("alibabacloud_credentials.provider.RamRoleArnCredentialsProvider", Role)
    return Role


ROLE = {"role_arn": "acs:ram::1:role/r", "session_name": "s", "external_id": "e", "duration_seconds": 1800}


def test_a_role_is_assumed_with_the_keys(role: type[Role]) -> None:
    source = find_source({**KEYS, "assume_role": ROLE}, {})
    assert [source.get().access_key_id for _turn in range(2)] == ["role-of-option-id-1", "role-of-option-id-2"]
    options = role.made[0]
    assert options["role_arn"] == "acs:ram::1:role/r"
    assert (options["role_session_name"], options["external_id"], options["duration_seconds"]) == ("s", "e", 1800)
    assert (options["sts_region_id"], options["enable_vpc"]) == (None, None)


def test_a_role_is_assumed_with_a_profile(role: type[Role], home: Path) -> None:
    assert find_source({"profile": "cli", "assume_role": ROLE}, {}).get().access_key_id == "role-of-cli-id-1"


def test_within_a_vpc_the_regions_own_token_service_is_asked(role: type[Role]) -> None:
    find_source({**KEYS, "assume_role": ROLE, "network": "vpc", "region": "cn-beijing"}, {})
    assert (role.made[0]["sts_region_id"], role.made[0]["enable_vpc"]) == ("cn-beijing", True)


class Failing:
    """A provider that fails and shows a signed URL."""

    def get_credentials(self) -> Any:
        raise OSError("https://sts.aliyuncs.com/?AccessKeyId=LTAI5abcdefgh&Signature=abc%3D&SecurityToken=hidden")


def test_the_librarys_errors_show_no_secret() -> None:
    with pytest.raises(InputError, match="^assume_role: no valid credentials: Failing: ") as caught:
        LibrarySource("assume_role", [Failing()]).get()
    assert not any(secret in str(caught.value) for secret in ("LTAI5abcdefgh", "abc%3D", "hidden"))


def test_the_library_logs_nothing(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It has a handler of its own, which prints the errors that it raises as well."""
    find_source({"profile": "cli"}, {})
    supplier = RefreshCachedSupplier(Failing().get_credentials, Failing().get_credentials)
    with pytest.raises(OSError, match="hidden"):
        supplier._sync_call()
    assert caplog.records == []


def test_representations_hold_no_secret() -> None:
    shown = repr(credentials.Credentials("the-id", "the-secret", "the-token")) + repr(find_source(KEYS, {}))
    assert not any(secret in shown for secret in ("the-secret", "the-token", "option-secret"))


def test_white_space_around_keys_and_tokens_is_not_theirs() -> None:
    """A vault-encrypted string made with echo, and a YAML block, end with a line end."""
    given = {"access_key_id": " id\n", "access_key_secret": "\tsecret\r\n", "security_token": "token\n"}
    assert find_source(given, {}).get() == Credentials("id", "secret", "token", "static_sts")
    assert find_source({**KEYS, "security_token": " \n"}, {}).get() == Credentials("option-id", "option-secret")


@pytest.mark.parametrize("option", ["access_key_id", "access_key_secret", "security_token"])
@pytest.mark.parametrize("letter", ["\n", "\r", "\x00", "\x1b", "\xf6", "\u4ee4", "\udcff"])
def test_what_cannot_be_in_a_header_is_refused_without_quoting_it(option: str, letter: str) -> None:
    with pytest.raises(InputError, match=f"^{option}: (contains|is not valid)") as caught:
        find_source({**KEYS, option: f"hush{letter}hush"}, {})
    assert "hush" not in str(caught.value)


def test_the_region_of_a_profile_is_that_of_the_command_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    profiles = [{"name": "cli", "region_id": " eu-central-1 "}, {"name": "bare"}, {"name": "odd", "region_id": None}]
    (home / ".aliyun" / "config.json").write_text(json.dumps({"profiles": profiles}))
    found = {name: credentials.region_of_profile({"profile": name}) for name in ("cli", "bare", "odd", "none", None)}
    assert found == {"cli": "eu-central-1", "bare": "", "odd": "", "none": "", None: ""}
    for text in ("", "[]", "{}", '{"profiles": 5}', '{"profiles": ["cli"]}'):
        (home / ".aliyun" / "config.json").write_text(text)
        assert credentials.region_of_profile({"profile": "cli"}) == ""


class Stalled:
    """A provider whose service does not come to an end."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def get_credentials(self) -> None:
        self.release.wait(60)


def test_a_provider_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "FETCH_SECONDS", 0.1)
    provider = Stalled()
    with pytest.raises(InputError, match="profile: no valid credentials: Stalled: not finished after 0 s"):
        LibrarySource("profile", [provider]).get()
    provider.release.set()
