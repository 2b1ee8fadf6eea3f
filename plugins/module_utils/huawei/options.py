# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Declare the options that every Huawei Cloud module shares, and make the client that they describe."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.parameters import env_fallback

from ..common import options
from ..common.credentials import CredentialSource, StaticSource
from ..common.errors import InputError
from ..common.wait import Deadline
from . import endpoints
from .authentication import (
    KeyAuthentication,
    LoginAuthentication,
    PasswordLogin,
    TokenAuthentication,
    find_project,
)
from .client import Authentication, Client, Exchange
from .credentials import Credentials, find_source

# the official SDK's names first, then those that Huawei's other tools have made common
VARIABLES = {
    "region": ("HW_REGION_NAME", "OS_REGION_NAME"),
    "project_id": ("HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID", "OS_PROJECT_ID", "OS_TENANT_ID"),
    "access_key": ("HUAWEICLOUD_SDK_AK", "HW_ACCESS_KEY", "OS_ACCESS_KEY"),
    "secret_key": ("HUAWEICLOUD_SDK_SK", "HW_SECRET_KEY", "OS_SECRET_KEY"),
    "security_token": ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "HW_SECURITY_TOKEN"),
    "auth_token": ("HW_AUTH_TOKEN", "OS_AUTH_TOKEN"),
    "username": ("HW_USER_NAME", "OS_USERNAME"),
    "password": ("HW_USER_PASSWORD", "OS_PASSWORD"),
    "domain_name": (
        "HW_DOMAIN_NAME",
        "OS_DOMAIN_NAME",
        "OS_USER_DOMAIN_NAME",
        "OS_PROJECT_DOMAIN_NAME",
    ),
    "iam_endpoint": ("HUAWEICLOUD_SDK_IAM_ENDPOINT", "HW_AUTH_URL", "OS_AUTH_URL"),
    "ca_path": ("OS_CACERT",),
    "max_retries": ("HW_MAX_RETRIES",),
}


def _from_variable(option: str) -> tuple[Any, list[str]]:
    return env_fallback, list(VARIABLES[option])


HUAWEI_OPTIONS: dict[str, dict[str, Any]] = {
    "region": {"type": "str", "aliases": ["region_id"], "fallback": _from_variable("region")},
    "project_id": {"type": "str", "fallback": _from_variable("project_id")},
    "access_key": {
        "type": "str",
        "aliases": ["access_key_id"],
        "no_log": False,
        "fallback": _from_variable("access_key"),
    },
    "secret_key": {
        "type": "str",
        "aliases": ["access_key_secret"],
        "no_log": True,
        "fallback": _from_variable("secret_key"),
    },
    "security_token": {"type": "str", "no_log": True, "fallback": _from_variable("security_token")},
    "auth_token": {"type": "str", "no_log": True, "fallback": _from_variable("auth_token")},
    "username": {"type": "str", "fallback": _from_variable("username")},
    "password": {"type": "str", "no_log": True, "fallback": _from_variable("password")},
    "domain_name": {"type": "str", "fallback": _from_variable("domain_name")},
    "iam_endpoint": {"type": "str", "fallback": _from_variable("iam_endpoint")},
    "endpoint": {"type": "str"},
    **options.TRANSPORT_OPTIONS,
    "ca_path": {**options.TRANSPORT_OPTIONS["ca_path"], "fallback": _from_variable("ca_path")},
    "max_retries": {**options.TRANSPORT_OPTIONS["max_retries"], "fallback": _from_variable("max_retries")},
}

# the options that become headers
_HEADER_OPTIONS = ("access_key", "secret_key", "security_token", "auth_token")

# the options that belong together, in the order in which the environment is searched for them
_TOKEN = ("auth_token",)
_KEYS = ("access_key", "secret_key")
_LOGIN = ("username", "password", "domain_name")
_WAYS = (_TOKEN, _KEYS, _LOGIN)


@dataclass(frozen=True)
class _Target:
    """What a client calls: base URLs of CloudDC and IAM, and the project, None where IAM has to be asked for it."""

    exchange: Exchange
    endpoint: str
    iam: str
    region: str | None
    project_id: str | None

    def client(self, authentication: Authentication, find_project: Callable[[Deadline | None], str]) -> Client:
        """Return the client of this target."""
        return Client(
            self.exchange,
            self.endpoint,
            authentication,
            region=self.region,
            project_id=self.project_id,
            find_project=find_project,
        )


def connect(params: Mapping[str, Any]) -> Client:
    """Return the client that the options' values describe; further keys are ignored, missing ones take the default.

    Sends nothing, except to the metadata service when nothing else gives credentials. Raises InputError,
    MissingLibrary.
    """
    params = _cleaned(params)
    exchange = Exchange(options.read_transport(params), options.read_retries(params))
    region = params.get("region") or None
    endpoint = endpoints.base_url(region, params.get("endpoint"))
    way = _way(params)
    source, profile = (None, None) if way else find_source()
    if profile is not None:
        # the file's own project belongs to its keys; an option of the task still comes before it
        own = {"project_id": profile.project_id, "iam_endpoint": profile.iam_endpoint}
        params = {**params, **{name: params.get(name) or value for name, value in own.items()}}
    iam = endpoints.iam_base_url(region, params.get("iam_endpoint"))
    target = _Target(exchange, endpoint, iam, region, params.get("project_id") or None)
    if way == _LOGIN:
        return _with_login(target, params)
    if way == _TOKEN:
        return _with_token(target, params)
    return _with_keys(target, source or _given_keys(params))


def _with_login(target: _Target, params: Mapping[str, Any]) -> Client:
    """Return a client that logs in; the token of the login names the project of the region."""
    if not (target.project_id or target.region):
        raise InputError("region", "is required to log in, unless project_id is given")
    login = PasswordLogin(
        target.exchange,
        target.iam,
        username=params["username"],
        password=params["password"],
        domain_name=params["domain_name"],
        project_id=target.project_id,
        project_name=target.region,
    )

    def project_of_token(deadline: Deadline | None) -> str:
        found = login.token(deadline).project_id
        if not found:
            raise InputError(
                "project_id",
                f"the token of the login does not belong to a project of '{target.region}': set project_id",
            )
        return found

    return target.client(LoginAuthentication(login), project_of_token)


def _with_token(target: _Target, params: Mapping[str, Any]) -> Client:
    """Return a client that sends the token of the options."""
    token = str(params["auth_token"])
    return _asking_for_the_project(target, TokenAuthentication(token), owner=token, by_token=True)


def _with_keys(target: _Target, source: CredentialSource[Credentials]) -> Client:
    """Return a client that signs with the access key of ``source``."""
    return _asking_for_the_project(target, KeyAuthentication(source), owner=source.get().access_key, by_token=False)


def _given_keys(params: Mapping[str, Any]) -> CredentialSource[Credentials]:
    """Return the source of the access key in the options."""
    return StaticSource(Credentials(params["access_key"], params["secret_key"], _security_token(params)))


def _asking_for_the_project(target: _Target, authentication: Authentication, *, owner: str, by_token: bool) -> Client:
    """Return a client that asks IAM for the project of the region before its first call, if none is given."""
    if target.project_id is None and target.region is None:
        raise InputError("region", "is required to find the project, unless project_id is given")

    def by_region(deadline: Deadline | None) -> str:
        return find_project(
            target.exchange,
            target.iam,
            authentication,
            target.region or "",
            owner,
            by_token=by_token,
            deadline=deadline,
        )

    return target.client(authentication, by_region)


def _way(params: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the options that authenticate, None when neither an option nor a variable is set.

    Options of the task come before variables. Raises InputError if the task gives two ways, or an incomplete one.
    """
    written = [way for way in _WAYS if any(_given(params, option) for option in way)]
    if len(written) > 1:
        names = " and ".join("/".join(way) for way in written)
        raise InputError(written[1][0], f"give only one way to authenticate, not {names}")
    for way in written or _WAYS:
        missing = [option for option in way if not params.get(option)]
        if not missing:
            return way
        if written or (len(missing) < len(way) and way == _KEYS):
            present = ", ".join(option for option in way if option not in missing)
            raise InputError(missing[0], f"is required together with {present}")
    return None


def _given(params: Mapping[str, Any], option: str) -> bool:
    """Return whether the task itself gives the option, rather than the environment."""
    value = params.get(option)
    from_environment = [os.environ.get(name, "").strip() for name in VARIABLES[option]]
    return bool(value) and str(value).strip() not in from_environment


def _security_token(params: Mapping[str, Any]) -> str | None:
    """Return the token of temporary keys; one from the environment belongs to the environment's key alone."""
    if _given(params, "access_key") and not _given(params, "security_token"):
        return None
    return params.get("security_token") or None


def _cleaned(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with keys, tokens and the password as they can be sent. Raises InputError."""
    keys = {option: options.read_key(option, params.get(option)) for option in _HEADER_OPTIONS}
    return {**params, **keys, "password": options.read_password("password", params.get("password"))}
