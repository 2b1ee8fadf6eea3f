# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error answers of the gateway, CloudDC and IAM."""

from __future__ import annotations

from collections.abc import Iterable


class HuaweiError(Exception):
    """An error answer; code, message and HTTP status go onto the wire unchanged."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def unauthenticated(reason: str) -> HuaweiError:
    """Return the gateway's answer to a wrong key, signature, date or token."""
    return HuaweiError(401, "APIGW.0301", f"Incorrect IAM authentication information: {reason}")


def no_such_api() -> HuaweiError:
    """Return the gateway's answer to an unknown path or method, which does not mean that an instance is absent."""
    return HuaweiError(404, "APIGW.0101", "The API does not exist or has not been published in the environment.")


def invalid(reason: str) -> HuaweiError:
    """CloudDC's answer to a parameter that is wrong."""
    return HuaweiError(400, "iMetal.0001", f"Invalid parameter: {reason}")


def missing(name: str) -> HuaweiError:
    """CloudDC's answer to a parameter that is not there."""
    return HuaweiError(400, "iMetal.0002", f"The parameter {name} is missing.")


def forbidden(reason: str) -> HuaweiError:
    """CloudDC's answer to a user without the permission."""
    return HuaweiError(403, "iMetal.0004", f"Forbidden: {reason}")


def no_such_instance(ids: Iterable[str]) -> HuaweiError:
    """CloudDC's answer to unknown instances."""
    return HuaweiError(404, "iMetal.0200", f"The instances [{', '.join(ids)}] do not exist.")


def no_such_server(ids: Iterable[str]) -> HuaweiError:
    """CloudDC's answer to unknown physical servers."""
    return HuaweiError(404, "iMetal.0100", f"The physical servers [{', '.join(ids)}] do not exist.")


def wrong_state(id: str, state: str) -> HuaweiError:
    """CloudDC's answer to an operation that the instance's state does not allow."""
    return HuaweiError(400, "iMetal.0201", f"The instance {id} is in the state {state}, which does not allow this.")
