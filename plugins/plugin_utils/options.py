# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The options that lookup and inventory plugins pass to the Alibaba Cloud client."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from ..module_utils.alibaba.options import ALIBABA_OPTIONS
from ..module_utils.common.arguments import refuse_unusable
from ..module_utils.common.errors import InputError


def refuse_unknown(plugin: Any, given: Iterable[str]) -> None:
    """Raise InputError for an option that the plugin does not have: Ansible ignores it, misspelled or not."""
    definitions = plugin.option_definitions
    known = {name for option in definitions for name in (option, *definitions[option].get("aliases", ()))}
    for name in given:
        if name not in known:
            similar = get_close_matches(str(name), sorted(known), n=1)
            hint = f"; did you mean {similar[0]}?" if similar else ""
            raise InputError(str(name), f"is not an option of this plugin{hint}")


def refuse_unusable_options(plugin: Any) -> None:
    """Raise InputError for the first option of a plugin with an unusable value.

    Ansible checks the options of plugins less than those of modules. See ``refuse_unusable`` for what is refused.
    """
    refuse_unusable({}, {name: plugin.get_option(name) for name in plugin.option_definitions})


def connection_options(
    get_option: Callable[[str], Any], *, names: Iterable[str] = tuple(ALIBABA_OPTIONS)
) -> dict[str, Any]:
    """Return the options that ``alibaba.options.connect`` takes, read from a plugin by its ``get_option``."""
    return {name: get_option(name) for name in names}
