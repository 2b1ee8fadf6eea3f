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
  - Reads the ECS instances of one or more regions concurrently, in pages of 100, and adds the state of their Cloud
    Assistant agents.
  - The inventory is complete or the source fails; partial inventories are never returned. Throttled requests and
    requests whose replies were lost are retried. When a source fails, Ansible continues with the other sources unless
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) is set, which is recommended for every cloud inventory.
  - The name of the configuration file must end in C(.ecs.yml) or C(.ecs.yaml).
  - Values that come from the cloud (names, tags) are never templated.
  - The value of every option can be a Jinja2 template, for example with the lookup P(ansible.builtin.env#lookup), and
    can use extra variables. The templates of O(hostnames), O(exclude), O(compose), O(groups) and O(keyed_groups) are
    evaluated for each host, all others once. An option that does not exist is an error.
requirements:
  - requests
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba
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
      - The regions to read, for example V(cn-hangzhou). By default only O(region) is read.
      - V(all) reads all regions that the account may use. The regions are looked up in O(region), or in
        V(cn-hangzhou).
    type: list
    elements: str
  filters:
    description:
      - Which instances to read. An instance must pass every filter.
      - V(charge_type) is V(PostPaid) or V(PrePaid), V(network_type) is V(vpc) or V(classic), V(status) is V(Pending),
        V(Running), V(Starting), V(Stopping) or V(Stopped).
      - V(name) can contain the wildcard V(*). V(instance_ids) is a list of at most 100.
      - V(tags) is a dictionary of at most 20 tags. An empty value matches any value, and a list matches each of its
        values.
      - The other keys are V(image_id), V(instance_type), V(instance_type_family), V(key_pair_name),
        V(resource_group_id), V(security_group_id), V(vpc_id), V(vswitch_id) and V(zone_id).
      - The service finds at most 1,000 instances by tag or by resource group. In a region with that many, all instances
        are read and these two filters are applied on the controller, so that no instance is missed.
    type: dict
    default: {}
  exclude:
    description:
      - Jinja2 expressions, such as V(status != 'Running') or V(tags.stage is defined). An instance for which at least
        one expression is true is left out of the inventory.
      - An expression that fails is treated as false, unless O(strict=true).
    type: list
    elements: str
    default: []
  agent:
    description:
      - Whether to add the state of the agent as the variable C(cloud_assistant), with C(online), C(installed) (whether
        the agent has ever contacted the service), C(version) (empty if the agent is not running) and C(last_heartbeat).
      - It takes one request per 100 instances.
    type: bool
    default: true
  only_online:
    description:
      - Whether to leave out instances whose agent has not sent a heartbeat for more than two minutes.
      - Requires O(agent=true).
    type: bool
    default: false
  hostnames:
    description:
      - Templates for host names, in order of preference; the first one with a non-empty result is used.
      - An entry is the name of a variable of the host (for example V(instance_name), V(private_ip), V(host_name)),
        V(tag:KEY) for the value of a tag, or a Jinja2 template such as V({{ tags.role }}-{{ instance_id }}).
      - If every result is empty, the instance ID is used.
    type: list
    elements: str
    default: [instance_id]
  duplicates:
    description:
      - What to do if O(hostnames) gives two instances the same name, even if another source of this plugin lists one of
        them, or gives an instance a name that no host can have. Such names are V(all), V(ungrouped), V(localhost),
        V(127.0.0.1), V(::1), the names of groups, names with control characters, and paths that start with C(/) or
        contain C(..).
      - With V(fail) the source fails, and the error names the instances.
      - With V(instance_id) each of these instances is named by its instance ID, with a warning.
    type: str
    choices: [fail, instance_id]
    default: fail
  hostvars_prefix:
    description:
      - Prefix for the name of each variable, for example V(ecs_) for C(ecs_instance_id).
      - O(compose), O(groups), O(keyed_groups), O(exclude) and templates see the variables with the prefix. Names in
        O(hostnames) can have it.
      - The variables C(ansible_host) and C(ansible_connection) never have it.
    type: str
    default: ""
  connect_with:
    description:
      - How Ansible connects to the hosts. V(private_ip) and V(public_ip) set C(ansible_host) to that address. A host
        without such an address stays in the inventory and gets no C(ansible_host).
      - V(instance_id) connects through Cloud Assistant, which needs no address and no SSH. It sets C(ansible_host) to
        the instance ID, C(ansible_connection) to P(cloudops.cloud_assistant.ecs_assistant#connection), and the region
        of that plugin. Credentials for the connection come from the environment or from variables.
      - O(compose) can override these variables.
    type: str
    choices: [private_ip, public_ip, instance_id]
    default: private_ip
notes:
  - The permission C(ecs:DescribeInstances) is required, C(ecs:DescribeCloudAssistantStatus) unless O(agent=false), and
    C(ecs:DescribeRegions) for O(regions=all).
  - The variables of a host are C(instance_id), C(instance_name), C(host_name), C(description), C(region),
    C(zone_id), C(status), C(os_type), C(os_name), C(instance_type), C(instance_type_family), C(cpu), C(memory) (MiB),
    C(image_id), C(network_type), C(vpc_id), C(vswitch_id), C(private_ip), C(private_ips), C(public_ip), C(public_ips)
    (elastic addresses included), C(ipv6_addresses), C(security_group_ids), C(resource_group_id), C(key_pair_name),
    C(charge_type), C(creation_time), C(expired_time), C(deletion_protection), C(instance_tags) and
    C(cloud_assistant).
  - The variables have the same names as the keys of M(cloudops.cloud_assistant.ecs_instance_info), except for C(name)
    and C(tags), which Ansible reserves. Expressions can nevertheless use C(tags) instead of C(instance_tags).
  - The cache holds the replies of the cloud, not the inventory. Changes to names, groups, variables and exclusions take
    effect at once; changes to regions, filters or credentials cause a new read, and so does a cache that is damaged or
    was written by another version of the collection.
  - Characters that are not valid in group names are replaced by underscores, depending on
    E(ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS) or the setting of the same name.
seealso:
  - plugin: cloudops.cloud_assistant.ecs_assistant
    plugin_type: connection
  - module: cloudops.cloud_assistant.ecs_instance_info
  - module: cloudops.cloud_assistant.ecs_agent_info
"""

EXAMPLES = r"""
# web.ecs.yml: running web servers that Cloud Assistant can reach, named by their Name tag.
# Only plugin and regions are required. Without keys, the credentials come from the environment.
plugin: cloudops.cloud_assistant.ecs
regions: [cn-hangzhou, cn-shanghai]
access_key_id: "{{ lookup('ansible.builtin.env', 'DEPLOY_KEY_ID') }}"
access_key_secret: "{{ lookup('ansible.builtin.env', 'DEPLOY_KEY_SECRET') }}"
filters:
  status: Running
  vpc_id: vpc-bp1example
  tags:
    role: [web, proxy]
exclude:
  - tags.stage | default('') == 'retired'
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
from collections.abc import Mapping
from typing import Any

from ansible import constants, template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils.alibaba.options import connect
from ..module_utils.common.arguments import refuse_unusable
from ..module_utils.common.errors import CloudError, InputError
from ..plugin_utils.inventory_cache import Records, pack, unpack
from ..plugin_utils.inventory_names import RESERVED, own, owners, unique_names
from ..plugin_utils.inventory_records import HOST_VARIABLES, all_regions, read_fleet
from ..plugin_utils.options import connection_options, refuse_unknown, refuse_unusable_options
from ..plugin_utils.preload import CONNECTION, preload_connection

SUFFIXES = (".ecs.yml", ".ecs.yaml")
ALL_REGIONS = "all"
DEFAULT_REGION = "cn-hangzhou"
"""Where the regions are looked up for a source that names none."""
PER_HOST = frozenset({"compose", "exclude", "groups", "hostnames", "keyed_groups"})
"""Options whose templates and expressions are evaluated for each host."""
PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
"""An expression that only names a variable, or a key in it."""
TAG = re.compile(r"tag:(?P<key>.+)")
# a brace of Jinja's marks, or a header that gives it other marks
TEMPLATE = re.compile(r"[{}]|^#jinja2:")


def as_data(value: Any) -> Any:
    """Return the value so that nothing in it is ever taken for a template.

    A text that cannot be a template stays plain, or is marked as harmless, so that ansible-inventory prints it
    unchanged. Any other is printed in a form of its own, with which AWX cannot compare (community.general, issue 8212).
    """
    if isinstance(value, dict):
        return {key if is_harmless(key) else _as_data(key): as_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_data(item) for item in value]
    return _as_data(value)


def is_harmless(text: str) -> bool:
    """Return whether no setting and no header can make a template of the text."""
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

    # whether the user has left the setting TRANSFORM_INVALID_GROUP_CHARS unset
    _names_unset = True

    def _sanitize_group_name(self, name: str) -> str:
        """Return a valid name for a group, or what the user's setting TRANSFORM_INVALID_GROUP_CHARS makes of it."""
        return str(to_safe_group_name(name, force=self._names_unset, silent=self._names_unset))

    def verify_file(self, path: str) -> bool:
        """Return whether the path is a readable file of this plugin."""
        return bool(super().verify_file(path)) and path.endswith(SUFFIXES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the hosts of the file at ``path`` to the inventory; on any error none of them."""
        super().parse(inventory, loader, path, cache)
        # once, as each host is in several groups
        _value, origin = constants.config.get_config_value_and_origin("TRANSFORM_INVALID_GROUP_CHARS")
        self._names_unset = origin == "default"
        try:
            self._read_config_data(path)
            refuse_unusable_options(self)
            self._check_names(self.get_option("hostnames"))
            _check_texts("exclude", self.get_option("exclude"))
            records = self._records(path, cache)
            self._populate_uniquely([record for record in records if not self._excluded(record)])
        except CloudError as error:
            # ansible-core 2.19 and later append each cause, and the message contains it already
            raise AnsibleParserError(str(error)) from None
        if self.get_option("connect_with") == "instance_id":
            preload_connection()

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Take the options of a source, every template in them resolved but those that are meant for each host.

        Ansible converts the values of a plugin to their types and leaves templates to the plugin: too late for a list
        or a boolean. Raises InputError naming an option that does not exist or whose template fails.
        """
        if direct:
            refuse_unknown(self, direct)
            direct = {name: self._resolved(name, value) for name, value in direct.items()}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def _resolved(self, name: str, value: Any) -> Any:
        if name in PER_HOST:
            return value
        self.templar.available_variables = self._vars
        try:
            value = self.templar.template(value) if self.templar.is_template(value) else value
        except AnsibleError as error:
            raise InputError(name, str(error)) from error
        return self._dictionary(name, value)

    def _dictionary(self, name: str, value: Any) -> Any:
        """Return the dictionary that a text stands for, as modules take it: a variable of the environment is text."""
        definition = self.option_definitions.get(name, {})
        if not isinstance(value, str) or definition.get("type") != "dict":
            return value
        refuse_unusable({name: {"type": "dict"}}, {name: value})
        try:
            return check_type_dict(value)
        except TypeError as error:
            raise InputError(name, "is not a valid dictionary") from error

    def _records(self, path: str, cache: bool) -> Records:
        """Return the host records, from the cache when it may be used and has them."""
        options = connection_options(self.get_option)
        regions = self.get_option("regions")
        if not regions and options["region"]:
            regions = [options["region"]]
        filters = self.get_option("filters")
        agents = self.get_option("agent")
        if not regions:
            raise InputError("regions", "give at least one region, here or in the option region")
        _check_texts("regions", regions)
        if ALL_REGIONS in regions and len(regions) > 1:
            raise InputError("regions", "all must be the only entry")
        if self.get_option("only_online") and not agents:
            raise InputError("only_online", "requires the state of the agents, which agent: false omits")
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
        kept = self._kept(path, key) if keep and cache else None
        if kept is not None:
            return kept
        if regions == [ALL_REGIONS]:
            regions = all_regions(connect({**options, "region": options["region"] or DEFAULT_REGION}))
        records = read_fleet(lambda region: connect({**options, "region": region}), regions, filters, agents=agents)
        if keep:
            self._cache[key] = pack(records)
        return records

    def _kept(self, path: str, key: str) -> Records | None:
        """Return the host records in the cache; None if it has none that can be used."""
        try:
            records = unpack(self._cache[key])
        except KeyError:
            self.display.vvv(f"{path}: the cache is empty or has expired")
            return None
        except Exception as error:
            # each cache plugin, and each release of ansible-core, has errors of its own
            self.display.warning(f"{path}: the cache cannot be read, so that the cloud is asked: {error}")
            return None
        if records is None:
            self.display.vvv(f"{path}: the cache is damaged or was written by another version")
        return records

    def _check_names(self, preferences: list[str]) -> None:
        """Raise InputError for an entry of ``hostnames`` that cannot name a host, and for a prefix of no variable."""
        prefix = self.get_option("hostvars_prefix")
        if prefix and not (prefix.isascii() and prefix.isidentifier()):
            problem = "it must consist of letters, digits and underscores, and not start with a digit"
            raise InputError("hostvars_prefix", f"{prefix!r} cannot start the name of a variable; {problem}")
        _check_texts("hostnames", preferences)
        for preference in preferences:
            if (
                preference.removeprefix(prefix) not in HOST_VARIABLES
                and not TAG.match(preference)
                and "{{" not in preference
            ):
                raise InputError(
                    "hostnames",
                    f"{preference!r} is not a variable, tag:KEY or a template; "
                    f"the variables are {', '.join(sorted(HOST_VARIABLES))}",
                )

    def _excluded(self, record: dict[str, Any]) -> bool:
        """Return whether the options leave the instance out. Under ``strict`` a failing expression is an error."""
        if self.get_option("only_online") and not record["cloud_assistant"]["online"]:
            return True
        expressions = self.get_option("exclude")
        variables = expression_variables(self._variables(record), record) if expressions else {}
        return any(self._is_true(expression, variables, record) for expression in expressions)

    def _is_true(self, expression: str, variables: dict[str, Any], record: dict[str, Any]) -> bool:
        try:
            return boolean(self._compose(expression, variables), strict=False)
        except Exception as error:
            # any error of an expression, as with groups
            if self.get_option("strict"):
                problem = f"exclude: {expression!r} fails for {record['instance_id']}: {error}"
                raise AnsibleParserError(problem) from error
            return False

    def _populate_uniquely(self, records: list[dict[str, Any]]) -> None:
        """Add the hosts under names of their own; on any error none of them.

        The groups that hosts lead to are known only once the hosts are added, and a host named like one of them makes
        ansible-core fail in various ways.
        """
        before = set(self.inventory.hosts), set(self.inventory.groups)
        taken = RESERVED | before[1]
        owned = owners(self.inventory.hosts)
        named = self._named(records)
        while True:
            hosts = unique_names(named, taken, owned, self._report)
            failure = self._populate(hosts)
            groups = set(self.inventory.groups)
            clashes = {name for name, _record in hosts if name in groups} - taken
            if failure or clashes:
                self._take_back(*before)
            if not clashes:
                break
            taken |= groups
        if failure:
            raise failure
        for name, record in hosts:
            own(self.inventory.hosts[name], record["instance_id"])

    def _named(self, records: Records) -> list[tuple[str, dict[str, Any]]]:
        """Return each record with the name that the options want for its host."""
        preferences = self.get_option("hostnames")
        return [(self._hostname(preferences, record), record) for record in records]

    def _report(self, problem: str, names: str) -> None:
        """Raise InputError for names that cannot be used or, as ``duplicates`` wants, warn about them."""
        if self.get_option("duplicates") == "fail":
            raise InputError("hostnames", f"give {problem} ({names})")
        self.display.warning(f"hostnames give {problem}; these instances are named by their IDs ({names})")

    def _variables(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the host's variables under the names that the user chose, none of them a template."""
        prefix = self.get_option("hostvars_prefix")
        variables = {prefix + name: value for name, value in record.items()}
        connect_with = self.get_option("connect_with")
        if record[connect_with]:
            variables["ansible_host"] = record[connect_with]
        if connect_with == "instance_id":
            variables.update(ansible_connection=CONNECTION, ansible_ecs_assistant_region=record["region"])
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

    def _template_name(self, template: str, variables: dict[str, Any], record: dict[str, Any]) -> Any:
        """Return the value of a template; nothing if it fails, or under ``strict`` an error."""
        self.templar.available_variables = variables
        try:
            value = self.templar.template(template)
            return value.strip() if isinstance(value, str) else value
        except AnsibleError as error:
            if self.get_option("strict"):
                problem = f"no host name for {record['instance_id']} by {template!r}: {error}"
                raise AnsibleParserError(problem) from error
            return ""

    def _compose(self, template: Any, variables: Mapping[str, Any], *more: Any, **options: Any) -> Any:
        """Return the value of an expression."""
        value = None if self.get_option("use_extra_vars") else plain_value(template, variables)
        return super()._compose(template, variables, *more, **options) if value is None else value

    def _add_host_to_composed_groups(
        self, groups: Any, variables: Mapping[str, Any], host: str, **options: Any
    ) -> None:
        """Add the host to the groups whose conditions are true."""
        known = {**variables, **self.inventory.get_host(host).vars}
        others = {}
        for name, condition in (groups or {}).items():
            value = plain_value(condition, known)
            if not isinstance(value, bool):
                others[name] = condition
            elif value:
                self.inventory.add_child(self.inventory.add_group(self._sanitize_group_name(name)), host)
        super()._add_host_to_composed_groups(others, variables, host, **options)

    def _populate(self, hosts: list[tuple[str, dict[str, Any]]]) -> Exception | None:
        """Add the hosts with variables and groups; return what stopped it, as an expression under ``strict`` does."""
        try:
            for name, record in hosts:
                self._add(name, record)
        except Exception as error:
            return error
        return None

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


def plain_value(expression: Any, variables: Mapping[str, Any]) -> Any:
    """Return the value of an expression that only names a variable, or a key in one; None for any other.

    It needs no template engine, which takes milliseconds per expression and host.
    """
    if not isinstance(expression, str) or not PLAIN.fullmatch(expression):
        return None
    value: Any = variables
    for name in expression.split("."):
        # the template engine prefers the methods of a dictionary to its keys
        value = value.get(name) if isinstance(value, dict) and not hasattr(value, name) else None
    return value


def _check_texts(option: str, values: list[Any]) -> None:
    """Raise InputError for an entry that is not text: Ansible leaves the entries of a plugin's lists unchecked."""
    wrong = [value for value in values if not isinstance(value, str)]
    if wrong:
        raise InputError(option, f"must be a list of strings; {wrong[0]!r} is not a string")


def expression_variables(variables: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """Return what expressions see: the host's variables, and its tags under their short name."""
    return {**variables, "tags": as_data(record["instance_tags"])}
