# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two families of placeholders that the agent itself resolves in a script: built-in and OOS parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping

# upper-case ACS only; ordinary {{name}} parameters are the server's business and stay unchanged
_BUILT_IN = re.compile(rb"\{\{[\t\n\f\r ]*ACS[\t\n\f\r ]*::[\t\n\f\r ]*([A-Za-z0-9_.-]+)[\t\n\f\r ]*\}\}")
_OOS = re.compile(rb"\{\{[\t\n\f\r ]*oos(?:-secret)?[\t\n\f\r ]*:[\t\n\f\r ]*([A-Za-z0-9_.-]+)[\t\n\f\r ]*\}\}")
_METASERVER = "100.100.100.200"


class InvalidParameter(Exception):
    """A placeholder that refuses the task: ``param`` and ``value`` of the agent's report."""

    def __init__(self, param: str, value: str) -> None:
        super().__init__(value)
        self.param = param
        self.value = value


class UnknownInstanceName(Exception):
    """``{{ACS::InstanceName}}`` on an instance that has no name and reaches no metaserver."""


def resolve(content: bytes, values: Mapping[str, str]) -> bytes:
    """Replace ``{{ACS::Name}}`` once, from left to right; what is put in is not scanned again.

    Raises InvalidParameter for an unknown name and for any ``{{oos:…}}`` (an instance of the local cloud has no RAM
    role), UnknownInstanceName for an empty InstanceName.
    """

    def value_of(match: re.Match[bytes]) -> bytes:
        name = match.group(1).decode()
        if name not in values:
            raise InvalidParameter("InvalidEnvironmentParameter", f"The environment parameter {name} is invalid")
        if name == "InstanceName" and not values[name]:
            raise UnknownInstanceName
        return values[name].encode()

    resolved = _BUILT_IN.sub(value_of, content)
    if _OOS.search(resolved):
        url = f"http://{_METASERVER}/latest/meta-data/ram/security-credentials/"
        raise InvalidParameter(
            "RoleNameFailed",
            f'Get role name failed: Get "{url}": dial tcp {_METASERVER}:80: connect: network is unreachable.',
        )
    return resolved
