# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side of every module: reads ``src``, and runs the operation where it is cheapest.

It serves every module of the collection (meta/runtime.yml); ansible-test wants an action plugin to
bear the name of a module that documents it.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from types import ModuleType
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils.quick_imports import quick_imports

with quick_imports():
    from ..module_utils.common.arguments import refuse_unusable
    from ..module_utils.common.errors import InputError
    from ..module_utils.common.task import SOURCE_IS_ENCRYPTED, SOURCE_IS_FILE, run_in_process
    from ..module_utils.common.version import COLLECTION
    from ..plugin_utils import progress
    from ..plugin_utils.play_cache import forget
    from ..plugin_utils.source import Source, SourceReader

display = Display()
# modules whose users may expect that the keyword ``environment`` reaches the script
RUNS_SCRIPTS = frozenset({"ecs_run_command", "ecs_invoke_command", "ecs_invocation"})
# what is meant for the module itself, wherever it runs
MODULE_VARIABLES = re.compile(
    r"(ALIBABA_CLOUD|ALICLOUD|ANSIBLE|LC|PYTHON|REQUESTS|SSL)_.*|(HTTPS?|NO|ALL)_PROXY|CURL_CA_BUNDLE|HOME|LANG|PATH|TZ"
    r"|PYTHONPATH|TMPDIR|USER",
    re.IGNORECASE,
)
# modules after which the lookups of the play have to read the stored commands again
CHANGES_COMMANDS = frozenset({"ecs_command", "ecs_run_command"})


class ActionModule(ActionBase):
    """Run a module of this collection: in the controller's process where the task runs there, else as a module.

    The controller's process saves the start of another one for each task and can report the progress of a long one.
    Both ways take the same arguments and give the same result.
    """

    _supports_check_mode = True
    _supports_async = True
    TRANSFERS_FILES = False  # a task without a file to transfer needs no temporary folder

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task and return its result. Raises AnsibleActionFail for a bad ``src``."""
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        operation = self._operation()
        arguments = {str(key): plain(value) for key, value in self._task.args.items()}
        try:
            if operation.SPEC.source_as_path and isinstance(arguments.get("content"), (dict, list)):
                # before 2.19 a template that gives JSON becomes data, which as text would be Python's
                refuse_unusable({}, {"content": arguments["content"]})
                arguments["content"] = json.dumps(arguments["content"], ensure_ascii=False)
            # before the search for src: no file system has such names
            refuse_unusable(operation.SPEC.argument_spec, arguments)
        except InputError as error:
            raise AnsibleActionFail(str(error)) from None
        with self._source(operation, arguments, task_vars) as source:
            if source is not None:
                _use_source(operation, arguments, source)
            if self._runs_here():
                result.update(self._run_here(operation, arguments, source, task_vars))
            else:
                result.update(self._run_there(arguments, source, task_vars))
        name = self._task.action.rpartition(".")[2]
        if name in RUNS_SCRIPTS and (unused := self._variables_for_the_script()):
            text = (
                f"environment: {', '.join(unused)} is set for the module and is not passed to the script "
                "on the instances"
            )
            result["warnings"] = [*result.get("warnings", []), f"{text}; set it in the script, or use parameters"]
        if name in CHANGES_COMMANDS and (result.get("changed") or result.get("failed")):
            forget()
        return result

    def _operation(self) -> ModuleType:
        """Return the Python module of the task's name. Raises AnsibleActionFail if the collection has none."""
        # resolved_action is the module's name or this plugin's, depending on the version of ansible-core; a name
        # without a collection got here by the keyword `collections`
        collection, _dot, name = self._task.action.rpartition(".")
        package = f"ansible_collections.{COLLECTION}.plugins.modules"
        if collection in ("", COLLECTION):
            with quick_imports(), suppress(ModuleNotFoundError):
                return importlib.import_module(f"{package}.{name}")
        raise AnsibleActionFail(f"{self._task.action} is not a module of the collection {COLLECTION}")

    @contextmanager
    def _source(
        self, operation: ModuleType, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]
    ) -> Iterator[Source | None]:
        """Return the file of the option ``src``, or None where there is none to read and the module judges the options.

        It is a file of the controller in a module that also takes its text as ``content``.
        """
        options = operation.SPEC.argument_spec
        given = isinstance(arguments.get("src"), str) and arguments.get("content") is None
        if not given or not {"src", "content"} <= set(options):
            yield None
            return
        try:
            template = boolean(arguments.get("template") or False)
        except TypeError as error:
            raise AnsibleActionFail(
                "template: is not a boolean" if self._task.no_log else f"template: {error}"
            ) from None
        quiet = bool(self._task.no_log)
        reader = SourceReader(self._find_needle, self._loader, self._templar, task_vars, quiet)
        with reader.opened(arguments["src"], template=template) as source:
            yield source

    def _runs_here(self) -> bool:
        """Return whether the task runs on the controller as its user, in its environment, and can use its process."""
        return (
            self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and not any(self._task.environment or [])
            and importlib.util.find_spec("requests") is not None
        )

    def _variables_for_the_script(self) -> list[str]:
        """Return the names of the task's environment variables of which the module itself has no use."""
        given: dict[str, Any] = {}
        self._compute_environment_string(given)
        return sorted(name for name in given if not MODULE_VARIABLES.fullmatch(name))

    def _run_here(
        self,
        operation: ModuleType,
        arguments: Mapping[str, Any],
        source: Source | None,
        task_vars: Mapping[str, Any],
    ) -> dict[str, Any]:
        warnings: list[str] = []
        try:
            result = run_in_process(
                operation.SPEC,
                operation.ensure,
                arguments,
                check_mode=self._task.check_mode,
                diff_mode=self._task.diff,
                warn=warnings.append,
                progress=self._progress(task_vars),
                no_log=bool(self._task.no_log),
                source_is_encrypted=source is not None and source.was_encrypted,
                source_is_file=source is not None,
                name=self._task.action,
            )
        except BaseException:  # an interrupt, or the time limit of the task: there is no result that could carry them
            for text in warnings:
                display.warning(text)
            raise
        if warnings:
            result["warnings"] = warnings
        if not _wants_invocation(task_vars):
            del result["invocation"]
        return result

    def _run_there(self, arguments: dict[str, Any], source: Source | None, task_vars: dict[str, Any]) -> dict[str, Any]:
        if source is not None and "src" in arguments:
            if self._connection._shell.tmpdir is None:
                self._make_tmp_path()
            folder = self._connection._shell.tmpdir
            name = self._connection._shell.get_remote_filename(source.path)
            there = self._connection._shell.join_path(folder, name)
            self._transfer_file(source.path, there)
            self._fixup_perms2([folder, there])
            arguments["src"] = there
        if source is not None:
            arguments[SOURCE_IS_FILE] = True
        if source is not None and source.was_encrypted:
            # what a job in the background returns comes back through another task, so the module itself has to hide it
            arguments[SOURCE_IS_ENCRYPTED] = True
        wrap_async = self._task.async_val and not self._connection.has_native_async
        result: dict[str, Any] = self._execute_module(
            module_args=arguments, task_vars=task_vars, wrap_async=bool(wrap_async)
        )
        if not wrap_async:  # async_wrapper removes the folder when the job is done
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _progress(self, task_vars: Mapping[str, Any]) -> Callable[[str], None]:
        """Return what gets the lines of progress: the callback that shows them, else the terminal."""
        label = progress.label_of(task_vars.get("inventory_hostname", "localhost"), self._task)
        listener = progress.listener
        if self._task.no_log:
            return lambda text: None
        return functools.partial(listener.send, label) if listener else progress.Progress(self._show, label)

    def _show(self, line: str) -> None:
        """Print a line beside the results: on stderr, so that a callback's JSON on stdout stays JSON."""
        display.display(line, stderr=True)


def _use_source(operation: ModuleType, arguments: dict[str, Any], source: Source) -> None:
    """Put the file that was read, as text or by its path, in the place of the one that the user named."""
    if source.text is not None and not operation.SPEC.source_as_path:
        del arguments["src"]
        arguments["content"] = source.text
    else:
        arguments["src"] = source.path
    # rendered already, and no reason to render a second time
    if "template" in arguments:
        arguments["template"] = False


def plain(value: Any) -> Any:
    """Return ``value`` as a module process would get it: JSON types, no tags of Ansible, vault values decrypted."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value)


def _wants_invocation(task_vars: Mapping[str, Any]) -> bool:
    """Return whether a module's result would hold its arguments: if so configured, and always before core 2.21."""
    try:
        return bool(constants.config.get_config_value("INJECT_INVOCATION", variables=task_vars))
    except Exception:  # a version that does not know the setting; each has its own error for that
        return True
