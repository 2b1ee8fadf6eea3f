# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The records of the domain: commands, invocations and their results."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import Any

from ..alibaba.generations import DEFAULT_TIMEOUT
from ..common.spooled import Spooled, bytes_of
from .parameters import ParameterDefinition
from .states import LIVE, SKIPPED
from .tags import tags_from_row


def decode_content(text: str) -> bytes:
    """Return the bytes of a script as the API gives them: Base64, or plain text where an endpoint does not encode."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8")


@dataclass(frozen=True)
class Command:
    """A stored command, of the account itself or public, as DescribeCommands returns it.

    ``content`` is the decoded script, byte for byte (CRLF kept). ``timeout`` is in seconds.
    """

    command_id: str
    name: str
    type: str
    content: bytes = b""
    description: str = ""
    working_dir: str = ""
    timeout: int = DEFAULT_TIMEOUT
    enable_parameter: bool = False
    parameter_names: tuple[str, ...] = ()
    definitions: tuple[ParameterDefinition, ...] = ()
    launcher: str = ""
    resource_group_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    provider: str = ""
    category: str = ""
    version: int | None = None
    latest: bool | None = None
    invoke_times: int = 0
    created_at: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Command:
        """Build the record from one element of ``Commands.Command``; absent fields take the API's defaults."""
        names = (row.get("ParameterNames") or {}).get("ParameterName") or []
        definitions = (row.get("ParameterDefinitions") or {}).get("ParameterDefinition") or []
        return cls(
            command_id=row["CommandId"],
            name=row.get("Name") or "",
            type=row.get("Type") or "",
            content=decode_content(row.get("CommandContent") or ""),
            description=row.get("Description") or "",
            working_dir=row.get("WorkingDir") or "",
            # the classic generation spells it TimeOut
            timeout=int(row.get("Timeout") or row.get("TimeOut") or DEFAULT_TIMEOUT),
            enable_parameter=bool(row.get("EnableParameter", False)),
            parameter_names=tuple(names),
            definitions=tuple(map(ParameterDefinition.from_row, definitions)),
            launcher=row.get("Launcher") or "",
            resource_group_id=row.get("ResourceGroupId") or "",
            tags=tags_from_row(row),
            provider=row.get("Provider") or "",
            category=row.get("Category") or "",
            version=row.get("Version"),
            latest=row.get("Latest"),
            invoke_times=int(row.get("InvokeTimes") or 0),
            created_at=row.get("CreationTime") or "",
        )

    @property
    def optional_parameters(self) -> tuple[str, ...]:
        """The parameters that a run may leave out; only public commands have such."""
        return tuple(definition.name for definition in self.definitions if definition.optional)

    @property
    def public(self) -> bool:
        """Whether Alibaba Cloud offers the command to every account; such a command cannot be changed."""
        return self.provider.startswith("AlibabaCloud")

    @property
    def text(self) -> str | None:
        """The script as text, None when its bytes are not UTF-8."""
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError:
            return None

    @property
    def content_base64(self) -> str:
        """The script in the form that the API takes and gives."""
        return base64.b64encode(self.content).decode("ascii")

    def as_dict(self) -> dict[str, Any]:
        """Return the record as a task result shows it: plain values, the script as text (or as Base64)."""
        record: dict[str, Any] = {
            "command_id": self.command_id,
            "name": self.name,
            "type": self.type,
            "description": self.description,
            "working_dir": self.working_dir,
            "timeout": self.timeout,
            "enable_parameter": self.enable_parameter,
            "parameter_names": list(self.parameter_names),
            "launcher": self.launcher,
            "resource_group_id": self.resource_group_id,
            "tags": dict(self.tags),
            "provider": self.provider,
            "category": self.category,
            "invoke_times": self.invoke_times,
            "created_at": self.created_at,
        }
        if self.text is not None:
            record["content"] = self.text
        else:
            record["content_base64"] = self.content_base64
        if self.public:
            record["parameters"] = [definition.as_dict() for definition in self.definitions]
        if self.public and self.version is not None:
            record["version"] = self.version
        if self.public and self.latest is not None:
            record["latest"] = self.latest
        return record


KEPT_HEAD = 6000
"""Bytes that the service keeps of the beginning of an output that is too long; the rest of the 24 KB are its end."""

_EXITED = frozenset({"Success", "Failed"})
"""States in which the script exited by itself, so that its exit code is known."""


def parse_time(text: str) -> datetime | None:
    """Return the instant in UTC that a reply names (ISO 8601, or the classic ``2018-01-05 15:45:02``), else None."""
    try:
        instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)


def instance_status(row: Mapping[str, Any]) -> str:
    """Return the InvocationStatus word of one instance; older replies are put into these words.

    A row of the classic generation may carry no state at all: it is written when the run has ended.
    """
    status = row.get("InvocationStatus")
    if status:
        return str(status)
    legacy = row.get("InvokeRecordStatus") or row.get("InstanceInvokeStatus") or "Finished"
    if legacy == "Finished":
        return "Failed" if int(row.get("ExitCode") or 0) else "Success"
    return "Terminated" if legacy == "Stopped" else str(legacy)


def _delivery_error(row: Mapping[str, Any]) -> str:
    return ": ".join(str(row[key]) for key in ("OssOutputErrorCode", "OssOutputErrorInfo") if row.get(key))


@dataclass(frozen=True, slots=True)
class InstanceResult:
    """What one invocation did on one instance.

    ``status`` is the API's InvocationStatus word, or ``Skipped``. ``output`` holds the bytes that the service kept
    (stdout and stderr as one stream), None where none were read; ``dropped`` counts the bytes that it discarded.
    ``rc`` is None unless the script exited by itself. ``power_action`` is what the agent does to the instance on
    account of the exit code. ``stderr`` is None unless the streams were kept apart, as ``output`` is standard output
    alone then. ``files`` hold the output in place of the record. ``gap`` is where dropped bytes are missing in the one
    stream that the service keeps, None where they are missing at the end.
    """

    instance_id: str
    status: str
    invoke_id: str = ""
    rc: int | None = None
    output: bytes | Spooled | None = field(default=None, repr=False)
    dropped: int = 0
    error_code: str = ""
    error_info: str = ""
    started_at: str = ""
    finished_at: str = ""
    repeats: int = 0
    previous: bool = False
    oss_output_status: str = ""
    oss_output_uri: str = ""
    oss_output_error: str = ""
    power_action: str = ""
    stderr: bytes | Spooled | None = field(default=None, repr=False)
    files: tuple[str, ...] = ()
    gap: int | None = KEPT_HEAD

    @classmethod
    def from_row(cls, row: Mapping[str, Any], invoke_id: str = "") -> InstanceResult:
        """Build the record from an InvokeInstance (DescribeInvocations) or an InvocationResult row.

        ``invoke_id`` is for the former, which do not name it.
        """
        status = instance_status(row)
        repeats = int(row.get("Repeats") or 0)
        exited = status in _EXITED or (status == "Scheduled" and repeats > 0)
        output = row.get("Output")
        return cls(
            instance_id=row["InstanceId"],
            status=status,
            invoke_id=row.get("InvokeId") or invoke_id,
            rc=int(row["ExitCode"]) if exited and row.get("ExitCode") not in (None, "") else None,
            output=None if output is None else decode_content(output),
            dropped=int(row.get("Dropped") or 0),
            error_code=row.get("ErrorCode") or "",
            error_info=row.get("ErrorInfo") or "",
            started_at=row.get("StartTime") or "",
            # the two operations spell it differently
            finished_at=row.get("FinishedTime") or row.get("FinishTime") or "",
            repeats=repeats,
            oss_output_status=row.get("OssOutputStatus") or "",
            oss_output_uri=row.get("OssOutputUri") or "",
            oss_output_error=_delivery_error(row) if row.get("OssOutputStatus") else "",
        )

    @property
    def stdout(self) -> str | None:
        """The output as text, None where none was read; bytes that are not UTF-8 become U+FFFD.

        A line marks where the service has cut bytes out.
        """
        output = bytes_of(self.output)
        if output is None:
            return None
        if not self.dropped or self.stderr is not None or self.gap is None:
            return output.decode("utf-8", "replace")
        head, tail = (part.decode("utf-8", "replace") for part in (output[: self.gap], output[self.gap :]))
        return f"{head}\n[... {self.dropped} bytes not kept by the service ...]\n{tail}"

    @property
    def live(self) -> bool:
        """Whether the state is not final."""
        return self.status in LIVE

    @property
    def failed(self) -> bool:
        """Whether the run on this instance has ended without success."""
        return not self.live and self.status not in ("Success", SKIPPED)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as a task's result shows it; what is not known of rc and output is left out.

        Line ends at the end of the output are taken off, as ``ansible.builtin.command`` does.
        """
        record: dict[str, Any] = {
            "instance_id": self.instance_id,
            "invoke_id": self.invoke_id,
            "status": self.status,
            "dropped": self.dropped,
            "error_code": self.error_code,
            "error_info": self.error_info,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "repeats": self.repeats,
            "previous": self.previous,
        }
        if self.rc is not None:
            record["rc"] = self.rc
        if self.files:
            record["output_files"] = list(self.files)
        text = None if self.files else self.stdout
        if text is not None:
            record["stdout"] = text.rstrip("\r\n")
            record["stdout_lines"] = record["stdout"].splitlines()
        errors = None if self.files else bytes_of(self.stderr)
        if errors is not None:
            record["stderr"] = errors.decode("utf-8", "replace").rstrip("\r\n")
            record["stderr_lines"] = record["stderr"].splitlines()
        if self.oss_output_status:
            record["oss_output_status"] = self.oss_output_status
            record["oss_output_uri"] = self.oss_output_uri
            record["oss_output_error"] = self.oss_output_error
        if self.power_action:
            record["power_action"] = self.power_action
        return record


@dataclass(frozen=True)
class Invocation:
    """One invocation as DescribeInvocations returns it.

    ``status`` is the overall state. ``parameters`` may hold secrets: they are never shown, only their names are.
    """

    invoke_id: str
    status: str
    command_id: str = ""
    command_name: str = ""
    command_type: str = ""
    command_description: str = ""
    content: bytes = field(default=b"", repr=False)
    repeat_mode: str = "Once"
    frequency: str = ""
    created_at: str = ""
    timeout: int = 0
    username: str = ""
    working_dir: str = ""
    launcher: str = ""
    container_id: str = ""
    container_name: str = ""
    termination_mode: str = ""
    oss_output_delivery: str = ""
    parameters: dict[str, str] = field(default_factory=dict, repr=False)
    tags: dict[str, str] = field(default_factory=dict)
    instances: tuple[InstanceResult, ...] = ()

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Invocation:
        """Build the record from one element of ``Invocations.Invocation``; absent fields take the API's defaults."""
        invoke_id = row["InvokeId"]
        parameters = row.get("Parameters") or {}
        if isinstance(parameters, str):
            parameters = json.loads(parameters)
        instances = (row.get("InvokeInstances") or {}).get("InvokeInstance") or []
        # the classic generation marks a schedule by Timed alone
        default_mode = "Period" if row.get("Timed") in (True, "true", "True") else "Once"
        return cls(
            invoke_id=invoke_id,
            status=row.get("InvocationStatus") or row.get("InvokeStatus") or "",
            command_id=row.get("CommandId") or "",
            command_name=row.get("CommandName") or "",
            command_type=row.get("CommandType") or "",
            command_description=row.get("CommandDescription") or "",
            content=decode_content(row.get("CommandContent") or ""),
            repeat_mode=row.get("RepeatMode") or default_mode,
            frequency=row.get("Frequency") or "",
            created_at=row.get("CreationTime") or "",
            timeout=int(row.get("Timeout") or row.get("TimeOut") or 0),
            username=row.get("Username") or "",
            working_dir=row.get("WorkingDir") or "",
            launcher=row.get("Launcher") or "",
            container_id=row.get("ContainerId") or "",
            container_name=row.get("ContainerName") or "",
            termination_mode=row.get("TerminationMode") or "",
            oss_output_delivery=row.get("OssOutputDelivery") or "",
            parameters={str(key): str(value) for key, value in parameters.items()},
            tags=tags_from_row(row),
            instances=tuple(InstanceResult.from_row(instance, invoke_id) for instance in instances),
        )

    @property
    def live(self) -> bool:
        """Whether it is running or will run again."""
        return self.status in LIVE

    def as_dict(self) -> dict[str, Any]:
        """Return the record as a task's result shows it: plain values, parameters by name only."""
        special = ("content", "parameters", "instances")
        return {
            **{item.name: getattr(self, item.name) for item in fields(self) if item.name not in special},
            "content": self.content.decode("utf-8", "replace"),
            "parameter_names": sorted(self.parameters),
            "instance_ids": [instance.instance_id for instance in self.instances],
        }


REPEAT_MODES = {
    "once": "Once",
    "period": "Period",
    "next_reboot_only": "NextRebootOnly",
    "every_reboot": "EveryReboot",
}
"""Our words and the API's (RunCommand, RepeatMode)."""

TERMINATION_MODES = {"process": "Process", "process_tree": "ProcessTree"}
"""Our words and the API's (RunCommand, TerminationMode)."""
