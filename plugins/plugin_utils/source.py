# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that a task's ``src`` names on the controller: found, decrypted, and rendered when it is a template."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import is_encrypted_file
from ansible.template import Templar, generate_ansible_template_vars

try:  # ansible-core 2.19 and later render only what is trusted
    from ansible.template import trust_as_template
except ImportError:
    trust_as_template = None  # type: ignore[assignment]

# A script is far smaller; what is larger travels as a file and not among a module's arguments. In bytes.
LARGEST_TEXT = 256 * 1024
_ELSEWHERE = "\nIf you are using a module and expect the file to exist on the remote"


@dataclass(frozen=True)
class Source:
    """A file that is ready to be used: its plain form lies at `path`, `text` is its content if that is short text."""

    path: str
    text: str | None
    was_encrypted: bool


@contextmanager
def open_source(
    find: Callable[[str, str], str],
    loader: DataLoader,
    templar: Templar,
    name: str,
    *,
    template: bool,
    task_vars: Mapping[str, Any],
) -> Iterator[Source]:
    """Give the file `name` as a `Source`; temporary plain copies are removed at the end.

    `find` is the action's search (folder, name -> path): in ``templates`` folders if `template`, else in ``files``
    folders, of the role and the playbook. Raises AnsibleActionFail naming the option when the file is not found, cannot
    be decrypted or, as a template, cannot be rendered.
    """
    try:
        found = find("templates" if template else "files", name)
        plain = loader.get_real_file(found)
    except AnsibleError as error:
        # the end of ansible-core's text advises an option that no module here has; a cause would be shown with its text
        raise AnsibleActionFail(f"src: {to_text(error).partition(_ELSEWHERE)[0]}") from None
    folder = None
    try:
        with open(found, "rb") as file:
            was_encrypted = is_encrypted_file(file)
        with open(plain, "rb") as file:
            data = file.read() if template else file.read(LARGEST_TEXT + 1)
        if not template:
            if not was_encrypted:
                yield Source(found, _short_text(data), was_encrypted)
                return
            folder = tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]
            copy = os.path.join(folder, os.path.basename(found))
            shutil.copyfile(plain, copy)  # the decrypted file has a random name
            yield Source(copy, _short_text(data), was_encrypted)
            return
        text = _render(templar, data, name, found, loader.get_basedir(), task_vars)
        folder = tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]
        rendered = os.path.join(folder, os.path.basename(found))
        with open(rendered, "wb") as file:
            file.write(text.encode("utf-8"))
        yield Source(rendered, text if len(text) <= LARGEST_TEXT else None, was_encrypted)
    finally:
        loader.cleanup_tmp_file(plain)
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _short_text(data: bytes) -> str | None:
    """`data` as text with its line ends untouched, or None when it is long or not UTF-8."""
    if len(data) > LARGEST_TEXT:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _render(templar: Templar, data: bytes, name: str, path: str, base: str, task_vars: Mapping[str, Any]) -> str:
    """Render a template as the template module does: its variables, its search path, its trimming of blocks."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AnsibleActionFail(f"src: the template {path} is not UTF-8 text") from error
    # Jinja gives every line the same end; a template with Windows line ends keeps them
    newline = "\r\n" if text.count("\r\n") == text.count("\n") > 0 else "\n"
    roots = [*task_vars.get("ansible_search_path", []), base, os.path.dirname(path)]
    search_path = [folder for root in roots for folder in (os.path.join(root, "templates"), root)]
    known = dict(task_vars)
    generated = generate_ansible_template_vars(name, path)
    if "ansible_managed" in known:
        generated.pop("ansible_managed")
    known.update(generated)
    overrides: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": False}
    try:
        if trust_as_template is None:
            # the environment that gives text and not Python values; later versions have one environment only
            from ansible.template import AnsibleEnvironment  # type: ignore[attr-defined]

            old = templar.copy_with_new_env(
                environment_class=AnsibleEnvironment,
                searchpath=search_path,
                newline_sequence=newline,
                available_variables=known,
            )
            result = old.do_template(
                text, preserve_trailing_newlines=True, escape_backslashes=False, overrides=overrides
            )
        else:
            new = templar.copy_with_new_env(searchpath=search_path, available_variables=known)
            overrides["newline_sequence"] = newline
            result = new.template(trust_as_template(text), escape_backslashes=False, overrides=overrides)
    except Exception as error:
        raise AnsibleActionFail(f"src: the template {path} cannot be rendered: {to_text(error)}") from error
    # a template that is one expression may give another type
    return "" if result is None else to_text(result, nonstring="simplerepr")
