# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Find the access key: in options, the environment, a profile, a role; renewed before it expires."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..common.answers import NotAnAnswer, read_object
from ..common.credentials import CredentialSource, StaticSource
from ..common.errors import InputError, MissingLibrary
from ..common.options import read_key
from ..common.redact import redact
from ..common.wait import within

LIBRARY = "alibabacloud-credentials"

# environment variables of the official SDK, then those of older tools
KEY_ID_VARIABLES = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY")
KEY_SECRET_VARIABLES = ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECRET_KEY")
TOKEN_VARIABLES = ("ALIBABA_CLOUD_SECURITY_TOKEN", "ALICLOUD_SECURITY_TOKEN")
PROFILE_VARIABLES = ("ALIBABA_CLOUD_PROFILE",)

# AssumeRole, RoleSessionName and DurationSeconds
SESSION_NAME = "cloud-assistant"
SESSION_SECONDS = 3600
SHORTEST_SESSION_SECONDS = 900

FETCH_SECONDS = 60.0
"""Seconds that one provider may take: its library's time-outs apply to each read, not to all of it."""


@dataclass(frozen=True)
class Credentials:
    """An access key, with the security token of a temporary one. Secrets are left out of its representation."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    provider: str = "static_ak"

    def secrets(self) -> tuple[str | None, ...]:
        """Return the values that must not appear in any text."""
        return (self.access_key_secret, self.security_token)


class LibrarySource:
    """Credentials from providers of ``alibabacloud-credentials``, which keep and renew temporary ones.

    The first of ``providers`` that works is kept. ``option`` is named when none does, and ``advice`` stands before
    what each provider says.
    """

    def __init__(self, option: str, providers: list[Any], advice: str = "no valid credentials") -> None:
        self._option = option
        self._providers = providers
        self._advice = advice

    def get_credentials(self) -> Any:
        """Return the library's own credentials object, so that a role can be assumed on top of any of the providers.

        Raises InputError if none of the providers works.
        """
        problems = []
        for provider in list(self._providers):
            try:
                found = within(FETCH_SECONDS, provider.get_credentials)
            except Exception as error:  # noqa: BLE001  the library raises many kinds
                problems.append(f"{type(provider).__name__}: {redact(str(error))[:500]}")
                continue
            if found is not None:
                self._providers = [provider]
                return found
        raise InputError(self._option, f"{self._advice}: {'; '.join(problems) or 'none found'}")

    def get_provider_name(self) -> str:
        """Return the name that the library asks of a provider."""
        return self._option

    def get(self) -> Credentials:
        """Return valid credentials; the library renews temporary ones fifteen minutes before they expire."""
        found = self.get_credentials()
        return Credentials(
            self._key("an access key ID", found.get_access_key_id()) or "",
            self._key("an access key secret", found.get_access_key_secret()) or "",
            self._key("a security token", found.get_security_token()),
            found.get_provider_name() or "default",
        )

    def _key(self, what: str, value: Any) -> str | None:
        """Return a key that a profile or a service gave, fit for a header."""
        try:
            return read_key(self._option, value)
        except InputError as error:
            raise InputError(self._option, f"returned {what} that {error.problem}") from None


def find_source(params: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> CredentialSource[Credentials]:
    """Return the source that the options select; see DOCUMENTATION of the fragment ``alibaba``.

    ``params`` may hold values that Ansible took from the environment. An explicit one beats those: a ``profile`` beats
    a key, a key beats a profile and is not mixed with a token. Raises InputError, MissingLibrary.
    """
    environ = os.environ if environ is None else environ
    key_id, secret, token = (
        read_key(option, params.get(option)) for option in ("access_key_id", "access_key_secret", "security_token")
    )
    profile = params.get("profile") or None
    key_from_environment = _from_environment(params.get("access_key_id"), KEY_ID_VARIABLES, environ)
    profile_from_environment = _from_environment(profile, PROFILE_VARIABLES, environ)
    if profile and key_id and not key_from_environment and not profile_from_environment:
        raise InputError("profile", "cannot be combined with access_key_id; give only one of them")
    source: CredentialSource[Credentials]
    # where both come from the environment the key counts, as in the official SDK's chain
    if profile and (key_id is None or not profile_from_environment):
        source = LibrarySource("profile", _profile_providers(profile))
    elif key_id or secret:
        if not key_id:
            raise InputError("access_key_id", "is required together with access_key_secret")
        if not secret:
            raise InputError("access_key_secret", "is required together with access_key_id")
        if not key_from_environment and _from_environment(params.get("security_token"), TOKEN_VARIABLES, environ):
            token = None
        source = StaticSource(Credentials(key_id, secret, token, "static_sts" if token else "static_ak"))
    else:
        source = _default_chain()
    role = params.get("assume_role")
    return _assume_role(source, role, params) if role else source


def region_of_profile(params: Mapping[str, Any]) -> str:
    """Return the region of the profile in the configuration of the official CLI, empty where it names none.

    It counts only where the profile is named; what is wrong with the file, reading its keys reports.
    """
    profile = params.get("profile")
    if not profile:
        return ""
    path = Path.home() / ".aliyun" / "config.json"
    try:
        document = read_object(path.read_bytes())
        rows = [row for row in document["profiles"] if row["name"] == profile]
        return str(rows[0].get("region_id") or "").strip()
    except (OSError, NotAnAnswer, LookupError, TypeError, AttributeError):
        return ""


def _from_environment(value: str | None, names: tuple[str, ...], environ: Mapping[str, str]) -> bool:
    return value is not None and value in [environ.get(name) for name in names]


def _library() -> Any:
    """Return the providers of the library. Raises MissingLibrary."""
    try:
        from alibabacloud_credentials import provider
    except ImportError as error:
        purpose = f"It reads profiles, RAM roles and OIDC tokens, and assumes roles. ({error})"
        raise MissingLibrary(LIBRARY, purpose) from None
    # it prints what it raises as well, with the secrets in it
    logging.getLogger("credentials").disabled = True
    return provider


def _profile_providers(profile: str) -> list[Any]:
    library = _library()
    return [
        library.CLIProfileCredentialsProvider(profile_name=profile),
        library.ProfileCredentialsProvider(profile_name=profile),
    ]


def _default_chain() -> LibrarySource:
    advice = (
        "no credentials are given; set access_key_id and access_key_secret, or the environment variables "
        f"{KEY_ID_VARIABLES[0]} and {KEY_SECRET_VARIABLES[0]}. Other sources"
    )
    try:
        library = _library()
    except MissingLibrary as error:
        raise InputError("access_key_id", f"{advice}: {error}") from None
    return LibrarySource("access_key_id", [library.DefaultCredentialsProvider()], advice)


def _assume_role(
    source: CredentialSource[Credentials], role: Mapping[str, Any], params: Mapping[str, Any]
) -> LibrarySource:
    arn = role.get("role_arn")
    if not arn:
        raise InputError("assume_role", "role_arn is required")
    duration = int(role.get("duration_seconds") or SESSION_SECONDS)
    if duration < SHORTEST_SESSION_SECONDS:
        raise InputError("assume_role", f"duration_seconds must be at least {SHORTEST_SESSION_SECONDS}")
    library = _library()
    within_vpc = params.get("network") == "vpc"
    provider = library.RamRoleArnCredentialsProvider(
        credentials_provider=_library_provider(library, source),
        role_arn=arn,
        role_session_name=role.get("session_name") or SESSION_NAME,
        external_id=role.get("external_id"),
        duration_seconds=duration,
        # a host without a way out reaches the token service of its own region only
        sts_region_id=params.get("region") if within_vpc else None,
        enable_vpc=True if within_vpc else None,
    )
    return LibrarySource("assume_role", [provider])


def _library_provider(library: Any, source: CredentialSource[Credentials]) -> Any:
    """Return the source as a provider of the library, on top of which a role can be assumed."""
    if not isinstance(source, StaticSource):
        return source
    keys = source.get()
    key = {"access_key_id": keys.access_key_id, "access_key_secret": keys.access_key_secret}
    if keys.security_token:
        return library.StaticSTSCredentialsProvider(**key, security_token=keys.security_token)
    return library.StaticAKCredentialsProvider(**key)
