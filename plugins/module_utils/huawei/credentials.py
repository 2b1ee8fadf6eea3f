# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find access keys of Huawei Cloud: given ones, the SDK's profile file, and the metadata service of a cloud server."""

from __future__ import annotations

import configparser
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

from ..common.answers import ID, TIME, NotAnAnswer, Shape, read_object
from ..common.errors import CloudError, InputError
from ..common.transport import HttpAnswer, HttpTransport, NoAnswer

METADATA_BASE = "http://169.254.169.254"
METADATA_TIMEOUT = 3.0  # seconds, for connecting and for the answer, as the SDK has it
METADATA_TOKEN_TTL = 21600  # seconds
LONGEST_METADATA_TOKEN = 4096  # characters; a header must hold it
# Temporary keys of a server are exchanged when they have less than this left (the SDK's rule), in seconds.
RENEW_BEFORE_EXPIRY = 40 * 60
PROFILE_VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
PROFILE_PATH = "~/.huaweicloud/credentials"
PROFILE_SECTION = "basic"  # the section for regional services; [global] is for account-wide ones


_KEYS = Shape(
    objects={"credential": Shape(required={"access": ID, "secret": ID, "securitytoken": ID, "expires_at": TIME})}
)


@dataclass(frozen=True)
class AccessKey:
    """One access key; ``security_token`` belongs to temporary keys, ``expires_at`` is in seconds since 1970."""

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None


class KeySource(Protocol):
    """Something that has a valid access key whenever it is asked."""

    def current(self) -> AccessKey:
        """Return a key that can be used now. Raises CloudError."""


@dataclass(frozen=True)
class FixedKey:
    """A key that never changes: from options, the environment or the profile file."""

    key: AccessKey

    def current(self) -> AccessKey:
        """Return the key."""
        return self.key


@dataclass(frozen=True)
class Profile:
    """What the profile file says."""

    key: AccessKey
    project_id: str | None
    iam_endpoint: str | None


def read_profile(path: str | None = None) -> Profile | None:
    """Read ``[basic]`` of the SDK's credentials file, or return None when there is no such file.

    The place is ``path``, else HUAWEICLOUD_SDK_CREDENTIALS_FILE, else ~/.huaweicloud/credentials.
    Raises InputError for a named file that is missing and for one that holds no usable keys.
    """
    named = path or os.environ.get(PROFILE_VARIABLE)
    file = Path(named or PROFILE_PATH).expanduser()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if named:
            raise InputError(PROFILE_VARIABLE, f"there is no file {file}") from error
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(PROFILE_VARIABLE, f"{file} cannot be read: {reason}") from error
    except configparser.Error as error:
        # The parser's own message quotes lines of the file, which may be secrets.
        raise InputError(PROFILE_VARIABLE, f"{file} is not an INI file ({type(error).__name__})") from error
    if not parser.has_section(PROFILE_SECTION):
        raise InputError(PROFILE_VARIABLE, f"{file} has no section [{PROFILE_SECTION}]")
    section = parser[PROFILE_SECTION]
    access_key, secret_key = section.get("ak"), section.get("sk")
    if not access_key or not secret_key:
        extra = "; idp_id and id_token_file are not supported" if section.get("idp_id") else ""
        raise InputError(PROFILE_VARIABLE, f"{file} has no ak and sk in [{PROFILE_SECTION}]{extra}")
    key = AccessKey(access_key, secret_key, section.get("security_token") or None)
    return Profile(key, section.get("project_id") or None, section.get("iam_endpoint") or None)


class MetadataKeys:
    """Temporary keys of the agency that is attached to the server this runs on."""

    def __init__(self, base: str = METADATA_BASE, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives seconds since 1970."""
        self._base = base
        self._clock = clock
        self._key: AccessKey | None = None
        # The service is on the link itself: a proxy could not reach it and must not see the keys.
        self._transport = HttpTransport(
            connect_timeout=METADATA_TIMEOUT, read_timeout=METADATA_TIMEOUT, use_proxies=False
        )

    def current(self) -> AccessKey:
        """Return the keys, fetching new ones when they are about to expire. Raises CloudError."""
        key = self._key
        if key is None or key.expires_at is None or key.expires_at - self._clock() < RENEW_BEFORE_EXPIRY:
            key = self._key = self._fetch()
        return key

    def _fetch(self) -> AccessKey:
        headers = {}
        ttl = {"X-Metadata-Token-Ttl-Seconds": str(METADATA_TOKEN_TTL)}
        answer = self._ask("PUT", "/meta-data/latest/api/token", ttl)
        if answer.status == 200:
            headers["X-Metadata-Token"] = _token(answer.body)
        elif answer.status not in (404, 405, 503):  # these three mean that the service wants no token
            raise CloudError(f"the metadata service refused a token (HTTP {answer.status})")
        answer = self._ask("GET", "/openstack/latest/securitykey", headers)
        if answer.status != 200:
            raise CloudError(
                f"the metadata service gave no keys (HTTP {answer.status}): the server may have no agency attached"
            )
        return _parse_metadata(answer.body)

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> HttpAnswer:
        try:
            return self._transport.send(method, f"{self._base}{path}", headers, None)
        except NoAnswer as error:
            reason = f"the metadata service did not answer: {error.reason}"
        raise CloudError(reason)


def _token(body: bytes) -> str:
    """Return the token that an answer consists of. Raises CloudError without showing it."""
    token = body.strip().decode("ascii", "replace")
    if not token.isascii() or not token.isprintable() or not 0 < len(token) <= LONGEST_METADATA_TOKEN:
        raise CloudError("the metadata service's answer is not a token")
    return token


def _parse_metadata(body: bytes) -> AccessKey:
    """Read the key service's answer. Raises CloudError without showing it: it holds secrets."""
    try:
        document = read_object(body)
        _KEYS.check(document)
        row = document["credential"]
        expires_at = parse_time(row["expires_at"]).timestamp()
    except (NotAnAnswer, ValueError):
        raise CloudError("the metadata service's answer is not in the expected form") from None
    return AccessKey(row["access"], row["secret"], row["securitytoken"], expires_at)


def parse_time(text: str) -> datetime:
    """Read a time as IAM writes it (``2026-01-31T12:00:00.000000Z``) as an aware UTC time. Raises ValueError."""
    # Python before 3.11 reads neither the Z nor any other number of decimals than three or six.
    head, _dot, fraction = text.rstrip("Z").partition(".")
    moment = datetime.strptime(head, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return moment.replace(microsecond=int((fraction + "000000")[:6])) if fraction else moment


def find_key_source(*, metadata: Callable[[], KeySource] = MetadataKeys) -> tuple[KeySource, Profile | None]:
    """Look for keys outside of options and variables: the profile file, then the metadata service.

    Raises InputError when neither has any.
    """
    profile = read_profile()
    if profile is not None:
        return FixedKey(profile.key), profile
    source = metadata()
    try:
        source.current()
    except CloudError as error:
        # what answers at the metadata address is often not that service: the options are what the user can give
        raise InputError(
            "access_key",
            "no credentials: give access_key and secret_key, auth_token, or username, password and domain_name "
            f"(or their variables), or a file {PROFILE_PATH}. The metadata service of a cloud server gave none either: "
            f"{error}",
        ) from None
    return source, None
