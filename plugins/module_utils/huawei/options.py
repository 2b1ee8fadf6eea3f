# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declare the options that every module for Huawei Cloud shares, and make the client that they describe."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.parameters import env_fallback

from ..common import options
from ..common.errors import InputError
from ..common.transport import HttpTransport
from ..common.wait import Deadline
from .authentication import KeyAuthentication, LoginAuthentication, TokenAuthentication
from .client import Client
from .credentials import AccessKey, FixedKey, KeySource, find_key_source
from .endpoints import clouddc_endpoint, iam_endpoint
from .exchange import DEFAULT_MAX_RETRIES, Authentication, Exchange
from .iam import PasswordLogin, find_project

# The official SDK's names first, then those that Huawei's other tools have made common.
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
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path", "fallback": _from_variable("ca_path")},
    "connect_timeout": {"type": "float", "default": 10},
    "read_timeout": {"type": "float", "default": 30},
    "max_retries": {"type": "int", "default": DEFAULT_MAX_RETRIES, "fallback": _from_variable("max_retries")},
}

# The options that become headers.
_KEYS = ("access_key", "secret_key", "security_token", "auth_token")
# The options that belong together, in the order in which variables are looked at.
_WAYS = (("auth_token",), ("access_key", "secret_key"), ("username", "password", "domain_name"))


def connect(params: Mapping[str, Any]) -> Client:
    """Make the client that the options in ``params`` describe.

    No request is sent, except to the metadata service when nothing else gives credentials. Raises InputError for
    missing or contradictory options and MissingLibrary.
    """
    params = _cleaned(params)
    exchange = Exchange(_transport(params), options.read_retries("max_retries", _value(params, "max_retries")))
    region = params.get("region") or None
    endpoint = clouddc_endpoint(region, params.get("endpoint"))
    project_id = params.get("project_id") or None
    iam_option = params.get("iam_endpoint")
    way = _way(params)
    if way is None:
        source, profile = find_key_source()
        if profile is not None:
            # The file's own project belongs to its keys; an option of the task still goes before it.
            project_id = project_id or profile.project_id
            iam_option = iam_option or profile.iam_endpoint
        return _with_keys(exchange, endpoint, iam_endpoint(region, iam_option), region, project_id, source)
    iam = iam_endpoint(region, iam_option)
    if way == _WAYS[0]:
        token = str(params["auth_token"])
        authentication = TokenAuthentication(token)
        return _client(exchange, endpoint, iam, region, project_id, authentication, owner=token, by_token=True)
    if way == _WAYS[1]:
        fixed = FixedKey(AccessKey(params["access_key"], params["secret_key"], _security_token(params)))
        return _with_keys(exchange, endpoint, iam, region, project_id, fixed)
    if not (project_id or region):
        raise InputError("region", "is required to log in to its project (or set project_id)")
    login = PasswordLogin(
        exchange,
        iam,
        username=params["username"],
        password=params["password"],
        domain_name=params["domain_name"],
        project_id=project_id,
        project_name=region,
    )

    def project_of_token(deadline: Deadline | None) -> str:
        found = login.token(deadline).project_id
        if not found:
            raise InputError("project_id", f"the token of the login names no project for '{region}': set project_id")
        return found

    return Client(
        exchange,
        endpoint,
        LoginAuthentication(login),
        region=region,
        project_id=project_id,
        find_project=project_of_token,
    )


def _with_keys(
    exchange: Exchange, endpoint: str, iam: str, region: str | None, project_id: str | None, source: KeySource
) -> Client:
    owner = source.current().access_key
    authentication = KeyAuthentication(source)
    return _client(exchange, endpoint, iam, region, project_id, authentication, owner=owner, by_token=False)


def _client(
    exchange: Exchange,
    endpoint: str,
    iam: str,
    region: str | None,
    project_id: str | None,
    authentication: Authentication,
    *,
    owner: str,
    by_token: bool,
) -> Client:
    if project_id is None and region is None:
        raise InputError("region", "is required to find the project (or set project_id)")

    def by_region(deadline: Deadline | None) -> str:
        return find_project(exchange, iam, authentication, region or "", owner, by_token=by_token, deadline=deadline)

    return Client(exchange, endpoint, authentication, region=region, project_id=project_id, find_project=by_region)


def _way(params: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Choose among the ways to authenticate; None when no option and no variable gives any.

    What the task says goes before what the environment says. Raises InputError for two ways in the task, and for
    one that is incomplete.
    """
    written = [way for way in _WAYS if any(_given(params, option) for option in way)]
    if len(written) > 1:
        names = " and ".join("/".join(way) for way in written)
        raise InputError(written[1][0], f"give one way to authenticate only, not {names}")
    for way in written or _WAYS:
        missing = [option for option in way if not params.get(option)]
        if not missing:
            return way
        if written or (len(missing) < len(way) and way == _WAYS[1]):
            present = ", ".join(option for option in way if option not in missing)
            raise InputError(missing[0], f"is required together with {present}")
    return None


def _given(params: Mapping[str, Any], option: str) -> bool:
    """Say whether the task itself gives the option, other than the same value from the environment."""
    value = params.get(option)
    from_environment = [os.environ.get(name, "").strip() for name in VARIABLES[option]]
    return bool(value) and str(value).strip() not in from_environment


def _security_token(params: Mapping[str, Any]) -> str | None:
    """Return the token of temporary keys. One from the environment belongs to the environment's key alone."""
    if _given(params, "access_key") and not _given(params, "security_token"):
        return None
    return params.get("security_token") or None


def _cleaned(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with keys, tokens and the password as they can be sent. Raises InputError."""
    keys = {option: options.read_key(option, params.get(option)) for option in _KEYS}
    return {**params, **keys, "password": options.read_password("password", params.get("password"))}


def _transport(params: Mapping[str, Any]) -> HttpTransport:
    return HttpTransport(
        verify=options.read_verify(params),
        connect_timeout=options.read_timeout("connect_timeout", _value(params, "connect_timeout")),
        read_timeout=options.read_timeout("read_timeout", _value(params, "read_timeout")),
    )


def _value(params: Mapping[str, Any], option: str) -> Any:
    value = params.get(option)
    return HUAWEI_OPTIONS[option]["default"] if value is None else value
