# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Declare the options that every Alibaba Cloud module and plugin shares, and make the client that they describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.parameters import env_fallback

from ..common import options
from ..common.checks import check_choice
from ..common.errors import InputError
from . import credentials, endpoints, generations
from .client import Client

SIGNATURE_VERSIONS = ("v3", "v1")

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
        # an id is not secret, and hiding it would blank out every text that holds it
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
    **options.TRANSPORT_OPTIONS,
}


def connect(params: Mapping[str, Any], *, outlast_throttling: bool = True) -> Client:
    """Return the client that the options' values describe; further keys are ignored, missing ones take the default.

    Sends nothing to the service. Credentials that a library has to fetch are fetched here, so that missing ones are
    reported before any request. ``outlast_throttling``: see Client. Raises InputError, MissingLibrary.
    """
    source = credentials.find_source(params)
    region = str(_value(params, "region") or "").strip() or credentials.region_of_profile(params)
    if not region:
        raise InputError("region", "is required; give it or set ALIBABA_CLOUD_REGION_ID")
    url = endpoints.base_url(
        endpoints.check_region(region), _choice(params, "network"), str(_value(params, "endpoint") or "")
    )
    transport = options.read_transport(params)
    retries = options.read_retries(params)
    source.get()
    return Client(
        region=region,
        credentials=source,
        url=url,
        transport=transport,
        generation=_choice(params, "api_generation"),
        signature_version=_choice(params, "signature_version") or None,
        max_retries=retries,
        outlast_throttling=outlast_throttling,
    )


def _value(params: Mapping[str, Any], name: str) -> Any:
    return options.value_of(params, name, ALIBABA_OPTIONS)


def _choice(params: Mapping[str, Any], name: str) -> str:
    value = _value(params, name)
    check_choice(name, value, ALIBABA_OPTIONS[name]["choices"])
    return value or ""
