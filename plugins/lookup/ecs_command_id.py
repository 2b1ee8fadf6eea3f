# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look up stored commands of Cloud Assistant by name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: ecs_command_id
short_description: Look up the ID of a stored command of Alibaba Cloud Cloud Assistant
version_added: "0.1.0"
description:
  - Returns the ID, or the whole record, of the stored command with each name. Names are compared exactly.
  - >-
    All lookups of a play share one read of the list of commands. In regions with more than 500 commands, each name is
    looked up separately, once per play. The list is read again by the next play, and after a task of this collection
    has created, changed or deleted commands. A name that was not found is always looked up again.
  - A lookup in the name of a task does not share this read, because Ansible resolves it before the worker processes of
    the play start.
author: cloudops.cloud_assistant contributors (@cloudops)
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.alibaba.plugins
options:
  _terms:
    description:
      - Names of commands, or lists of names.
    type: list
    elements: str
    required: true
  on_missing:
    description:
      - What to do if a name does not belong to any command.
      - V(error) fails, V(warn) omits the name with a warning, V(skip) omits it silently.
    type: str
    choices: [error, warn, skip]
    default: error
    env:
      - name: ECS_COMMAND_ID_ON_MISSING
    vars:
      - name: ecs_command_id_on_missing
    ini:
      - section: ecs_command_id
        key: on_missing
  on_many:
    description:
      - What to do if several commands have the same name.
      - >-
        V(error) fails and names their IDs, V(warn) omits the name with a warning, V(skip) omits it silently, V(latest)
        uses the command that was created last.
    type: str
    choices: [error, warn, skip, latest]
    default: error
    env:
      - name: ECS_COMMAND_ID_ON_MANY
    vars:
      - name: ecs_command_id_on_many
    ini:
      - section: ecs_command_id
        key: on_many
  return:
    description:
      - What to return for each command. V(id) returns the ID, V(record) returns the record of the command as in
        M(cloudops.cloud_assistant.ecs_command_info).
    type: str
    choices: [id, record]
    default: id
    env:
      - name: ECS_COMMAND_ID_RETURN
    vars:
      - name: ecs_command_id_return
    ini:
      - section: ecs_command_id
        key: return
  type:
    description:
      - Consider only commands of this type.
    type: str
    choices: [RunShellScript, RunPowerShellScript, RunBatScript]
    env:
      - name: ECS_COMMAND_ID_TYPE
    vars:
      - name: ecs_command_id_type
    ini:
      - section: ecs_command_id
        key: type
  resource_group_id:
    description:
      - Consider only commands of this resource group.
    type: str
    env:
      - name: ECS_COMMAND_ID_RESOURCE_GROUP_ID
    vars:
      - name: ecs_command_id_resource_group_id
    ini:
      - section: ecs_command_id
        key: resource_group_id
  tags:
    description:
      - Consider only commands that have all of these tags.
    type: dict
    vars:
      - name: ecs_command_id_tags
notes:
  - The permission C(ecs:DescribeCommands) is required.
seealso:
  - module: cloudops.cloud_assistant.ecs_command_info
  - module: cloudops.cloud_assistant.ecs_invoke_command
"""

EXAMPLES = r"""
---
- name: Show the ID of a command
  ansible.builtin.debug:
    msg: "{{ lookup('cloudops.cloud_assistant.ecs_command_id', 'rotate-logs', region='cn-hangzhou') }}"

- name: Invoke a command by its current ID
  cloudops.cloud_assistant.ecs_invoke_command:
    region: cn-hangzhou
    command_id: "{{ lookup('cloudops.cloud_assistant.ecs_command_id', 'rotate-logs', region='cn-hangzhou') }}"
    instance_ids:
      - i-bp185dy2o3o6neg1x8h2

- name: Read the IDs of several commands, as far as they exist
  ansible.builtin.set_fact:
    ids: "{{ query('cloudops.cloud_assistant.ecs_command_id', ['rotate-logs', 'restart'], on_missing='skip') }}"

- name: Show the script of a command
  ansible.builtin.debug:
    msg: "{{ lookup('cloudops.cloud_assistant.ecs_command_id', 'rotate-logs', return='record').content }}"
"""

RETURN = r"""
---
_raw:
  description:
    - The ID or record of each command, in the order of the names, without those that were omitted.
  type: list
  elements: raw
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ..module_utils.alibaba.generations import refuse_missing
from ..module_utils.alibaba.options import connect
from ..module_utils.cloud_assistant.tags import check_tags
from ..module_utils.common.arguments import refuse_unusable
from ..module_utils.common.errors import CloudError
from ..plugin_utils.command_catalogue import Record, commands_by_name
from ..plugin_utils.options import connection_options, refuse_unknown, refuse_unusable_options
from ..plugin_utils.play_cache import PlayCache, play_id

display = Display()

# a file's name must not contain secrets; the key's id distinguishes accounts
NOT_IN_KEY = frozenset({"access_key_secret", "security_token"})


class LookupModule(LookupBase):
    """Look up commands by name."""

    # where a name was searched for, in the words of a message
    _where = ""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return ids or records of the commands that are named. Raises AnsibleLookupError."""
        self.set_options(var_options=variables, direct=kwargs)
        names: list[str] = []
        for term in self._flatten(terms):
            if not isinstance(term, str) or not term:
                raise AnsibleLookupError(f"ecs_command_id: the name of a command must be a string, not {term!r}")
            names.append(str(term))
        try:
            # ansible-core adds the last one in loops
            refuse_unknown(self, kwargs.keys() - {"wantlist"})
            refuse_unusable_options(self)
            refuse_unusable({}, {"_terms": names})
            found = self._find(names)
        except CloudError as error:
            # ansible-core 2.19 and later append each cause, and the message contains it already
            raise AnsibleLookupError(f"ecs_command_id: {error}") from None
        chosen = [record for name in names if (record := self._choose(name, found[name])) is not None]
        return chosen if self.get_option("return") == "record" else [record["command_id"] for record in chosen]

    def _find(self, names: list[str]) -> dict[str, list[Record]]:
        """Return the records of each name, from what the play has read already where it has."""
        options = connection_options(self.get_option)
        tags = check_tags(self.get_option("tags") or {})
        filters = {name: self.get_option(name) for name in ("type", "resource_group_id")} | {"tags": tags}
        refuse_missing(options["api_generation"], filters)
        client = connect(options)
        narrowed = ", with the filters given" if any(filters.values()) else ""
        self._where = f"in {client.region}{narrowed}"
        content = self.get_option("return") == "record"
        play = play_id()
        if play is None:
            return commands_by_name(client, names, filters, None, content=content)
        shown = {name: value for name, value in options.items() if name not in NOT_IN_KEY}
        cache = PlayCache({"options": shown, "filters": filters, "content": content}, play)
        with cache.opened() as document:
            return commands_by_name(client, names, filters, document, content=content)

    def _choose(self, name: str, records: list[Record]) -> Record | None:
        """Return the record of that name, or None where the name is to be left out. Raises AnsibleError."""
        if len(records) == 1:
            return records[0]
        if records:
            ids = ", ".join(record["command_id"] for record in records)
            return self._decide("on_many", f"{len(records)} commands {self._where} are named {name!r}: {ids}", records)
        return self._decide("on_missing", f"there is no command named {name!r} {self._where}", records)

    def _decide(self, option: str, problem: str, records: list[Record]) -> Record | None:
        action = self.get_option(option)
        if action == "error":
            raise AnsibleLookupError(f"ecs_command_id: {problem}")
        if action == "latest":
            return max(records, key=lambda record: record["created_at"])
        if action == "warn":
            display.warning(f"ecs_command_id: {problem}")
        return None
