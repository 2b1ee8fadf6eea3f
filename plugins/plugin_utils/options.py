# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The options that lookup and inventory plugins pass to the Alibaba Cloud client, templated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..module_utils.alibaba.options import ALIBABA_OPTIONS
from ..module_utils.common.arguments import refuse_unusable


def template_value(templar: Any, value: Any) -> Any:
    """Return the value with every template in it resolved; plain values come back unchanged.

    Ansible resolves the options of tasks and lookups, but leaves those of an inventory source to the plugin.
    """
    return templar.template(value) if templar.is_template(value) else value


def refuse_unusable_options(plugin: Any) -> None:
    """Raise InputError for the first option of a plugin with an unusable value.

    Ansible checks the options of plugins less than those of modules. See ``refuse_unusable`` for what is refused.
    """
    refuse_unusable({}, {name: plugin.get_option(name) for name in plugin.option_definitions})


def connection_options(
    get_option: Callable[[str], Any], *, templar: Any = None, names: Iterable[str] = tuple(ALIBABA_OPTIONS)
) -> dict[str, Any]:
    """Return the options that ``alibaba.options.connect`` takes, read from a plugin by its ``get_option``.

    With a templar the values are templated, secrets included; lookup plugins need none.
    """
    values = {name: get_option(name) for name in names}
    if templar is None:
        return values
    return {name: template_value(templar, value) for name, value in values.items()}
