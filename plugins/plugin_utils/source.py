# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The file that a task's ``src`` names on the controller: found, decrypted, and rendered when it is a template."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import is_encrypted_file
from ansible.template import Templar, generate_ansible_template_vars

from ..module_utils.common.plain_file import open_plain, read_plain, unreadable

try:  # ansible-core 2.19 and later render only what is trusted
    from ansible.template import trust_as_template
except ImportError:
    trust_as_template = None  # type: ignore[assignment]

# A script is far smaller; what is larger travels as a file and not among a module's arguments. In bytes.
LARGEST_TEXT = 256 * 1024
# far beyond any template, which is read into memory; in bytes
LARGEST_TEMPLATE = 16 * 1024 * 1024
_ELSEWHERE = "\nIf you are using a module and expect the file to exist on the remote"


@dataclass(frozen=True)
class Source:
    """A file that is ready to be used: ``path`` is its plain form, ``text`` its content if that is short text."""

    path: str
    text: str | None
    was_encrypted: bool


@dataclass(frozen=True)
class SourceReader:
    """Finds and reads the files of one task on the controller.

    ``find`` is the action's search (folder, name -> path): in ``templates`` folders for a template, else in ``files``
    folders, of the role and the playbook. With ``quiet``, as under ``no_log``, messages quote neither name nor content.
    """

    find: Callable[[str, str], str]
    loader: DataLoader
    templar: Templar
    task_vars: Mapping[str, Any]
    quiet: bool = False

    @contextmanager
    def opened(self, name: str, *, template: bool) -> Iterator[Source]:
        """Give the file ``name`` as a ``Source``; temporary plain copies are removed at the end.

        Raises AnsibleActionFail naming the option if the file was not found, is not a regular file, cannot be decrypted
        or, as a template, cannot be rendered.
        """
        found, encrypted = self._found(name, template)
        with self._decrypted(found) as plain:
            if template:
                with self._rendered(name, found, plain, encrypted) as source:
                    yield source
            elif encrypted:
                # the decrypted file has a random name
                with _named_copy(found, Path(plain).read_bytes()) as copy:
                    yield Source(copy, _short_text(_beginning(plain)), True)
            else:
                yield Source(found, _short_text(_beginning(found)), False)

    def _found(self, name: str, template: bool) -> tuple[str, bool]:
        """Return the path of the file, which can be read without waiting for anything, and whether it is encrypted."""
        try:
            found = self.find("templates" if template else "files", name)
            with open_plain(found) as file:
                return found, is_encrypted_file(file)
        except AnsibleError as error:
            # the end of ansible-core's text advises an option that no module here has
            raise self._failure("the file was not found", to_text(error).partition(_ELSEWHERE)[0]) from None
        except OSError as error:
            raise self._failure("the file cannot be read", f"{name} {unreadable(error)}") from None

    @contextmanager
    def _decrypted(self, found: str) -> Iterator[str]:
        """Give the path of the file's plain form, which is the file itself unless that is encrypted."""
        try:
            plain: str = self.loader.get_real_file(found)
        except AnsibleError as error:
            raise self._failure("the file cannot be decrypted", to_text(error).partition(_ELSEWHERE)[0]) from None
        try:
            yield plain
        finally:
            self.loader.cleanup_tmp_file(plain)

    @contextmanager
    def _rendered(self, name: str, found: str, plain: str, encrypted: bool) -> Iterator[Source]:
        """Give the file rendered as a template."""
        try:
            data = read_plain(plain, LARGEST_TEMPLATE)
        except OSError as error:
            raise self._failure("the template cannot be read", f"{name} {unreadable(error)}") from None
        try:
            text = _render(self.templar, data, name, found, self.loader.get_basedir(), self.task_vars)
        except UnicodeDecodeError:
            raise self._failure("the template is not UTF-8 text", f"the template {found} is not UTF-8 text") from None
        except Exception as error:
            detail = "" if encrypted else f": {to_text(error)}"  # which quotes lines of the template
            reason = f"the template {found} cannot be rendered{detail}"
            raise self._failure("the template cannot be rendered", reason) from None
        with _named_copy(found, text.encode("utf-8")) as rendered:
            yield Source(rendered, text if len(text) <= LARGEST_TEXT else None, encrypted)

    def _failure(self, brief: str, reason: str) -> AnsibleActionFail:
        return AnsibleActionFail(f"src: {brief if self.quiet else reason}")


@contextmanager
def _named_copy(found: str, data: bytes) -> Iterator[str]:
    """Give the path of a private file with these bytes and the name of the file that was found."""
    folder = tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]
    try:
        copy = os.path.join(folder, os.path.basename(found))
        Path(copy).write_bytes(data)
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _beginning(path: str) -> bytes:
    """Return as much of the file as shows whether it is short."""
    with open(path, "rb") as file:
        return file.read(LARGEST_TEXT + 1)


def _short_text(data: bytes) -> str | None:
    """Return ``data`` as text with its line ends untouched, or None if it is long or not UTF-8."""
    if len(data) > LARGEST_TEXT:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _render(templar: Templar, data: bytes, name: str, path: str, base: str, task_vars: Mapping[str, Any]) -> str:
    """Return the template rendered as the template module does: its variables, search path and trimming of blocks.

    Raises UnicodeDecodeError if it is not UTF-8 text, and what rendering raises.
    """
    text = data.decode("utf-8")
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
    if trust_as_template is None:
        # the environment that gives text and not Python values; later versions have one environment only
        from ansible.template import AnsibleEnvironment  # type: ignore[attr-defined]

        old = templar.copy_with_new_env(
            environment_class=AnsibleEnvironment,
            searchpath=search_path,
            newline_sequence=newline,
            available_variables=known,
        )
        result = old.do_template(text, preserve_trailing_newlines=True, escape_backslashes=False, overrides=overrides)
    else:
        new = templar.copy_with_new_env(searchpath=search_path, available_variables=known)
        overrides["newline_sequence"] = newline
        result = new.template(trust_as_template(text), escape_backslashes=False, overrides=overrides)
    # a template that is one expression may give another type
    return "" if result is None else to_text(result, nonstring="simplerepr")
