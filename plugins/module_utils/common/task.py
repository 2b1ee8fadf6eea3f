# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The harness between Ansible and an operation: one operation, run as a module or in the controller's own process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NoReturn

from ansible.module_utils import basic
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.errors import UnsupportedError

from .arguments import CONTENT, refuse_unusable, split_lists
from .errors import CloudError, Defect, InputError
from .hidden import (
    REDACTED,
    as_printed,
    hide_lines,
    hide_refused,
    hide_rows,
    hide_source,
    hide_values,
    json_without,
    without_values,
)
from .printable import visible

SOURCE_IS_ENCRYPTED = "_ansible_cloud_assistant_source_is_encrypted"
"""What the action plugin hands to a module process beside the options: the text of ``src`` must not be shown."""

SOURCE_IS_FILE = "_ansible_cloud_assistant_source_is_file"
"""Likewise: ``content`` is the text of the file that the user named with ``src``."""

_URL = re.compile(r"[a-z]+://[^\s/:@]*:(?P<password>[^\s/@]+)@\S*", re.IGNORECASE)


def _ignore(_text: str) -> None:
    """Discard a message: a module process has no way to report its progress."""


@dataclass(frozen=True)
class TaskSpec:
    """What a module accepts: its options and the constraints between them, in the words of ``AnsibleModule``.

    ``source_as_path`` is for a module with the options ``src`` and ``content`` that needs the file itself (its name,
    its size): it always gets ``src``, the path of a file where it runs, never the file's text as ``content``.
    ``redacted_options`` may hold secrets among much other text: the result does not repeat them among the arguments.
    ``no_log`` is not for them, it would take every occurrence of the text out of the result.
    """

    argument_spec: Mapping[str, Mapping[str, Any]]
    mutually_exclusive: Sequence[Sequence[str]] = ()
    required_one_of: Sequence[Sequence[str]] = ()
    required_if: Sequence[Sequence[Any]] = ()
    required_together: Sequence[Sequence[str]] = ()
    required_by: Mapping[str, Sequence[str]] | None = None
    supports_check_mode: bool = True
    source_as_path: bool = False
    redacted_options: Sequence[str] = ()

    def validation(self) -> dict[str, Any]:
        """Return the keyword arguments that ``AnsibleModule`` and ``ArgumentSpecValidator`` share."""
        return {
            "argument_spec": dict(self.argument_spec),
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_one_of": list(self.required_one_of),
            "required_if": list(self.required_if),
            "required_together": list(self.required_together),
            "required_by": dict(self.required_by or {}),
        }


@dataclass
class TaskContext:
    """One run of an operation: its validated options, how it is run, and the ways to report to the user meanwhile.

    ``no_log`` is the task's keyword: messages may not quote what the task found, for ansible-core 2.19 and later show
    the message of a failure all the same. ``redact`` returns a plain value without the values of ``no_log`` options,
    ``as_json`` its JSON text: what is written elsewhere than into the result has to go through one of them.
    """

    params: dict[str, Any]
    check_mode: bool = False
    diff_mode: bool = False
    no_log: bool = False
    warn: Callable[[str], None] = field(default=_ignore)
    progress: Callable[[str], None] = field(default=_ignore)
    redact: Callable[[Any], Any] = field(default=lambda value: value)
    as_json: Callable[[Any], str] = field(default=json.dumps)


Operation = Callable[[TaskContext], dict[str, Any]]


@dataclass(frozen=True)
class _Hiding:
    """What the result of one task has to hide, the same in a module process and in the controller's.

    ``source_is_file`` says that the user gave the content as the file of ``src``, which messages have to name.
    """

    spec: TaskSpec
    no_log: bool = False
    source_is_encrypted: bool = False
    source_is_file: bool = False

    def refused(self, error: InputError, arguments: Mapping[str, Any]) -> str:
        """Return the message about a bad option as it can be shown, under the name of the option that was given."""
        if error.option == CONTENT and (self.source_is_file or arguments.get("src") is not None):
            error = InputError("src", error.problem)
        return self.refusal(str(error), arguments)

    def refusal(self, message: str, arguments: Mapping[str, Any]) -> str:
        """Return the message about bad arguments as it can be shown."""
        if self.no_log:
            message = hide_refused(message, self.spec.argument_spec, arguments)
        return self._without_source(message, arguments)

    def outcome(self, message: str, arguments: Mapping[str, Any]) -> str:
        """Return a warning, or the message of a failure, as it can be shown."""
        if self.no_log:
            message = hide_values(message, self.spec.argument_spec, arguments)
        return self._without_source(message, arguments)

    def _without_source(self, message: str, arguments: Mapping[str, Any]) -> str:
        return hide_lines(message, arguments.get("content")) if self.source_is_encrypted else message

    def apply(self, result: dict[str, Any], arguments: dict[str, Any]) -> None:
        """Take out of a result, and of the arguments beside it, what is not to be shown."""
        if self.source_is_encrypted:
            hide_source(result, arguments)
        if self.no_log:
            hide_rows(result)
        redacted = [name for name in self.spec.redacted_options if arguments.get(name) is not None]
        arguments.update(dict.fromkeys(redacted, REDACTED))


class _Module(basic.AnsibleModule):
    """An ``AnsibleModule`` that refuses what Ansible's validation cannot take, and hides what it would show."""

    def __init__(self, spec: TaskSpec) -> None:
        self.hiding = _Hiding(spec)
        self.validated = False
        super().__init__(supports_check_mode=spec.supports_check_mode, **spec.validation())
        self.validated = True

    def _load_params(self) -> None:
        """Read the arguments; end the process with a failed result if one of them is unusable."""
        super()._load_params()
        encrypted = bool(self.params.pop(SOURCE_IS_ENCRYPTED, False))
        is_file = bool(self.params.pop(SOURCE_IS_FILE, False))
        self.hiding = _Hiding(self.hiding.spec, bool(self.params.get("_ansible_no_log")), encrypted, is_file)
        try:
            refuse_unusable(self.argument_spec, self.params)
        except InputError as error:
            self._set_internal_properties()
            self.params = {}
            self.fail_json(msg=str(error))
        self.params = split_lists(self.argument_spec, self.params)

    def _log_invocation(self) -> None:
        """Write to the system's log that the module ran, without the arguments that its result does not show."""
        given = dict(self.params)
        self.hiding.apply({}, self.params)
        super()._log_invocation()
        self.params = given

    def _return_formatted(self, kwargs: dict[str, Any]) -> None:
        """Print the result without secrets; Ansible's own search for them takes seconds for the results of a fleet."""
        vars(basic)["remove_values"] = without_values
        self.no_log_values = as_printed(self.no_log_values)
        super()._return_formatted(kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        """End the process with a failed result; the validation of Ansible does so, whose message quotes bad values."""
        if not self.validated:
            msg = self.hiding.refusal(msg, self.params)
        super().fail_json(msg=msg, **kwargs)


def run_module(spec: TaskSpec, ensure: Operation) -> None:
    """Run ``ensure`` as an Ansible module: read the arguments, print the result, end the process.

    A ``CloudError`` becomes a failed result with its message and its ``result`` keys. Never returns.
    """
    module = _Module(spec)
    module.no_log_values = as_printed(module.no_log_values | _secrets_of(spec, module.params))
    hiding = module.hiding
    task = _context(
        hiding,
        module.params,
        module.no_log_values,
        check_mode=module.check_mode,
        diff_mode=module._diff,
        warn=module.warn,
    )
    result = _outcome(ensure, task, hiding)
    hiding.apply(result, module.params)
    if result.get("failed"):
        module.fail_json(**{key: value for key, value in result.items() if key != "failed"})
    module.exit_json(**result)


def run_in_process(
    spec: TaskSpec,
    ensure: Operation,
    arguments: Mapping[str, Any],
    *,
    check_mode: bool,
    diff_mode: bool,
    warn: Callable[[str], None],
    progress: Callable[[str], None],
    no_log: bool = False,
    source_is_encrypted: bool = False,
    source_is_file: bool = False,
    name: str = "",
) -> dict[str, Any]:
    """Run ``ensure`` in this process and return what the module would have returned, ``invocation`` included.

    ``arguments`` are plain values as the user gave them. ``warn`` and ``progress`` get each line with the values of
    ``no_log`` options removed, like those of the result. ``no_log`` is the task's keyword;
    ``source_is_encrypted`` says that ``content`` or ``src`` are the plain form of an encrypted file,
    ``source_is_file`` that ``content`` is the text of the file that the user named with ``src``. ``name`` is the
    module's name in messages, by default that of the file which defines ``ensure``. Bad arguments are a failed
    result, not an exception.
    """
    name = name or ensure.__module__.rpartition(".")[2]
    hiding = _Hiding(spec, no_log, source_is_encrypted, source_is_file)
    try:
        refuse_unusable(spec.argument_spec, arguments)
    except InputError as error:
        return {"failed": True, "msg": hiding.refusal(visible(str(error)), {}), "invocation": {"module_args": {}}}
    validation = ArgumentSpecValidator(**spec.validation()).validate(split_lists(spec.argument_spec, arguments))
    params = validation.validated_parameters
    secrets = as_printed(validation._no_log_values | _secrets_of(spec, params))
    task = _context(hiding, params, secrets, check_mode=check_mode, diff_mode=diff_mode, warn=warn, progress=progress)
    for both in validation._warnings:
        task.warn(f"Both option {both['option']} and its alias {both['alias']} are set.")
    result = _refused(validation, hiding, name) or _skipped(spec, task, name) or _outcome(ensure, task, hiding)
    return _as_printed(_with_arguments(result, validation, hiding), secrets)


def _context(
    hiding: _Hiding,
    params: dict[str, Any],
    secrets: set[str],
    *,
    check_mode: bool,
    diff_mode: bool,
    warn: Callable[[str], None],
    progress: Callable[[str], None] = _ignore,
) -> TaskContext:
    """Return what the operation gets, in a module process and in the controller's; its reports lose the secrets."""

    def guarded(report: Callable[[str], None]) -> Callable[[str], None]:
        # ansible-core 2.19 and later do not take secrets out of warnings
        return lambda text: report(visible(remove_values(hiding.outcome(text, params), secrets)))

    return TaskContext(
        params=params,
        check_mode=check_mode,
        diff_mode=diff_mode,
        no_log=hiding.no_log,
        warn=guarded(warn),
        progress=guarded(progress),
        redact=lambda value: without_values(value, secrets),
        as_json=lambda value: (
            json_without(value, secrets) or json.dumps(without_values(value, secrets), ensure_ascii=False)
        ),
    )


def _refused(validation: ValidationResult, hiding: _Hiding, name: str) -> dict[str, Any] | None:
    """Return the failed result for arguments that Ansible's validation refused, None if it accepted all."""
    if not validation.error_messages:
        return None
    message = validation.errors.msg
    if isinstance(validation.errors[0], UnsupportedError):
        message = f"Unsupported parameters for ({name}) module: {message}"
    return {"failed": True, "msg": hiding.refusal(message, validation.validated_parameters)}


def _skipped(spec: TaskSpec, task: TaskContext, name: str) -> dict[str, Any] | None:
    """Return the result of a check of what cannot be checked, None where the operation is to run."""
    if not task.check_mode or spec.supports_check_mode:
        return None
    return {"skipped": True, "msg": f"remote module ({name}) does not support check mode"}


def _with_arguments(result: dict[str, Any], validation: ValidationResult, hiding: _Hiding) -> dict[str, Any]:
    """Return the result with the arguments and deprecations that a module process adds, without what it hides."""
    shown = dict(validation.validated_parameters)
    hiding.apply(result, shown)
    result["invocation"] = {"module_args": shown}
    if validation._deprecations:
        result["deprecations"] = list(validation._deprecations)
    return result


def _secrets_of(spec: TaskSpec, params: Mapping[str, Any]) -> set[str]:
    """Return the values of no_log options after conversion, and passwords in options that are URLs.

    Ansible looks at what was written: of a dictionary in the form of JSON, as a survey gives it, it knows the whole
    text, and not the values in it. A URL with a password is refused, and yet shown as it was given, in ``invocation``.
    """
    hidden = [name for name, option in spec.argument_spec.items() if option.get("no_log")]
    urls = [match for value in params.values() if isinstance(value, str) and (match := _URL.fullmatch(value))]
    return {text for name in hidden for text in _texts(params.get(name))} | {match["password"] for match in urls}


def _texts(value: Any) -> Iterator[str]:
    """Yield every text and number in ``value`` as text, but no keys."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool) and str(value):
        yield str(value)


def _outcome(ensure: Operation, task: TaskContext, hiding: _Hiding) -> dict[str, Any]:
    """Run the operation; what it raises becomes a failed result, so that no traceback ever reaches the user."""
    try:
        refuse_unusable(hiding.spec.argument_spec, task.params)
        result = dict(ensure(task))
    except InputError as error:
        return {**error.result, "failed": True, "msg": hiding.refused(error, task.params)}
    except CloudError as error:
        return {**error.result, "failed": True, "msg": hiding.outcome(str(error), task.params)}
    except Exception as error:
        return {"failed": True, "msg": str(Defect(error, hiding.refusal(str(error), task.params)))}
    # Ansible takes any rc but 0 for a failure unless the result says otherwise
    return {"failed": False, **result} if result.get("rc") else result


def _as_printed(result: dict[str, Any], secrets: set[str]) -> dict[str, Any]:
    """Return ``result`` as a module process would print it: JSON types only, values of no_log options removed."""
    # AnsibleModule keeps top-level true, false and null, which a secret of that spelling would otherwise replace
    kept = {key: value for key, value in result.items() if value is None or isinstance(value, bool)}
    cleaned = {**without_values(result, secrets), **kept}
    return dict(json.loads(json.dumps(cleaned, default=_json_value)))


def _json_value(value: Any) -> Any:
    """Return the JSON form of what ``json`` does not know, as AnsibleModule prints it. Raises TypeError."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, bytes):
        return to_text(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a result cannot contain a value of type {type(value).__name__}")
