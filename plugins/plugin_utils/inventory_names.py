# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Names that hosts of an inventory can have, each of one instance only, over all sources of the inventory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from ansible import constants
from ansible.inventory.host import Host

from ..module_utils.common.printable import some_of, visible

Record = dict[str, Any]

RESERVED = frozenset({"all", "ungrouped", *constants.LOCALHOST})
"""Names that no host may have: groups that always exist, and the implicit localhost."""
SHOWN = 20
"""Names, and IDs per name, that a message lists."""

_owners: WeakKeyDictionary[Host, str] = WeakKeyDictionary()
"""The ID of the instance behind each host that any source of this plugin added."""


def is_usable(name: str) -> bool:
    """Return whether a host can have the name.

    Ansible makes a path of it, where it looks for the host's variables, and prints it.
    """
    return name.isprintable() and bool(name.strip()) and not name.startswith("/") and ".." not in name.split("/")


def owners(hosts: Mapping[str, Host]) -> dict[str, str]:
    """Return the IDs of the instances behind the hosts that sources of this plugin added."""
    return {name: _owners[host] for name, host in hosts.items() if host in _owners}


def own(host: Host, instance_id: str) -> None:
    """Note which instance a host stands for."""
    _owners[host] = instance_id


def unique_names(
    named: Iterable[tuple[str, Record]],
    taken: Collection[str],
    owned: Mapping[str, str],
    report: Callable[[str, str], None],
) -> list[tuple[str, Record]]:
    """Return each record with the name of its host: the one wanted, or the instance ID if it cannot have that.

    ``taken`` are names that Ansible uses for something else, ``owned`` the instances behind the hosts of other sources.
    ``report`` gets what is wrong with names, and the list of them; it raises where that is to be an error.
    """
    hosts: dict[str, list[Record]] = {}
    for name, record in named:
        hosts.setdefault(name, []).append(record)
    unusable = {name: _ids(same) for name, same in hosts.items() if not is_usable(name)}
    reserved = {name: _ids(same) for name, same in hosts.items() if name in taken}
    free = {name: same for name, same in hosts.items() if name not in unusable and name not in reserved}
    shared = {name: _ids(same) for name, same in free.items() if len(same) > 1}
    foreign = {
        name: f"{_ids(same)}, and {owned[name]} of another source"
        for name, same in free.items()
        if name in owned and owned[name] not in (record["instance_id"] for record in same)
    }
    for problem, names in (
        ("several instances the same name", {**shared, **foreign}),
        ("instances the name of a group or of this host", reserved),
        ("instances names that no host can have", unusable),
    ):
        if names:
            report(problem, some_of((f"{_shown(name)}: {ids}" for name, ids in names.items()), SHOWN, "; "))
    unfit = shared.keys() | foreign.keys() | reserved.keys() | unusable.keys()
    return [
        (record["instance_id"] if name in unfit else name, record) for name, same in hosts.items() for record in same
    ]


def _ids(records: list[Record]) -> str:
    return some_of((record["instance_id"] for record in records), SHOWN)


def _shown(name: str) -> str:
    return visible(name).replace("\n", "\\n").replace("\t", "\\t")
