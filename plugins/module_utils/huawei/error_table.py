# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Map error codes of CloudDC, IAM and the API gateway in front of them to what a user can do about it."""

from __future__ import annotations

INSTANCE_NOT_FOUND = "iMetal.0200"
SERVER_NOT_FOUND = "iMetal.0100"
THROTTLED_CODES = frozenset({"iMetal.0005", "APIGW.0308", "APIG.0308"})
INTERNAL_ERROR = "iMetal.0099"

_HINTS = {
    "iMetal.0001": "A parameter is not valid: check the IDs and filters.",
    "iMetal.0002": "A required parameter is missing from the request.",
    "iMetal.0003": "The request was not authenticated: check the keys, or whether the token has expired.",
    "iMetal.0004": "The user lacks a permission: deleting needs clouddc:instance:delete and, for several instances, "
    "clouddc:instance:deleteBatch; reading needs clouddc:instance:get and clouddc:instance:list; powering off needs "
    "clouddc:imetal:updatePowerStatus.",
    "iMetal.0005": "Too many requests: try again later, or with fewer tasks at a time.",
    INTERNAL_ERROR: (
        "An internal error of the service. The request was retried with increasing delays; try again later."
    ),
    SERVER_NOT_FOUND: "The physical server does not exist in the project and region.",
    "iMetal.0101": "The physical server is not ready: wait until its management state is ready.",
    "iMetal.0102": "A physical server with this identity already exists.",
    "iMetal.0110": "The hardware inspection of the physical server failed: have the server checked.",
    INSTANCE_NOT_FOUND: "The instance does not exist in the project and region.",
    "iMetal.0201": (
        "The state of the instance does not allow this: a running instance may have to be powered off first."
    ),
}

# The gateway's prefix is APIGW or APIG, depending on the gateway.
_GATEWAY_HINTS = {
    "0101": "The gateway does not know this API: check endpoint and region. The instance may nevertheless exist.",
    "0103": "The gateway does not have a backend for this API: check endpoint and region.",
    "0201": "The gateway rejected the request or could not reach the service behind it.",
    "0301": "IAM rejected the request: wrong key or signature, a token that has expired, a clock more than 15 minutes "
    "off, or an address that is not allowed. Five wrong signatures lock the key for five minutes.",
    "0307": "The token has expired, or belongs to another region.",
    "0308": "The gateway's rate limit was reached (200 requests per second and API by default): try again later.",
}

_STATUS_HINTS = {
    401: "Check the keys, the token or the password, and the clock of this machine. Five wrong signatures lock a key "
    "for five minutes.",
    403: "The user lacks a permission for this operation, or the project belongs to another account.",
    404: "This address does not exist: check endpoint, region and project_id.",
    429: "Too many requests: try again later.",
}


def hint_for(code: str | None, status: int | None = None) -> str | None:
    """Return advice for an error code, else for the HTTP status, else None."""
    if code:
        if code in _HINTS:
            return _HINTS[code]
        prefix, dot, number = code.partition(".")
        if dot and prefix in ("APIGW", "APIG") and number in _GATEWAY_HINTS:
            return _GATEWAY_HINTS[number]
    return _STATUS_HINTS.get(status) if status is not None else None


def known_codes() -> frozenset[str]:
    """Return every code that has advice of its own, both spellings of the gateway's included."""
    gateway = {f"{prefix}.{number}" for prefix in ("APIGW", "APIG") for number in _GATEWAY_HINTS}
    return frozenset(_HINTS) | gateway
