# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters checked against the operation's own description (data/operations.json)."""

from __future__ import annotations

import json
import re
from typing import Any

from .call import Call
from .errors import CLASSIC, OPERATIONS, ApiError, api_error
from .state import REGIONS
from .wire import Params

# parameter -> code for a value that is too long, where the table of the operation has that code
_TOO_LONG = {
    "Name": ("CmdName.ExceedLimit", "FileName.ExceedLimit"),
    "Description": ("CmdDesc.ExceedLimit", "FileDesc.ExceedLimit"),
    "WorkingDir": ("InvalidParameter.WorkingDir",),
    "Username": ("Username.ExceedLimit",),
    "WindowsPasswordName": ("WindowsPasswordName.ExceedLimit",),
    "TargetDir": ("FileTargetDir.Invalid",),
    "FileOwner": ("InvalidParameter.FileOwner",),
    "FileGroup": ("InvalidParameter.FileGroup",),
}
# parameter -> code for a value outside its list of words
_NOT_A_WORD = {
    "Type": ("InvalidCmdType.NotFound", "InvalidCommandType.NotFound"),
    "RepeatMode": ("InvalidRepeatMode.NotFound",),
    "TerminationMode": ("InvalidTerminationMode.NotFound",),
    "Status": ("InvalidStatus.NotFound",),
    "InstanceNetworkType": ("InvalidNetworkType.NotFound",),
    "InstanceChargeType": ("InvalidInstanceChargeType.NotFound",),
    "InternetChargeType": ("InvalidInternetChargeType.ValueNotSupported",),
    "LockReason": ("InvalidLockReason.NotFound",),
    "AcceptLanguage": ("InvalidAcceptLanguage.NotFound",),
    "ContentType": ("FileContentType.Invalid",),
}
_ILLEGAL = {
    "Name": "InvalidParameterCharacter.CommandName",
    "Description": "InvalidParameterCharacter.CommandDescription",
    "WorkingDir": "InvalidParameterCharacter.CommandWorkingDir",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_URL = re.compile(r"https?://")


def _listed(action: str, codes: tuple[str, ...]) -> str | None:
    table = OPERATIONS[action]["errors"]
    return next((code for code in codes if code in table), None)


def _missing(action: str, name: str) -> ApiError:
    """Return the error for an absent parameter: the operation's own code, the wording of 2018, or that of the rest."""
    for code in (f"MissingParameter.{name}", f"MissingParam.{name}"):
        if code in OPERATIONS[action]["errors"]:
            return api_error(action, code)
    code = f"MissingParameter.{name}"
    if code in CLASSIC.get(action, {}):
        return api_error(action, code, classic=True)
    wording = f"The input parameter \u201c{name}\u201d that is mandatory for processing this request is not supplied."
    return ApiError(code, wording, 400)


def check_region(action: str, params: Params, default: str, classic: bool) -> str:
    """Return the region of a request; operations on one instance may leave it out."""
    region = params.text("RegionId")
    if not region:
        described = OPERATIONS[action]["request"].get("RegionId", {})
        if not described.get("required"):
            return default
        if action == "DescribeAccountAttributes":
            raise api_error(action, "Invalid.Parameter")
        raise _missing(action, "RegionId")
    if region not in REGIONS:
        details = () if not action.endswith("TagResources") else ("The specified RegionId does not exist.",)
        raise api_error(action, "InvalidRegionId.NotFound", *details, classic=classic)
    return region


def validate(call: Call) -> None:
    """Refuse values that are missing, of the wrong type, over a limit, or not one of the words."""
    params = call.params
    for name, described in OPERATIONS[call.action]["request"].items():
        kind = described["type"]
        if kind.startswith("array"):
            _check_list(call, name, described)
            continue
        value = params.get(name, "")
        # CreateCommand of 2018 needs no content
        optional = call.classic and name == "CommandContent"
        if described.get("required") and not value and not optional:
            raise _missing(call.action, name)
        if value:
            _check_value(call, name, described, value)
    check_tags(call)


def _check_list(call: Call, name: str, described: dict[str, Any]) -> None:
    if described.get("required") and not call.params.rows(name):
        raise _missing(call.action, "Tags" if name == "Tag" and call.action == "TagResources" else name)
    most = described.get("max_items")
    if name == "InstanceId" and most and len(call.params.items(name)) > most:
        raise call.error("InstanceIds.ExceedLimit")


def _check_value(call: Call, name: str, described: dict[str, Any], value: str) -> None:
    kind = described["type"]
    if kind == "integer" and not re.fullmatch(r"-?\d{1,15}", value):
        if name in ("PageNumber", "PageSize", "MaxResults"):
            return  # the pager has its own codes for these
        raise call.error("InvalidParameter", name)
    if kind == "boolean" and value.lower() not in ("true", "false"):
        raise call.error("InvalidParameter", name)
    if len(value) > described.get("max_len", len(value)) and name != "ClientToken":
        code = _listed(call.action, _TOO_LONG.get(name, ()))
        raise call.error(code) if code else call.error("InvalidParameter", name)
    if described.get("wire_json_array"):
        json_array(call, name, described.get("max_items"))
    words = described.get("enum")
    if words and name in _NOT_A_WORD and value not in words:
        code = _listed(call.action, _NOT_A_WORD[name])
        if code:
            raise call.error(code)
    illegal = _ILLEGAL.get(name)
    if illegal in OPERATIONS[call.action]["errors"] and _CONTROL.search(value):
        raise call.error(illegal)
    if name == "Launcher" and len(value.encode()) > 1024:
        raise call.error("InvalidLauncher.LengthLimitExceeded")


def json_array(call: Call, name: str, most: int | None = None) -> list[str]:
    """Return a parameter that is a JSON array of texts in one string; also accepts a comma-separated text."""
    value = call.params.text(name)
    if not value:
        return []
    try:
        found = json.loads(value)
    except ValueError:
        found = value.split(",") if not value.startswith("[") else None
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        raise call.error("InvalidParameter", name)
    if most and len(found) > most:
        raise call.error("InvalidParameter", name)
    return found


def check_tags(call: Call, name: str = "Tag", key_limit: int | None = None) -> dict[str, str]:
    """Return the tags under ``name`` as a dict, after the rules for tag keys and values."""
    described = OPERATIONS[call.action]["request"].get(name)
    if described is None:
        return {}
    part = "ResourceTag" if name == "ResourceTag" else "Tag"
    rows = call.params.rows(name)
    if len(rows) > described.get("max_items", 20):
        raise call.error(f"NumberExceed.{part}s")
    tags: dict[str, str] = {}
    longest = key_limit or described.get("items_key") or 64
    for row in rows:
        key, value = row.get("Key", ""), row.get("Value", "")
        if not key:
            raise call.error(f"MissingParameter.{part}Key")
        if len(key) > longest or key.startswith(("aliyun", "acs:")) or _URL.search(key):
            raise call.error(f"Invalid{part}Key.Malformed")
        if len(value) > (described.get("items_value") or 128) or _URL.search(value):
            raise call.error(f"Invalid{part}Value.Malformed")
        if key in tags:
            raise call.error(f"Duplicate.{part}Key")
        tags[key] = value
    return tags
