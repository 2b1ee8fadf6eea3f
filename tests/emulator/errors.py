# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's errors: codes, messages and HTTP statuses, from the tables of the documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"
OPERATIONS: dict[str, dict[str, Any]] = json.loads((_DATA / "operations.json").read_text(encoding="utf-8"))
# operation -> code -> [status, message] of the documents of 2018 (CreateCommand, InvokeCommand, DeleteCommand)
CLASSIC: dict[str, dict[str, list[Any]]] = json.loads((_DATA / "classic_errors.json").read_text(encoding="utf-8"))

# Codes of the gateway and those that several operations share without listing them.
COMMON: dict[str, tuple[int, str]] = {
    "InvalidAction.NotFound": (404, "Specified api is not found, please check your url and method."),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAccessKeyId.Inactive": (403, "Specified access key is disabled."),
    "IncompleteSignature": (400, "The request signature does not conform to Aliyun standards."),
    "SignatureDoesNotMatch": (400, "Specified signature is not matched with our calculation."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "InvalidTimeStamp.Format": (400, "Specified time stamp or date value is not well formatted."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "MissingSecurityToken": (400, "SecurityToken is mandatory for this action."),
    "InvalidSecurityToken.MismatchWithAccessKey": (400, "Specified SecurityToken mismatch with the AccessKey."),
    "MissingParameter": (
        400,
        'The input parameter "%s" that is mandatory for processing this request is not supplied.',
    ),
    "InvalidParameter": (400, "The specified parameter %s is not valid."),
    "InvalidRegionId.NotFound": (404, "The RegionId provided does not exist in our records."),
    "InvalidClientToken.Malformed": (400, "The specified parameter clientToken is not valid."),
    "IdempotentParameterMismatch": (
        403,
        "The specified parameter has changed while using an already used clientToken.",
    ),
    "IdempotentProcessing": (403, "The previous idempotent request(s) is still processing."),
    "InvalidInstanceStatus": (400, "The specified instance\u2019s status can not execute this operation"),
    "InvalidInstance.NoClient": (400, "The specified instances have no cloud assistant client installed."),
    "InvalidInstance.NotVpc": (400, "The specified instances must be VPC instances."),
    "InvalidInstanceId.NotFound": (404, "The specified InstanceId does not exist."),
    "IncorrectInstanceStatus": (403, "The current status of the resource does not support this operation."),
    "InvalidOperation.DeletionProtection": (403, "The operation is not allowed due to deletion protection."),
    "ChargeTypeViolation": (403, "The operation is not permitted due to charge type of the instance."),
    "InstanceIds.ExceedLimit": (403, "The number of instance IDs exceeds the upper limit."),
    "InvalidTagKey.Malformed": (400, "The specified Tag.n.Key is not valid."),
    "InvalidTagValue.Malformed": (400, "The specified Tag.n.Value is not valid."),
    "Duplicate.TagKey": (400, "The Tag.N.Key contain duplicate key."),
    "MissingParameter.TagKey": (400, "You must specify Tag.N.Key."),
    "NumberExceed.Tags": (400, "Ensure the number of tag parameters is not greater than 20."),
    "InvalidResourceGroup.NotFound": (404, "The ResourceGroup provided does not exist in our records."),
    "InvalidParam.PageNumber": (400, "The specified parameter is invalid."),
    "InvalidParam.PageSize": (400, "The specified parameter is invalid."),
    "InvalidParameter.NextToken": (400, "The specified parameter NextToken is not valid."),
    "InvalidParameter.MaxResults": (400, "The specified parameter MaxResults is not valid."),
    "DryRunOperation": (400, "Request validation has been passed with DryRun flag set."),
    "DRYRUN.SUCCESS": (400, "Request validation has been passed with DryRun flag set."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "InternalError": (500, "The request processing has failed due to some unknown error, exception or failure."),
    "MissingParam.InstanceId": (400, "The parameter instanceId is missing or empty."),
}


class ApiError(Exception):
    """An error answer. ``code``, ``message`` and the HTTP ``status`` go onto the wire unchanged."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def api_error(action: str, code: str, *details: object, classic: bool = False) -> ApiError:
    """Return the error ``code`` as the documents of ``action`` word it; ``details`` fill the message's places."""
    row = CLASSIC.get(action, {}).get(code) if classic else None
    row = row or OPERATIONS.get(action, {}).get("errors", {}).get(code)
    if row is None or (row[1] == "%s" and not details):
        row = COMMON.get(code, row)
    if row is None:
        # a rule that operations share, and one of them does not list: the wording of another
        row = next((o["errors"][code] for o in OPERATIONS.values() if code in o["errors"]), None)
    if row is None:
        raise LookupError(f"{action} has no error {code}")
    status, message = row
    for detail in details:
        message = message.replace("%s", str(detail), 1)
    return ApiError(code, message, status)
