# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Map every error code of the API's documents, of both generations, to what a user can do about it."""

from __future__ import annotations

_TAG_LIMITS = "Tag keys have 1 to 64 characters, do not begin with aliyun or acs: and hold no http:// or https://."
_TAG_VALUES = "Tag values have up to 128 characters and hold no http:// or https://."
_OTHER_REGION = "Check the instance ids and the option region; an id is known in its own region only."
_SCHEDULES = "Check frequency: rate(5m), at(2030-01-31 12:00:00), or cron of six fields, seconds first."
_TRANSIENT = "A transient fault of the service. It was retried where that was safe; try again later."
_SLOWER = "Too many calls of this account in this region. Use fewer parallel batches, or try again in a minute."
_LEAVE_OUT = "leave them out (unready=skip, where a module has it)."
_TEMPORARY_KEY = "Get new temporary credentials, and give access_key_id, access_key_secret and security_token together."

_HINTS: dict[str, str] = {
    # who asks, and with what right
    "InvalidAccessKeyId.NotFound": "Check access_key_id, and that the endpoint belongs to the same cloud.",
    "InvalidAccessKeyId.Inactive": "The access key is disabled. Enable it in RAM or use another one.",
    "SignatureDoesNotMatch": "Check access_key_secret; a proxy that changes the request's URL has the same effect.",
    "IncompleteSignature": "Check access_key_secret; a proxy that changes the request's headers has the same effect.",
    "SignatureNonceUsed": "The same request arrived twice; a proxy may repeat requests. Run it again.",
    "InvalidTimeStamp.Expired": "Set the clock of the host where the task runs; 15 minutes of difference are allowed.",
    "MissingSecurityToken": "A temporary access key needs its token: give security_token.",
    "InvalidSecurityToken.Expired": _TEMPORARY_KEY,
    "InvalidSecurityToken.Malformed": _TEMPORARY_KEY,
    "InvalidSecurityToken.MismatchWithAccessKey": _TEMPORARY_KEY,
    "TemporaryAccessKey.Error": _TEMPORARY_KEY,
    "Forbidden.RAM": "Allow the action ecs:<operation> on these resources in the RAM policy of the user or role.",
    "Forbidden": "Allow the action ecs:<operation> on these resources in the RAM policy of the user or role.",
    "NoPermission.Tag": "Allow the action ecs:TagResources or ecs:UntagResources in the RAM policy.",
    "PermissionDenied.Scope": "System tags cannot be set by a user.",
    "PermissionDenied.TagOwnerUid": "Tags of another account cannot be set.",
    "Operation.Forbidden": "Not allowed in the present state, or to this account: a command that is being run or "
    "scheduled cannot be deleted; else check the RAM policy and the state of the instances.",
    "OperationDenied.BidOwnResource": "Reseller accounts own no resources. Use the owner's access key.",
    # which service
    "InvalidAction.NotFound": "The endpoint has no such operation. Check endpoint, or set api_generation=classic.",
    "InvalidVersion": "The endpoint does not serve ECS 2014-05-26. Check the option endpoint.",
    "RegionId.ApiNotSupported": "This operation is not offered in the region. Check the option region.",
    "InvalidRegionId.NotFound": "Check the option region; region ids look like cn-hangzhou.",
    "MissingParameter.RegionId": "Give the option region, and make sure that the account may use that region.",
    "MissingParameter": "The message names the parameter that the service misses; give the option of that name.",
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
    "InvalidClientToken.Malformed": "A client_token has 1 to 64 ASCII characters.",
    "IdempotentParameterMismatch": "This client_token was used for another request. Use a new one or the same options.",
    "IdempotentProcessing": "The first request with this client_token is still in work. Try again in a moment.",
    # commands
    "InvalidCmdId.NotFound": "There is no such command in this region; list them with ecs_command_info.",
    "InvalidCommandId.NotFound": "There is no such command in this region; list them with ecs_command_info.",
    "MissingParameter.CommandId": "Give the command with command_id or command_name.",
    "MissingParameter.Name": "Give the option name.",
    "MissingParameter.Type": "Give the option type: RunShellScript, RunPowerShellScript or RunBatScript.",
    "InvalidCmdType.NotFound": "The type must be RunShellScript, RunPowerShellScript or RunBatScript.",
    "InvalidCommandType.NotFound": "The type must be RunShellScript, RunPowerShellScript or RunBatScript.",
    "Invalid.CommandContent": "Shorten the script: at most 16 KB before Base64 on this generation of the API.",
    "CmdContent.DecodeError": "The content did not arrive as Base64. Report this with the request id.",
    "InvalidCommandContent.DecodeError": "The content did not arrive as Base64. Report this with the request id.",
    "CmdContent.ExceedLimit": "Shorten the script, or send it as a file (ecs_send_file) and run that: "
    "24 KB after Base64 are allowed, and less (18 KB) for a kept command on some endpoints.",
    "InvalidCommandContent.LengthLimitExceeded": "Shorten the script: 24 KB after Base64, parameters included.",
    "CmdName.ExceedLimit": "Shorten the name to 128 characters (30 on endpoints of 2018).",
    "InvalidName.LengthLimitExceeded": "Shorten the name to 128 characters.",
    "CmdDesc.ExceedLimit": "Shorten the description to 512 characters (100 on endpoints of 2018).",
    "InvalidDescription.LengthLimitExceeded": "Shorten the description to 512 characters.",
    "CmdCount.ExceedQuota": "Delete commands that are no longer used, or ask for a higher quota in this region.",
    "CommandLimitExceeded": "Delete commands that are no longer used, or ask for a higher quota in this region.",
    "CmdName.Readonly": "A published command keeps its name.",
    "InvalidOperation.ModifyPublicCommandUnsupported": "Public commands cannot be changed; create your own.",
    "InvalidParameterCharacter.CommandName": "Take control and other unprintable characters out of the name.",
    "InvalidParameterCharacter.CommandDescription": "Take control and unprintable characters out of the description.",
    "InvalidParameterCharacter.CommandWorkingDir": "Take control and unprintable characters out of working_dir.",
    "InvalidParameter.WorkingDir": "working_dir must be an absolute path of at most 200 characters.",
    "InvalidLauncher.LengthLimitExceeded": "Shorten the launcher to 1 KB.",
    "InvalidTimeout.ExceedLimit": "Give a shorter timeout; let the script start a long job and return.",
    # custom parameters
    "CmdParam.EmptyKey": "The script holds a placeholder without a name, {{ }}; name it or remove it.",
    "CmdParam.InvalidParamName": "Placeholder names may hold letters, digits, hyphens and underscores only.",
    "CmdParamCount.ExceedLimit": "A script may hold 20 different placeholders.",
    "CmdParamName.ExceedLimit": "A placeholder's name may have 64 bytes.",
    "Parameter.Disabled": "The command takes no parameters: create it with enable_parameter, or leave parameters out.",
    "Parameter.NotMatched": "Give values for the placeholders of the command only; ecs_command_info lists their names.",
    "Parameter.MissingValue": "Give a value for each placeholder of the command; ecs_command_info lists their names.",
    "InvalidParameter.Parameters": "parameters must map names to texts.",
    "InvalidParameters.KeyNotMatch": "Give values for the placeholders of the command only.",
    "ParameterCount.ExceedLimit": "At most 10 parameters may be given.",
    "InvalidParameters.CountLimitExceeded": "At most 10 parameters may be given.",
    "ParameterKey.Duplicate": "Parameter names are told apart without regard to case; give each one once.",
    "InvalidParameters.KeyDuplicate": "Parameter names are told apart without regard to case; give each one once.",
    "ParameterKey.ExceedLimit": "A parameter's name may have 64 bytes.",
    "InvalidParameters.KeyLengthLimitExceeded": "A parameter's name may have 64 bytes.",
    "InvalidParameters.KeyMalformed": "Parameter names may hold letters, digits, hyphens and underscores only.",
    "InvalidParameters.KeyEmpty": "A parameter has no name.",
    "ParameterType.NotSupported": "Parameter values must be texts; quote numbers and booleans.",
    "InvalidParameters.ValueTypeUnsupported": "Parameter values must be texts; quote numbers and booleans.",
    "InvalidParameterCharset.Parameters": "A parameter holds characters that the service does not take.",
    "ParameterStore.NotSupported": "{{oos:…}} cannot be used in this region; give the value as a parameter.",
    "ParameterStore.InvalidParameters": "Check the name of the {{oos:…}} parameter in the script.",
    "ParameterStore.NoPermission": "Give the instance a RAM role that may read this parameter (oos:GetParameter).",
    # instances
    "MissingParam.InstanceId": "Give instance_ids or resource_tags.",
    "MissingParameter.InstanceIds": "Give instance_ids.",
    "InstanceIds.ExceedLimit": "Lower batch_size; more than 100 instances per call need a raised quota of the account.",
    "InvalidInstanceId.CountLimitExceeded": "Give fewer instances; an invocation can have at most 100.",
    "InvalidInstance.NotFound": _OTHER_REGION,
    "InvalidInstanceId.NotFound": _OTHER_REGION,
    "InvalidInstance.NotMatch": "The type does not fit: shell is for Linux, PowerShell and Bat are for Windows.",
    "InvalidInstanceId.OSTypeUnsupported": "The type does not fit the operating system of an instance.",
    "InvalidInstance.NoClient": f"Install the agent (ecs_agent), or {_LEAVE_OUT}",
    "InvalidInstance.NotVpc": "Cloud Assistant does not reach the classic network; move the instances to a VPC.",
    "InvalidInstanceStatus": f"Start the instances and wait until they run, or {_LEAVE_OUT}",
    "IncorrectInstanceStatus": "The instance is in a state that does not allow this; wait for it, or use force.",
    "IncorrectInstanceStatus.Initializing": "The instance is still being set up; try again in a minute.",
    "ChargeTypeViolation": "The way in which the instance is paid for does not allow this.",
    "InstanceExpiredOrInArrears": "The instance has expired or its bill is open; renew it first.",
    "RealNameAuthenticationError": "The account must be verified by its real name first.",
    "InstanceLockedForSecurity": "The instance is locked for security reasons; see the message in the console.",
    "InvalidOperation.DeletionProtection": "Switch off the deletion protection of the instance first.",
    "InvalidOperation.NotInWhiteList": "Subscription instances cannot be deleted by this account before they expire.",
    "DependencyViolation.RouteEntry": "Remove the route entries that point to the instance first.",
    "DependencyViolation.SLBConfiguring": "Take the instance out of the load balancer first.",
    "InvalidResourceGroup.NotFound": "Check resource_group_id.",
    "InvalidStatus.ResourceGroup": "The resource group is being created or deleted; wait until that is done.",
    # users and containers
    "Username.ExceedLimit": "Shorten username to 255 characters.",
    "WindowsPasswordName.Missed": "Running as another Windows user needs windows_password_name as well.",
    "WindowsPasswordName.ExceedLimit": "Shorten windows_password_name to 255 characters.",
    "InvalidContainerId.Malformed": "container_id is 64 hexadecimal digits; docker:// and the like may precede them.",
    "InvalidContainerName.Malformed": "Check container_name.",
    # tags
    "NumberExceed.Tags": "At most 20 tags may be given.",
    "InvalidTagCount": "At most 20 tags may be given.",
    "MissingParameter.TagKey": "A tag has no key.",
    "MissingParameter.Tags": "Give at least one tag.",
    "InvalidTagKey.Malformed": _TAG_LIMITS,
    "InvalidTagValue.Malformed": _TAG_VALUES,
    "InvalidTag.Mismatch": "A tag's key and value were not given together.",
    "Duplicate.TagKey": "Give each tag key once.",
    "NumberExceed.ResourceTags": "Use fewer resource_tags: 10 are taken everywhere, 20 at most.",
    "MissingParameter.ResourceTagKey": "A tag in resource_tags has no key.",
    "InvalidResourceTagKey.Malformed": _TAG_LIMITS,
    "InvalidResourceTagValue.Malformed": _TAG_VALUES,
    "Duplicate.ResourceTagKey": "Give each key in resource_tags once.",
    "InvalidResourceTag.InstanceNotFound": "No instance of this region has all of these tags.",
    "InvalidResourceTag.ConflictWithInstanceIds": "Give either instance_ids or resource_tags.",
    "QuotaExceed.Tags": "Remove tags that are no longer used; a resource may have 20.",
    "OperationDenied.QuotaExceed": "Remove tags that are no longer used; a resource may have 20.",
    "NumberExceed.ResourceIds": "At most 50 resources may be tagged in one call.",
    "InvalidResourceId.NotFound": "The resource to be tagged does not exist in this region.",
    "InvalidResourceId.NotSupported": "This resource cannot be tagged.",
    "InvalidResourceType.NotFound": "This kind of resource cannot be tagged.",
    # invocations and schedules
    "InvalidInvokeId.NotFound": "There is no such invocation in this region, or it is too old to be remembered.",
    "Invocation.ExceedQuota": "The invocations of today are used up in this region; ask for a higher quota or wait.",
    "MissingParam.Frequency": "repeat_mode=period needs frequency.",
    "MissingParameter.Frequency": "timed=true needs frequency.",
    "InvalidParam.Frequency": _SCHEDULES,
    "InvalidParameter.Frequency": _SCHEDULES,
    "InvalidRepeatMode.NotFound": "repeat_mode must be once, period, next_reboot_only or every_reboot.",
    "InvalidTerminationMode.NotFound": "termination_mode must be process or process_tree.",
    "InvalidOperation.RepeatModeUnsupported": "Only scheduled invocations can be changed.",
    "InvalidOperation.InvokeAlreadyFinished": "The invocation has ended; start a new one.",
    "InvalidOperation.CloudAssistantVersionUnsupported": "Update the agent of the instances (ecs_agent, min_version).",
    # delivery of the output to a bucket
    "InvalidParameter.OssOutputDelivery": "oss_output_delivery has the form oss://bucket/prefix.",
    "InvalidOssOutputDelivery.BucketNotFound": "Check the name of the bucket in oss_output_delivery.",
    "InvalidOssOutputDelivery.BucketInOtherRegion": "Use a bucket of the same region as the instances.",
    "InvalidOssOutputDelivery.BucketAccessDenied": "Allow the account to write to the bucket; OSS sent the message.",
    "InvalidOssOutputDelivery.KeyPrefixMalformed": "Check the prefix after the bucket in oss_output_delivery.",
    "CreateServiceLinkedRole.NoPermission": "Allow ram:CreateServiceLinkedRole, or have the role created.",
    # files
    "FileName.ExceedLimit": "Shorten the file's name to 255 characters.",
    "FileDesc.ExceedLimit": "Shorten the description to 512 characters.",
    "FileSize.ExceedLimit": "One file may have 32 KB after Base64 in one call; ecs_send_file splits larger ones.",
    "FileTargetDir.Invalid": "target_dir must be an absolute path of at most 255 characters.",
    "FileMode.Invalid": 'Give the mode as a quoted octal number, such as "0644".',
    "FileContent.DecodeError": "The content did not arrive as Base64. Report this with the request id.",
    "FileContentType.Invalid": "The content type must be PlainText or Base64. Report this with the request id.",
    "InvalidParameter.FileOwner": "Check owner: a user name of at most 64 characters.",
    "InvalidParameter.FileGroup": "Check group: a group name of at most 64 characters.",
    # listings
    "InvalidParam.PageNumber": "The page does not exist. Report this with the request id.",
    "InvalidParam.PageSize": "The page is larger than allowed. Report this with the request id.",
    "InvalidParameter.NextToken": "The listing changed or took too long; run the task again.",
    "InvalidParameter.MaxResults": "The page is larger than allowed. Report this with the request id.",
    # not errors at all
    "DryRunOperation": "The check passed; nothing was done.",
    "DRYRUN.SUCCESS": "The check passed; nothing was done.",
}


def _key(code: str) -> str:
    # one document writes "Internalerror. Dispatch" for InternalError.Dispatch
    return code.replace(" ", "").lower()


_BY_KEY = {_key(code): hint for code, hint in _HINTS.items()}


def hint_for(code: str) -> str | None:
    """Return what a user can do about ``code``, None for a code that no document has. Case and blanks do not count."""
    return _BY_KEY.get(_key(code))


def is_known(code: str) -> bool:
    """Return whether a document has the code."""
    return _key(code) in _BY_KEY


def known_codes() -> frozenset[str]:
    """Return every code that has a hint, as the documents write it."""
    return frozenset(_HINTS)
