# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that every Alibaba Cloud module and plugin shares, and the client that they make."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.parameters import env_fallback

from ..common.errors import InputError
from ..common.transport import HttpTransport
from . import credentials, endpoints, generations
from .client import Client

SIGNATURE_VERSIONS = ("v3", "v1")
LONGEST_TIMEOUT = 3600.0
MOST_RETRIES = 50

ALIBABA_OPTIONS: dict[str, dict[str, Any]] = {
    "region": {
        "type": "str",
        "aliases": ["region_id", "alicloud_region"],
        "fallback": (env_fallback, ["ALIBABA_CLOUD_REGION_ID", "ALICLOUD_REGION"]),
    },
    "access_key_id": {
        "type": "str",
        "aliases": ["access_key", "alicloud_access_key"],
        "fallback": (env_fallback, list(credentials.KEY_ID_VARIABLES)),
        # an id is no secret, and hiding it would blank out every text that holds it
        "no_log": False,
    },
    "access_key_secret": {
        "type": "str",
        "aliases": ["secret_key", "alicloud_secret_key"],
        "fallback": (env_fallback, list(credentials.KEY_SECRET_VARIABLES)),
        "no_log": True,
    },
    "security_token": {
        "type": "str",
        "fallback": (env_fallback, list(credentials.TOKEN_VARIABLES)),
        "no_log": True,
    },
    "profile": {"type": "str", "fallback": (env_fallback, list(credentials.PROFILE_VARIABLES))},
    "assume_role": {
        "type": "dict",
        "options": {
            "role_arn": {"type": "str", "required": True},
            "session_name": {"type": "str", "default": credentials.SESSION_NAME},
            "external_id": {"type": "str"},
            "duration_seconds": {"type": "int", "default": credentials.SESSION_SECONDS},
        },
    },
    "endpoint": {"type": "str", "fallback": (env_fallback, ["ALIBABA_CLOUD_ECS_ENDPOINT"])},
    "network": {"type": "str", "choices": list(endpoints.NETWORKS), "default": "public"},
    "api_generation": {"type": "str", "choices": list(generations.GENERATIONS), "default": "current"},
    "signature_version": {"type": "str", "choices": list(SIGNATURE_VERSIONS)},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "connect_timeout": {"type": "float", "default": 10.0},
    "read_timeout": {"type": "float", "default": 30.0},
    "max_retries": {"type": "int", "default": 5},
}


def connect(params: Mapping[str, Any]) -> Client:
    """A client made of the options' values; further keys of ``params`` are ignored, missing ones take the default.

    Sends nothing to the service. Credentials that a library has to fetch are fetched here, so that missing ones are
    told before any request. Raises InputError, MissingLibrary.
    """
    region = str(_value(params, "region") or "").strip()
    if not region:
        raise InputError("region", "is required; give it or set ALIBABA_CLOUD_REGION_ID")
    url = endpoints.base_url(
        endpoints.check_region(region), _choice(params, "network"), str(_value(params, "endpoint") or "")
    )
    source = credentials.find_source(params)
    source.get()
    transport = HttpTransport(
        verify=_verify(params),
        connect_timeout=_seconds(params, "connect_timeout"),
        read_timeout=_seconds(params, "read_timeout"),
    )
    return Client(
        region=region,
        credentials=source,
        url=url,
        transport=transport,
        generation=_choice(params, "api_generation"),
        signature_version=_choice(params, "signature_version") or None,
        max_retries=_retries(params),
    )


def _value(params: Mapping[str, Any], name: str) -> Any:
    value = params.get(name)
    return ALIBABA_OPTIONS[name].get("default") if value is None else value


def _choice(params: Mapping[str, Any], name: str) -> str:
    value = _value(params, name)
    choices = ALIBABA_OPTIONS[name]["choices"]
    if value is not None and value not in choices:
        raise InputError(name, f"{value!r} is none of {', '.join(choices)}")
    return value or ""


def _seconds(params: Mapping[str, Any], name: str) -> float:
    try:
        value = float(_value(params, name))
    except (TypeError, ValueError):
        raise InputError(name, "is not a number of seconds") from None
    if not 0 < value <= LONGEST_TIMEOUT:
        raise InputError(name, f"must be more than 0 and at most {LONGEST_TIMEOUT:.0f} seconds")
    return value


def _retries(params: Mapping[str, Any]) -> int:
    try:
        value = int(_value(params, "max_retries"))
    except (TypeError, ValueError):
        raise InputError("max_retries", "is not a whole number") from None
    if not 0 <= value <= MOST_RETRIES:
        raise InputError("max_retries", f"must be from 0 to {MOST_RETRIES}")
    return value


def _verify(params: Mapping[str, Any]) -> bool | str:
    """What the transport verifies certificates against: nothing, a given bundle, or the usual authorities."""
    if not _value(params, "validate_certs"):
        return False
    path = _value(params, "ca_path")
    if not path:
        return True
    if not os.access(path, os.R_OK):
        raise InputError("ca_path", f"{path} does not exist or cannot be read")
    return str(path)
