# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory source: ECS instances of several regions with the state of their agents."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ecs
short_description: ECS instances with the state of their Cloud Assistant agents
version_added: "0.1.0"
author: cloudops.cloud_assistant contributors (@cloudops)
description:
  - Reads the ECS instances of one or more regions, side by side, in pages of 100, and joins in what Cloud Assistant
    knows of each agent.
  - The inventory is whole or there is none. Throttling and lost replies are retried; when a region still cannot be
    read, the source fails. Ansible itself then goes on with the other sources unless
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) is set, which is recommended with any inventory of a cloud.
  - The configuration file's name must end in C(.ecs.yml) or C(.ecs.yaml).
  - Values that come from the cloud (names, tags) are never templated.
requirements:
  - requests
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba.plugins
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [cloudops.cloud_assistant.ecs]
  regions:
    description:
      - The regions to read, for example V(cn-hangzhou).
      - Without it O(region) is read.
    type: list
    elements: str
  filters:
    description:
      - Which instances to read, decided by the service. An instance must pass every filter.
      - V(charge_type) is V(PostPaid) or V(PrePaid), V(network_type) is V(vpc) or V(classic), V(status) is V(Pending),
        V(Running), V(Starting), V(Stopping) or V(Stopped).
      - V(name) may hold the wildcard V(*). V(tags) is a dictionary of at most 20, in which an empty value matches any.
        V(instance_ids) is a list of at most 100.
      - The other keys are V(image_id), V(instance_type), V(instance_type_family), V(key_pair_name),
        V(resource_group_id), V(security_group_id), V(vpc_id), V(vswitch_id) and V(zone_id).
      - The service finds at most 1,000 instances by tag or by resource group. Where a region has that many, the whole
        region is read and these two filters are applied here, so that no instance is missed.
    type: dict
    default: {}
  agent:
    description:
      - Join in the agent's state as the variable C(cloud_assistant), with C(online), C(installed) (it was heard of at
        some time), C(version) (empty where it does not run) and C(last_heartbeat). It costs one more request for each
        100 instances.
    type: bool
    default: true
  only_online:
    description:
      - Leave out the instances whose agent has not been heard of within the last two minutes.
      - Requires O(agent=true).
    type: bool
    default: false
  hostnames:
    description:
      - How hosts are named, best first. The first entry that gives a non-empty text wins.
      - An entry is the name of a variable of the host (for example V(instance_name), V(private_ip), V(host_name)),
        V(tag:KEY) for the value of a tag, or a Jinja2 template such as V({{ tags.role }}-{{ instance_id }}).
      - When all come out empty the host is named by its instance id.
    type: list
    elements: str
    default: [instance_id]
  duplicates:
    description:
      - What to do when O(hostnames) gives two instances the same name.
      - With V(fail) there is no inventory, and the error names the instances.
      - With V(instance_id) each of them is named by its instance id, with a warning.
    type: str
    choices: [fail, instance_id]
    default: fail
  hostvars_prefix:
    description:
      - Text that is put before the name of each variable, for example V(ecs_) for C(ecs_instance_id).
      - In O(compose), O(groups), O(keyed_groups) and templates the variables have the prefix too. Names in O(hostnames)
        may have it.
      - The variable C(ansible_host) never has it.
    type: str
    default: ""
  connect_with:
    description:
      - What C(ansible_host) is set to.
      - A host that has no such address gets no C(ansible_host), and stays in the inventory.
      - V(instance_id) is for connections through Cloud Assistant, which need no address.
    type: str
    choices: [private_ip, public_ip, instance_id]
    default: private_ip
notes:
  - The permission C(ecs:DescribeInstances) is needed, and C(ecs:DescribeCloudAssistantStatus) unless O(agent=false).
  - The variables of a host are C(instance_id), C(instance_name), C(host_name), C(description), C(region),
    C(zone_id), C(status), C(os_type), C(os_name), C(instance_type), C(instance_type_family), C(cpu), C(memory) (MiB),
    C(image_id), C(network_type), C(vpc_id), C(vswitch_id), C(private_ip), C(private_ips), C(public_ip), C(public_ips)
    (elastic addresses included), C(ipv6_addresses), C(security_group_ids), C(resource_group_id), C(key_pair_name),
    C(charge_type), C(creation_time), C(expired_time), C(deletion_protection), C(instance_tags) and
    C(cloud_assistant).
  - They are those of M(cloudops.cloud_assistant.ecs_instance_info), but for C(name) and C(tags), which Ansible
    keeps for itself. Expressions may say C(tags) for C(instance_tags) all the same.
  - With a cache the answers of the cloud are kept, not the result. Changed names, groups or variables apply at once;
    changed regions, filters or credentials read anew.
seealso:
  - module: cloudops.cloud_assistant.ecs_instance_info
  - module: cloudops.cloud_assistant.ecs_agent_info
"""

EXAMPLES = r"""
# web.ecs.yml: running web servers that Cloud Assistant can reach, named by their Name tag.
# Only plugin and regions are required; without keys the credentials come from the environment.
plugin: cloudops.cloud_assistant.ecs
regions: [cn-hangzhou, cn-shanghai]
access_key_id: "{{ lookup('ansible.builtin.env', 'DEPLOY_KEY_ID') }}"
access_key_secret: "{{ lookup('ansible.builtin.env', 'DEPLOY_KEY_SECRET') }}"
filters:
  status: Running
  vpc_id: vpc-bp1example
  tags:
    role: web
only_online: true
hostnames:
  - tag:Name
  - "{{ instance_name }}-{{ instance_id }}"
duplicates: instance_id
connect_with: instance_id
compose:
  rack: zone_id | regex_replace('.*-', '')
groups:
  windows: os_type == 'windows'
  old_agent: cloud_assistant.version is version('2.2.3.600', '<')
keyed_groups:
  - prefix: tag
    key: tags
  - prefix: region
    key: region
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/ansible/ecs
cache_timeout: 600
strict: true
"""

import hashlib
import json
import re
from typing import Any

from ansible import template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils.alibaba.options import connect
from ..module_utils.common.errors import CloudError, InputError
from ..plugin_utils.fleet import HOST_VARIABLES, read_fleet
from ..plugin_utils.options import connection_options, template_value

SUFFIXES = (".ecs.yml", ".ecs.yaml")
TAG = re.compile(r"tag:(?P<key>.+)")
# a brace of Jinja's marks, or a header that gives it other marks
TEMPLATE = re.compile(r"[{}]|^#jinja2:")


def as_data(value: Any) -> Any:
    """Return the value so that nothing in it is ever taken for a template.

    A text that cannot be a template stays plain, or is marked as harmless, so that ansible-inventory prints it as it
    is. Any other is printed in a form of its own, with which AWX cannot compare (community.general, issue 8212).
    """
    if isinstance(value, dict):
        return {key if is_harmless(key) else _as_data(key): as_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_data(item) for item in value]
    return _as_data(value)


def is_harmless(text: str) -> bool:
    """Whether no setting and no header can make a template of the text."""
    return not TEMPLATE.search(text)


def _as_data(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if hasattr(template, "trust_as_template"):
        # from ansible-core 2.19 on only what is marked as such is a template
        return template.trust_as_template(value) if is_harmless(value) else value
    from ansible.utils.unsafe_proxy import wrap_var

    return value if is_harmless(value) else wrap_var(value)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The inventory source ``cloudops.cloud_assistant.ecs``."""

    NAME = "cloudops.cloud_assistant.ecs"

    def verify_file(self, path: str) -> bool:
        """Whether the path is a readable file of this plugin."""
        return bool(super().verify_file(path)) and path.endswith(SUFFIXES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the hosts of the file at ``path`` to the inventory; on any error none of them."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            self._check_preferences(self.get_option("hostnames"))
            records = self._records(path, cache)
            hosts = self._names(records)
        except CloudError as error:
            raise AnsibleParserError(str(error)) from error
        self._populate(hosts)

    def _records(self, path: str, cache: bool) -> list[dict[str, Any]]:
        """Return the host records, from the cache when it may be used and has them."""
        options = connection_options(self.get_option, templar=self.templar)
        regions = template_value(self.templar, self.get_option("regions"))
        if not regions and options["region"]:
            regions = [options["region"]]
        filters = template_value(self.templar, self.get_option("filters"))
        agents = self.get_option("agent")
        if not regions:
            raise InputError("regions", "name at least one region, here or by region")
        if self.get_option("only_online") and not agents:
            raise InputError("only_online", "needs the agents' states, which agent: false leaves out")
        source = {
            "regions": regions,
            "filters": filters,
            "agent": agents,
            # whose instances they are, without keeping a secret in a file name
            "account": [options.get(name) for name in ("access_key_id", "profile", "assume_role", "endpoint")],
        }
        digest = hashlib.sha256(json.dumps(source, sort_keys=True, default=str).encode()).hexdigest()[:16]
        key = f"{self.get_cache_key(path)}_{digest}"
        keep = self.get_option("cache")
        if keep and cache:
            try:
                return self._cache[key]["hosts"]
            except KeyError:
                self.display.vvv(f"{path}: nothing in the cache, or too old")
        records = read_fleet(lambda region: connect({**options, "region": region}), regions, filters, agents=agents)
        if keep:
            self._cache[key] = {"hosts": records}
        return records

    def _check_preferences(self, preferences: list[str]) -> None:
        """Raise InputError for an entry of ``hostnames`` that no host can answer to."""
        prefix = self.get_option("hostvars_prefix")
        for preference in preferences:
            if (
                preference.removeprefix(prefix) not in HOST_VARIABLES
                and not TAG.match(preference)
                and "{{" not in preference
            ):
                raise InputError(
                    "hostnames",
                    f"{preference!r} is neither a variable, nor tag:KEY, nor a template; "
                    f"the variables are {', '.join(sorted(HOST_VARIABLES))}",
                )

    def _names(self, records: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """Return each host's name with its record, in order; raise InputError for names that are not unique."""
        preferences = self.get_option("hostnames")
        only_online = self.get_option("only_online")
        hosts: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            if not only_online or record["cloud_assistant"]["online"]:
                hosts.setdefault(self._hostname(preferences, record), []).append(record)
        shared = {name: same for name, same in hosts.items() if len(same) > 1}
        if shared:
            listed = "; ".join(
                f"{name}: {', '.join(record['instance_id'] for record in same)}" for name, same in shared.items()
            )
            if self.get_option("duplicates") == "fail":
                raise InputError("hostnames", f"give several instances the same name ({listed})")
            self.display.warning(f"Instances of the same name are named by their ids ({listed})")
        return [
            (record["instance_id"] if name in shared else name, record)
            for name, same in hosts.items()
            for record in same
        ]

    def _variables(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the host's variables under the names that the user chose, none of them a template."""
        prefix = self.get_option("hostvars_prefix")
        variables = {prefix + name: value for name, value in record.items()}
        connect_with = self.get_option("connect_with")
        if record[connect_with]:
            variables["ansible_host"] = record[connect_with]
        return as_data(variables)

    def _hostname(self, preferences: list[str], record: dict[str, Any]) -> str:
        """Return the first non-empty name that the preferences give, else the instance id."""
        variables: dict[str, Any] = {}
        for preference in preferences:
            tag = TAG.match(preference)
            if tag:
                name = record["instance_tags"].get(tag["key"])
            elif "{{" in preference:
                variables = variables or expression_variables(self._variables(record), record)
                name = self._template_name(preference, variables, record)
            else:
                name = record.get(preference.removeprefix(self.get_option("hostvars_prefix")))
            if name and not isinstance(name, (dict, list)):
                return str(name)
        return str(record["instance_id"])

    def _template_name(self, template: str, variables: dict[str, Any], record: dict[str, Any]) -> str:
        """Return what a template says; where it fails nothing, or under ``strict`` an error."""
        self.templar.available_variables = variables
        try:
            return str(self.templar.template(template)).strip()
        except AnsibleError as error:
            if self.get_option("strict"):
                problem = f"could not name {record['instance_id']} by {template!r}: {error}"
                raise AnsibleParserError(problem) from error
            return ""

    def _populate(self, hosts: list[tuple[str, dict[str, Any]]]) -> None:
        """Add the hosts with variables and groups; take back all of them when an expression fails under ``strict``."""
        known_hosts, known_groups = set(self.inventory.hosts), set(self.inventory.groups)
        try:
            for name, record in hosts:
                self._add(name, record)
        except Exception:
            self._take_back(known_hosts, known_groups)
            raise

    def _take_back(self, known_hosts: set[str], known_groups: set[str]) -> None:
        """Remove every host and group but those known."""
        for name in set(self.inventory.hosts) - known_hosts:
            self.inventory.remove_host(self.inventory.hosts[name])
        for name in set(self.inventory.groups) - known_groups:
            # remove_group means the name in some releases of ansible-core and the group in others
            group = self.inventory.groups.pop(name)
            for host in self.inventory.hosts.values():
                host.remove_group(group)
            for parent in self.inventory.groups.values():
                if group in parent.child_groups:
                    parent.child_groups.remove(group)

    def _add(self, name: str, record: dict[str, Any]) -> None:
        """Add one host."""
        strict = self.get_option("strict")
        variables = self._variables(record)
        # inventory_hostname is a variable too
        name = as_data(name)
        self.inventory.add_host(name)
        for key, value in variables.items():
            self.inventory.set_variable(name, key, value)
        seen = expression_variables(variables, record)
        self._set_composite_vars(self.get_option("compose"), seen, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), seen, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), seen, name, strict=strict)


def expression_variables(variables: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """Return what expressions see: the host's variables, and its tags under their short name."""
    return {**variables, "tags": as_data(record["instance_tags"])}
