# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Map every error code of the API's documents, of both generations, to what a user can do about it."""

from __future__ import annotations

_TAG_LIMITS = (
    "Tag keys must have 1 to 64 characters and must not start with aliyun or acs: or contain http:// or https://."
)
_TAG_VALUES = "Tag values can have up to 128 characters and must not contain http:// or https://."
_OTHER_REGION = "Check the instance IDs and the option region; an ID exists only in its own region."
_SCHEDULES = "Check frequency: rate(5m), at(2030-01-31 12:00:00), or cron of six fields, seconds first."
_TRANSIENT = "A transient error of the service. The call was retried if that was safe; try again later."
_SLOWER = "Too many calls by this account in this region. Use fewer parallel batches, or try again in a minute."
_LEAVE_OUT = "skip them (unready=skip, if the module has this option)."
_TEMPORARY_KEY = "Get new temporary credentials, and give access_key_id, access_key_secret and security_token together."

_HINTS: dict[str, str] = {
    # who asks, and with what right
    "InvalidAccessKeyId.NotFound": "Check access_key_id, and that the endpoint belongs to the same cloud.",
    "InvalidAccessKeyId.Inactive": "The access key is disabled. Enable it in RAM or use another one.",
    "SignatureDoesNotMatch": "Check access_key_secret; a proxy that changes the request's URL has the same effect.",
    "IncompleteSignature": "Check access_key_secret; a proxy that changes the request's headers has the same effect.",
    "SignatureNonceUsed": "The same request arrived twice; a proxy may repeat requests. Run it again.",
    "InvalidTimeStamp.Expired": (
        "Correct the clock of the host where the task runs; it may be off by at most 15 minutes."
    ),
    "MissingSecurityToken": "A temporary access key requires its token: set security_token.",
    "InvalidSecurityToken.Expired": _TEMPORARY_KEY,
    "InvalidSecurityToken.Malformed": _TEMPORARY_KEY,
    "InvalidSecurityToken.MismatchWithAccessKey": _TEMPORARY_KEY,
    "TemporaryAccessKey.Error": _TEMPORARY_KEY,
    "Forbidden.RAM": "Allow the action ecs:<operation> on these resources in the RAM policy of the user or role.",
    "Forbidden": "Allow the action ecs:<operation> on these resources in the RAM policy of the user or role.",
    "NoPermission.Tag": "Allow the action ecs:TagResources or ecs:UntagResources in the RAM policy.",
    "PermissionDenied.Scope": "System tags cannot be set by a user.",
    "PermissionDenied.TagOwnerUid": "Tags of another account cannot be set.",
    "Operation.Forbidden": "Not allowed in the current state, or for this account: a command that is running or "
    "scheduled cannot be deleted; otherwise, check the RAM policy and the state of the instances.",
    "OperationDenied.BidOwnResource": "Reseller accounts do not own resources. Use the access key of the owner.",
    # which service
    "InvalidAction.NotFound": (
        "The endpoint does not support this operation. Check endpoint, or set api_generation=classic."
    ),
    "InvalidVersion": "The endpoint does not provide ECS 2014-05-26. Check the option endpoint.",
    "RegionId.ApiNotSupported": "This operation is not offered in the region. Check the option region.",
    "InvalidRegionId.NotFound": "Check the option region; region IDs look like cn-hangzhou.",
    "MissingParameter.RegionId": "Give the option region, and make sure that the account may use that region.",
    "MissingParameter": "A parameter is missing: set the option that the message names.",
    # when to come again
    "Throttling": _SLOWER,
    "Throttling.User": _SLOWER,
    "Throttling.Api": _SLOWER,
    "ServiceUnavailable": _TRANSIENT,
    "InternalError": _TRANSIENT,
    "InternalError.Dispatch": _TRANSIENT,
    "UnknownError": _TRANSIENT,
    "ResourceBusy.SlrCreation": "The service-linked role is still being created. Try again in a minute.",
    # telling a repeated request from a new one
    "InvalidClientToken.Malformed": "A client_token must have 1 to 64 ASCII characters.",
    "IdempotentParameterMismatch": "This client_token was used for another request. Use a new one or the same options.",
    "IdempotentProcessing": "The first request with this client_token is still in progress. Try again in a moment.",
    # commands
    "InvalidCmdId.NotFound": "The command does not exist in this region; list the commands with ecs_command_info.",
    "InvalidCommandId.NotFound": "The command does not exist in this region; list the commands with ecs_command_info.",
    "MissingParameter.CommandId": "Give the command with command_id or command_name.",
    "MissingParameter.Name": "Give the option name.",
    "MissingParameter.Type": "Give the option type: RunShellScript, RunPowerShellScript or RunBatScript.",
    "InvalidCmdType.NotFound": "The type must be RunShellScript, RunPowerShellScript or RunBatScript.",
    "InvalidCommandType.NotFound": "The type must be RunShellScript, RunPowerShellScript or RunBatScript.",
    "Invalid.CommandContent": (
        "Shorten the script: this generation of the API accepts at most 16 KB before Base64 encoding."
    ),
    "CmdContent.DecodeError": "The content did not arrive as Base64. Report this with the request ID.",
    "InvalidCommandContent.DecodeError": "The content did not arrive as Base64. Report this with the request ID.",
    "CmdContent.ExceedLimit": "Shorten the script, or send it as a file (ecs_send_file) and run the file. "
    "At most 24 KB after Base64 encoding are allowed; some accounts have a limit of 18 KB for stored commands.",
    "InvalidCommandContent.LengthLimitExceeded": (
        "Shorten the script: at most 24 KB after Base64 encoding are allowed, including parameters."
    ),
    "CmdName.ExceedLimit": "Shorten the name to 128 characters (30 on endpoints of 2018).",
    "InvalidName.LengthLimitExceeded": "Shorten the name to 128 characters.",
    "CmdDesc.ExceedLimit": "Shorten the description to 512 characters (100 on endpoints of 2018).",
    "InvalidDescription.LengthLimitExceeded": "Shorten the description to 512 characters.",
    "CmdCount.ExceedQuota": "Delete commands that are no longer used, or request a higher quota in this region.",
    "CommandLimitExceeded": "Delete commands that are no longer used, or request a higher quota in this region.",
    "CmdName.Readonly": "The name of a published command cannot be changed.",
    "InvalidOperation.ModifyPublicCommandUnsupported": "Public commands cannot be changed; create your own.",
    "InvalidParameterCharacter.CommandName": (
        "Remove control characters and other unprintable characters from the name."
    ),
    "InvalidParameterCharacter.CommandDescription": (
        "Remove control characters and other unprintable characters from the description."
    ),
    "InvalidParameterCharacter.CommandWorkingDir": (
        "Remove control characters and other unprintable characters from working_dir."
    ),
    "InvalidParameter.WorkingDir": "working_dir must be an absolute path of at most 200 characters.",
    "InvalidLauncher.LengthLimitExceeded": "Shorten the launcher to 1 KB.",
    "InvalidTimeout.ExceedLimit": "Set a shorter timeout; the script can start a long job and return.",
    # custom parameters
    "CmdParam.EmptyKey": "The script contains a placeholder without a name, {{ }}; name it or remove it.",
    "CmdParam.InvalidParamName": "Placeholder names can contain only letters, digits, hyphens and underscores.",
    "CmdParamCount.ExceedLimit": "A script can contain at most 20 different placeholders.",
    "CmdParamName.ExceedLimit": "The name of a placeholder can have at most 64 bytes.",
    "Parameter.Disabled": "The command does not take parameters: create it with enable_parameter, or omit parameters.",
    "Parameter.NotMatched": "Give values only for the placeholders of the command; ecs_command_info lists their names.",
    "Parameter.MissingValue": "Give a value for each placeholder of the command; ecs_command_info lists their names.",
    "InvalidParameter.Parameters": "parameters must map names to strings.",
    "InvalidParameters.KeyNotMatch": "Give values only for the placeholders of the command.",
    "ParameterCount.ExceedLimit": "At most 10 parameters are allowed.",
    "InvalidParameters.CountLimitExceeded": "At most 10 parameters are allowed.",
    "ParameterKey.Duplicate": "Parameter names are case-insensitive; give each one only once.",
    "InvalidParameters.KeyDuplicate": "Parameter names are case-insensitive; give each one only once.",
    "ParameterKey.ExceedLimit": "The name of a parameter can have at most 64 bytes.",
    "InvalidParameters.KeyLengthLimitExceeded": "The name of a parameter can have at most 64 bytes.",
    "InvalidParameters.KeyMalformed": "Parameter names can contain only letters, digits, hyphens and underscores.",
    "InvalidParameters.KeyEmpty": "A parameter has no name.",
    "ParameterType.NotSupported": "Parameter values must be strings; put numbers and booleans in quotes.",
    "InvalidParameters.ValueTypeUnsupported": "Parameter values must be strings; put numbers and booleans in quotes.",
    "InvalidParameterCharset.Parameters": "A parameter contains characters that the service does not accept.",
    "ParameterStore.NotSupported": "{{oos:…}} cannot be used in this region; give the value as a parameter.",
    "ParameterStore.InvalidParameters": "Check the name of the {{oos:…}} parameter in the script.",
    "ParameterStore.NoPermission": "Give the instance a RAM role that may read this parameter (oos:GetParameter).",
    # instances
    "MissingParam.InstanceId": "Give instance_ids or resource_tags.",
    "MissingParameter.InstanceIds": "Give instance_ids.",
    "InstanceIds.ExceedLimit": (
        "Lower batch_size; more than 100 instances per call require a higher quota of the account."
    ),
    "InvalidInstanceId.CountLimitExceeded": "Give fewer instances; an invocation can have at most 100.",
    "InvalidInstance.NotFound": _OTHER_REGION,
    "InvalidInstanceId.NotFound": _OTHER_REGION,
    "InvalidInstance.NotMatch": (
        "The type does not match the operating system: shell is for Linux, PowerShell and Bat are for Windows."
    ),
    "InvalidInstanceId.OSTypeUnsupported": "The type does not match the operating system of an instance.",
    "InvalidInstance.NoClient": f"Install the agent (ecs_agent), or {_LEAVE_OUT}",
    "InvalidInstance.NotVpc": "Cloud Assistant does not reach the classic network; move the instances to a VPC.",
    "InvalidInstanceStatus": f"Start the instances and wait until they are running, or {_LEAVE_OUT}",
    "IncorrectInstanceStatus": "The instance is in a state that does not allow this; wait for it, or use force.",
    "IncorrectInstanceStatus.Initializing": "The instance is still being set up; try again in a minute.",
    "ChargeTypeViolation": "The billing method of the instance does not allow this.",
    "InstanceExpiredOrInArrears": "The instance has expired or has an overdue payment; renew it first.",
    "RealNameAuthenticationError": "The account must complete real-name verification first.",
    "InstanceLockedForSecurity": "The instance is locked for security reasons; see the message in the console.",
    "InvalidOperation.DeletionProtection": "Disable the deletion protection of the instance first.",
    "InvalidOperation.NotInWhiteList": "Subscription instances cannot be deleted by this account before they expire.",
    "DependencyViolation.RouteEntry": "Remove the route entries that point to the instance first.",
    "DependencyViolation.SLBConfiguring": "Remove the instance from the load balancer first.",
    "InvalidResourceGroup.NotFound": "Check resource_group_id.",
    "InvalidStatus.ResourceGroup": "The resource group is being created or deleted; wait until that is done.",
    # users and containers
    "Username.ExceedLimit": "Shorten username to 255 characters.",
    "WindowsPasswordName.Missed": "Running as another Windows user also requires windows_password_name.",
    "WindowsPasswordName.ExceedLimit": "Shorten windows_password_name to 255 characters.",
    "InvalidContainerId.Malformed": (
        "container_id must have 64 hexadecimal digits, optionally prefixed with docker:// or the like."
    ),
    "InvalidContainerName.Malformed": "Check container_name.",
    # tags
    "NumberExceed.Tags": "At most 20 tags are allowed.",
    "InvalidTagCount": "At most 20 tags are allowed.",
    "MissingParameter.TagKey": "A tag has no key.",
    "MissingParameter.Tags": "Give at least one tag.",
    "InvalidTagKey.Malformed": _TAG_LIMITS,
    "InvalidTagValue.Malformed": _TAG_VALUES,
    "InvalidTag.Mismatch": "A tag's key and value were not given together.",
    "Duplicate.TagKey": "Give each tag key once.",
    "NumberExceed.ResourceTags": "Use fewer resource_tags: up to 10 are always accepted, and 20 is the maximum.",
    "MissingParameter.ResourceTagKey": "A tag in resource_tags has no key.",
    "InvalidResourceTagKey.Malformed": _TAG_LIMITS,
    "InvalidResourceTagValue.Malformed": _TAG_VALUES,
    "Duplicate.ResourceTagKey": "Give each key in resource_tags once.",
    "InvalidResourceTag.InstanceNotFound": "No instance of this region has all of these tags.",
    "InvalidResourceTag.ConflictWithInstanceIds": "Give either instance_ids or resource_tags.",
    "QuotaExceed.Tags": "Remove tags that are no longer used; a resource can have at most 20.",
    "OperationDenied.QuotaExceed": "Remove tags that are no longer used; a resource can have at most 20.",
    "NumberExceed.ResourceIds": "At most 50 resources can be tagged in one call.",
    "InvalidResourceId.NotFound": "The resource to be tagged does not exist in this region.",
    "InvalidResourceId.NotSupported": "This resource cannot be tagged.",
    "InvalidResourceType.NotFound": "This kind of resource cannot be tagged.",
    # invocations and schedules
    "InvalidInvokeId.NotFound": "The invocation does not exist in this region, or was deleted because of its age.",
    "Invocation.ExceedQuota": (
        "The daily quota of invocations in this region is exhausted; request a higher quota or wait."
    ),
    "MissingParam.Frequency": "repeat_mode=period requires frequency.",
    "MissingParameter.Frequency": "timed=true requires frequency.",
    "InvalidParam.Frequency": _SCHEDULES,
    "InvalidParameter.Frequency": _SCHEDULES,
    "InvalidRepeatMode.NotFound": "repeat_mode must be once, period, next_reboot_only or every_reboot.",
    "InvalidTerminationMode.NotFound": "termination_mode must be process or process_tree.",
    "InvalidOperation.RepeatModeUnsupported": "Only scheduled invocations can be changed.",
    "InvalidOperation.InvokeAlreadyFinished": "The invocation has ended; start a new one.",
    "InvalidOperation.CloudAssistantVersionUnsupported": "Update the agent of the instances (ecs_agent, min_version).",
    # delivery of the output to a bucket
    "InvalidParameter.OssOutputDelivery": "oss_output_delivery must have the form oss://bucket/prefix.",
    "InvalidOssOutputDelivery.BucketNotFound": "Check the name of the bucket in oss_output_delivery.",
    "InvalidOssOutputDelivery.BucketInOtherRegion": "Use a bucket of the same region as the instances.",
    "InvalidOssOutputDelivery.BucketAccessDenied": (
        "Allow the account to write to the bucket; the message comes from OSS."
    ),
    "InvalidOssOutputDelivery.KeyPrefixMalformed": "Check the prefix after the bucket in oss_output_delivery.",
    "CreateServiceLinkedRole.NoPermission": "Allow ram:CreateServiceLinkedRole, or have the role created.",
    # files
    "FileName.ExceedLimit": "Shorten the name of the file to 255 characters.",
    "FileDesc.ExceedLimit": "Shorten the description to 512 characters.",
    "FileSize.ExceedLimit": (
        "A file can have at most 32 KB after Base64 encoding per call; ecs_send_file splits larger files."
    ),
    "FileTargetDir.Invalid": "target_dir must be an absolute path of at most 255 characters.",
    "FileMode.Invalid": 'Give the mode as a quoted octal number, such as "0644".',
    "FileContent.DecodeError": "The content did not arrive as Base64. Report this with the request ID.",
    "FileContentType.Invalid": "The content type must be PlainText or Base64. Report this with the request ID.",
    "InvalidParameter.FileOwner": "Check owner: a user name of at most 64 characters.",
    "InvalidParameter.FileGroup": "Check group: a group name of at most 64 characters.",
    # listings
    "InvalidParam.PageNumber": "The page does not exist. Report this with the request ID.",
    "InvalidParam.PageSize": "The page is larger than allowed. Report this with the request ID.",
    "InvalidParameter.NextToken": "The listing changed or took too long; run the task again.",
    "InvalidParameter.MaxResults": "The page is larger than allowed. Report this with the request ID.",
    # not errors at all
    "DryRunOperation": "The dry run succeeded; nothing was changed.",
    "DRYRUN.SUCCESS": "The dry run succeeded; nothing was changed.",
}


def _key(code: str) -> str:
    # one document writes "Internalerror. Dispatch" for InternalError.Dispatch
    return code.replace(" ", "").lower()


_BY_KEY = {_key(code): hint for code, hint in _HINTS.items()}


def hint_for(code: str, operation: str = "<operation>") -> str | None:
    """Return what a user can do about ``code``, None for a code that no document has. Case and blanks do not count.

    A hint about a missing permission names ``operation``, the call that returned the code.
    """
    hint = _BY_KEY.get(_key(code))
    return hint.replace("<operation>", operation) if hint else None


def is_known(code: str) -> bool:
    """Return whether a document has the code."""
    return _key(code) in _BY_KEY


def known_codes() -> frozenset[str]:
    """Return every code that has a hint, as the documents write it."""
    return frozenset(_HINTS)
