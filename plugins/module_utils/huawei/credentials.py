# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Find access keys of Huawei Cloud: given ones, the SDK's profile file, and the metadata service of a cloud server."""

from __future__ import annotations

import configparser
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from ..common.answers import ID, TIME, NotAnAnswer, Shape, read_object
from ..common.credentials import CredentialSource, StaticSource
from ..common.errors import CloudError, InputError
from ..common.transport import HttpAnswer, HttpTransport, NoAnswer

METADATA_BASE = "http://169.254.169.254"
METADATA_TIMEOUT = 3.0
"""Seconds for connecting and for the answer, as in the SDK."""
METADATA_TOKEN_TTL = 21600
"""Seconds that a token for the metadata service stays valid."""
MAX_METADATA_TOKEN = 4096
"""Characters; a header must hold it."""
RENEW_BEFORE_EXPIRY = 40 * 60
"""Seconds before their end from which the temporary keys of a server are replaced, as in the SDK."""

PROFILE_VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
PROFILE_PATH = "~/.huaweicloud/credentials"
PROFILE_SECTION = "basic"
"""The section for regional services; ``[global]`` is for those of the whole account."""


_KEYS = Shape(
    objects={"credential": Shape(required={"access": ID, "secret": ID, "securitytoken": ID, "expires_at": TIME})}
)


@dataclass(frozen=True)
class Credentials:
    """An access key, with the security token of a temporary one; ``expires_at`` is in seconds since 1970.

    Secrets are left out of its representation.
    """

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None

    def secrets(self) -> list[str]:
        """Return the values that must not appear in any text."""
        return [value for value in (self.secret_key, self.security_token) if value]


@dataclass(frozen=True)
class Profile:
    """What the profile file holds; ``project_id`` and ``iam_endpoint`` are None where it names none."""

    credentials: Credentials
    project_id: str | None
    iam_endpoint: str | None


def read_profile(path: str | None = None) -> Profile | None:
    """Read ``[basic]`` of the SDK's credentials file, or return None if the file does not exist.

    The path is ``path``, else HUAWEICLOUD_SDK_CREDENTIALS_FILE, else ~/.huaweicloud/credentials.
    Raises InputError if a file that was named is missing, and if a file has no usable keys.
    """
    named = path or os.environ.get(PROFILE_VARIABLE)
    file = Path(named or PROFILE_PATH).expanduser()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if named:
            raise InputError(PROFILE_VARIABLE, f"{file} does not exist") from error
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(PROFILE_VARIABLE, f"{file} cannot be read: {reason}") from error
    except configparser.Error as error:
        # the parser's own message quotes lines of the file, which may be secrets.
        raise InputError(PROFILE_VARIABLE, f"{file} is not an INI file ({type(error).__name__})") from error
    if not parser.has_section(PROFILE_SECTION):
        raise InputError(PROFILE_VARIABLE, f"{file} does not have the section [{PROFILE_SECTION}]")
    section = parser[PROFILE_SECTION]
    access_key, secret_key = section.get("ak"), section.get("sk")
    if not access_key or not secret_key:
        extra = "; idp_id and id_token_file are not supported" if section.get("idp_id") else ""
        raise InputError(PROFILE_VARIABLE, f"{file} does not have ak and sk in [{PROFILE_SECTION}]{extra}")
    credentials = Credentials(access_key, secret_key, section.get("security_token") or None)
    return Profile(credentials, section.get("project_id") or None, section.get("iam_endpoint") or None)


class MetadataSource:
    """Temporary keys of the agency that is attached to the server this runs on.

    ``base`` is the URL of the metadata service; ``clock`` gives seconds since 1970.
    """

    def __init__(self, base: str = METADATA_BASE, clock: Callable[[], float] = time.time) -> None:
        self._base = base
        self._clock = clock
        self._current: Credentials | None = None
        # the service is on the link itself: a proxy could not reach it and must not see the keys.
        self._transport = HttpTransport(
            connect_timeout=METADATA_TIMEOUT, read_timeout=METADATA_TIMEOUT, use_proxies=False
        )

    def get(self) -> Credentials:
        """Return the keys, fetching new ones when they are about to expire. Raises CloudError."""
        found = self._current
        if found is None or found.expires_at is None or found.expires_at - self._clock() < RENEW_BEFORE_EXPIRY:
            found = self._current = self._fetch()
        return found

    def _fetch(self) -> Credentials:
        headers = {}
        ttl = {"X-Metadata-Token-Ttl-Seconds": str(METADATA_TOKEN_TTL)}
        answer = self._ask("PUT", "/meta-data/latest/api/token", ttl)
        if answer.status == 200:
            headers["X-Metadata-Token"] = _token(answer.body)
        # these statuses mean that the service does not require a token
        elif answer.status not in (404, 405, 503):
            raise CloudError(f"the metadata service refused a token (HTTP {answer.status})")
        answer = self._ask("GET", "/openstack/latest/securitykey", headers)
        if answer.status != 200:
            raise CloudError(
                f"the metadata service did not return keys (HTTP {answer.status}): the server may not have an agency"
            )
        return _parse_metadata(answer.body)

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> HttpAnswer:
        try:
            return self._transport.send(method, f"{self._base}{path}", headers, None)
        except NoAnswer as error:
            reason = f"the metadata service did not answer: {error.reason}"
        raise CloudError(reason)


def _token(body: bytes) -> str:
    """Return the token that the answer consists of. Raises CloudError, without quoting it, if it is not one."""
    token = body.strip().decode("ascii", "replace")
    if not token.isascii() or not token.isprintable() or not 0 < len(token) <= MAX_METADATA_TOKEN:
        raise CloudError("the reply of the metadata service is not a token")
    return token


def _parse_metadata(body: bytes) -> Credentials:
    """Return the keys of an answer. Raises CloudError, without quoting it, if it has another form."""
    try:
        document = read_object(body)
        _KEYS.check(document)
        row = document["credential"]
        expires_at = parse_time(row["expires_at"]).timestamp()
    except (NotAnAnswer, ValueError):
        raise CloudError("the reply of the metadata service is not in the expected form") from None
    return Credentials(row["access"], row["secret"], row["securitytoken"], expires_at)


def parse_time(text: str) -> datetime:
    """Return a time that IAM writes (``2026-01-31T12:00:00.000000Z``) as an aware UTC time. Raises ValueError."""
    # Python before 3.11 reads neither the Z nor any other number of decimals than three or six.
    head, _dot, fraction = text.rstrip("Z").partition(".")
    moment = datetime.strptime(head, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return moment.replace(microsecond=int((fraction + "000000")[:6])) if fraction else moment


def find_source(
    *, metadata: Callable[[], CredentialSource[Credentials]] = MetadataSource
) -> tuple[CredentialSource[Credentials], Profile | None]:
    """Return the source of keys outside of options and variables, and the profile if it is one.

    The profile file comes first, then the metadata service. Raises InputError if neither has keys.
    """
    profile = read_profile()
    if profile is not None:
        return StaticSource(profile.credentials), profile
    source = metadata()
    try:
        source.get()
    except CloudError as error:
        # what answers at the metadata address is often not that service: the options are what the user can give
        raise InputError(
            "access_key",
            "no credentials: give access_key and secret_key, auth_token, or username, password and domain_name "
            f"(or their variables), or a file {PROFILE_PATH}. The metadata service did not return any either: "
            f"{error}",
        ) from None
    return source, None
