# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory source, loaded by Ansible itself and fed with instances instead of requests."""

from __future__ import annotations

import sys

import pytest
import yaml
from ansible import template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import connection_loader, inventory_loader
from ansible.template import Templar
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.inventory_records import host_record

NAME = "cloudops.cloud_assistant.ecs"


def instance(number, name="", tags=None, online=True, **row):
    row = {
        "InstanceId": f"i-{number}",
        "InstanceName": name or f"node-{number}",
        "VpcAttributes": {"PrivateIpAddress": {"IpAddress": [f"10.0.0.{number}"]}},
        "OSType": "linux",
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in (tags or {}).items()]},
        **row,
    }
    agent = {
        "InstanceId": row["InstanceId"],
        "CloudAssistantStatus": str(online).lower(),
        "CloudAssistantVersion": "2.2.3.964" if online else "",
    }
    return host_record(row, agent, "cn-hangzhou", True)


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Return ``build(records, **options)``, which parses a source of these options; ``build.reads`` lists readings."""

    def parse(records, *, refresh=False, inventory=None, **options):
        path = tmp_path / "fleet.ecs.yml"
        path.write_text(yaml.safe_dump({"plugin": NAME, "regions": ["cn-hangzhou"], **options}))
        plugin = inventory_loader.get(NAME)

        def read_fleet(connect, regions, filters, *, agents):
            parse.reads.append((tuple(regions), dict(filters)))
            return records

        monkeypatch.setattr(sys.modules[type(plugin).__module__], "read_fleet", read_fleet)
        inventory = InventoryData() if inventory is None else inventory
        assert plugin.verify_file(str(path))
        plugin.parse(inventory, DataLoader(), str(path), cache=not refresh)
        if options.get("cache"):
            plugin.update_cache_if_changed()
        return inventory

    parse.reads = []
    return parse


def groups_of(inventory):
    return {
        name: sorted(host.name for host in group.hosts)
        for name, group in inventory.groups.items()
        if name not in ("all", "ungrouped")
    }


def test_only_files_of_its_own_names_are_taken(tmp_path):
    plugin = inventory_loader.get(NAME)
    for name in ("a.ecs.yml", "a.ecs.yaml", "a.yml", "ecs.yml.bak", "a.aws_ec2.yml"):
        (tmp_path / name).write_text("plugin: x")
    taken = [path.name for path in sorted(tmp_path.iterdir()) if plugin.verify_file(str(path))]
    assert taken == ["a.ecs.yaml", "a.ecs.yml"]
    assert not plugin.verify_file(str(tmp_path / "missing.ecs.yml"))


def test_hosts_are_named_by_id_and_reached_by_private_address(build):
    inventory = build([instance(1, tags={"role": "web"})])
    host = inventory.get_host("i-1").get_vars()
    assert host["ansible_host"] == "10.0.0.1"
    assert host["cloud_assistant"]["online"] is True
    assert host["instance_tags"] == {"role": "web"}
    assert "tags" not in host, "Ansible reserves this name and warns of it"


def test_a_host_without_any_address_stays(build):
    records = [instance(1, VpcAttributes={})]
    assert "ansible_host" not in build(records, connect_with="public_ip").get_host("i-1").get_vars()
    assert build(records, connect_with="instance_id").get_host("i-1").get_vars()["ansible_host"] == "i-1"


def test_the_first_name_that_is_not_empty_wins(build):
    records = [instance(1, tags={"Name": "web-1"}), instance(2, HostName="host-2"), instance(3)]
    names = build(records, hostnames=["tag:Name", "host_name", "{{ instance_name | upper }}"]).hosts
    assert sorted(names) == ["NODE-3", "host-2", "web-1"]


def test_templates_see_tags_and_other_variables(build):
    names = build([instance(1, tags={"role": "db"})], hostnames=["{{ tags.role }}-{{ private_ip }}"]).hosts
    assert list(names) == ["db-10.0.0.1"]


def test_a_template_that_fails_gives_way_or_stops_all_under_strict(build):
    records = [instance(1)]
    assert list(build(records, hostnames=["{{ nothing.here }}", "instance_name"]).hosts) == ["node-1"]
    with pytest.raises(AnsibleParserError, match="no host name for i-1"):
        build(records, hostnames=["{{ nothing.here }}"], strict=True)


def test_values_from_the_cloud_are_never_templates(build):
    trap = "{{ lookup('ansible.builtin.env', 'HOME') }}"
    records = [instance(1, name=trap, tags={"role": trap})]
    inventory = build(
        records, hostnames=["instance_name"], compose={"seen": "instance_name"}, keyed_groups=[{"key": "tags"}]
    )
    assert list(inventory.hosts) == [trap]
    assert str(inventory.get_host(trap).get_vars()["seen"]) == trap


def test_a_host_named_by_the_cloud_is_never_a_template_where_plays_use_its_name(build):
    trap = "web-{{ 40 + 2 }}"
    for host in build([instance(1, name=trap), instance(2)], hostnames=["instance_name"]).hosts.values():
        # Ansible makes the variable inventory_hostname of the name
        templar = Templar(DataLoader(), variables={"inventory_hostname": host.name})
        expression = getattr(template, "trust_as_template", str)("{{ inventory_hostname }}")
        assert str(templar.template(expression)) == host.name


def test_an_entry_of_hostnames_that_means_nothing_is_refused_before_reading(build):
    with pytest.raises(AnsibleParserError, match="hostnames: 'privat_ip' is not a variable"):
        build([instance(1)], hostnames=["privat_ip"])
    assert build.reads == []


def test_two_hosts_of_one_name_are_an_error_or_go_by_their_ids(build, capsys):
    records = [instance(1, name="web"), instance(2, name="web"), instance(3, name="db")]
    with pytest.raises(AnsibleParserError, match=r"same name \(web: i-1, i-2\)"):
        build(records, hostnames=["instance_name"])
    inventory = build(records, hostnames=["instance_name"], duplicates="instance_id")
    assert sorted(inventory.hosts) == ["db", "i-1", "i-2"]
    assert "web: i-1, i-2" in " ".join(capsys.readouterr().err.split())


def test_only_online_leaves_out_the_silent(build):
    records = [instance(1), instance(2, online=False)]
    assert list(build(records, only_online=True).hosts) == ["i-1"]
    with pytest.raises(AnsibleParserError, match="only_online"):
        build(records, only_online=True, agent=False)


def test_prefix_compose_groups_and_keyed_groups(build):
    records = [instance(1, tags={"role": "web"}), instance(2, tags={"role": "db"}, online=False)]
    inventory = build(
        records,
        hostvars_prefix="ecs_",
        hostnames=["ecs_instance_name"],
        compose={"ansible_host": "ecs_instance_id", "rack": "ecs_private_ip.split('.')[-1]"},
        groups={"silent": "not ecs_cloud_assistant.online"},
        keyed_groups=[{"prefix": "tag", "key": "tags"}, {"prefix": "os", "key": "ecs_os_type"}],
    )
    host = inventory.get_host("node-1").get_vars()
    assert (host["ecs_instance_id"], host["ansible_host"], host["rack"]) == ("i-1", "i-1", "1")
    assert "instance_id" not in host
    assert groups_of(inventory) == {
        "silent": ["node-2"],
        "tag_role_web": ["node-1"],
        "tag_role_db": ["node-2"],
        "os_linux": ["node-1", "node-2"],
    }


def test_a_failing_expression_under_strict_leaves_no_half_inventory(build):
    inventory = InventoryData()
    inventory.add_host("other")
    records = [instance(1, tags={"role": "web"}), instance(2)]
    with pytest.raises(Exception, match="i-2"):
        build(records, inventory=inventory, strict=True, keyed_groups=[{"key": "tags.role", "prefix": "role"}])
    assert list(inventory.hosts) == ["other"]
    assert groups_of(inventory) == {}
    assert sorted(build(records, keyed_groups=[{"key": "tags.role", "prefix": "role"}]).hosts) == ["i-1", "i-2"]


def test_the_cache_answers_until_what_is_read_changes(build, tmp_path):
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = build([instance(1)], **cached)
    again = build([instance(1), instance(2)], **cached)
    assert list(first.hosts) == list(again.hosts) == ["i-1"]
    assert first.get_host("i-1").get_vars() == again.get_host("i-1").get_vars()
    assert len(build.reads) == 1
    # what is made of the answers applies at once
    assert list(build([], hostnames=["instance_name"], **cached).hosts) == ["node-1"]
    assert len(build.reads) == 1
    # other regions, filters or accounts are another answer
    for change in ({"regions": ["cn-beijing"]}, {"filters": {"status": "Running"}}, {"access_key_id": "other"}):
        build([], **{**cached, **change})
    assert len(build.reads) == 4
    # a refresh reads anew and keeps what it read
    assert list(build([instance(9)], refresh=True, **cached).hosts) == ["i-9"]
    assert list(build([], **cached).hosts) == ["i-9"]


def test_regions_come_from_the_region_option_and_options_are_templated(build, monkeypatch):
    monkeypatch.setenv("TEST_REGION", "cn-beijing")
    build([], regions=None, region="cn-shanghai")
    build([], regions=["{{ lookup('ansible.builtin.env', 'TEST_REGION') }}"], filters={"name": "{{ 'we' ~ 'b*' }}"})
    assert build.reads == [(("cn-shanghai",), {}), (("cn-beijing",), {"name": "web*"})]
    monkeypatch.delenv("ALIBABA_CLOUD_REGION_ID", raising=False)
    with pytest.raises(AnsibleParserError, match="regions: give at least one"):
        build([], regions=None)


@pytest.mark.parametrize("name", ["all", "ungrouped", "localhost", "127.0.0.1", "::1", "tag_role_web", "red", "old"])
def test_a_name_that_ansible_uses_otherwise_is_never_a_hosts(build, capsys, name):
    records = [instance(1, name=name, tags={"role": "web"}), instance(2, name="fine", tags={"role": "web"})]
    options = {
        "hostnames": ["instance_name"],
        "keyed_groups": [{"prefix": "tag", "key": "tags"}],
        "groups": {"red": "true"},
    }
    known = InventoryData()
    known.add_group("old")
    with pytest.raises(
        AnsibleParserError, match=rf"give instances the name of a group or of this host \({name}: i-1\)"
    ):
        build(records, inventory=known, **options)
    assert not known.hosts
    built = build(records, duplicates="instance_id", inventory=known, **options)
    assert sorted(built.hosts) == ["fine", "i-1"]
    assert groups_of(built)["tag_role_web"] == ["fine", "i-1"]
    assert "give instances the name of a group or of this host; these instances are named by their IDs" in " ".join(
        capsys.readouterr().err.split()
    )


def test_expressions_exclude_instances(build):
    records = [instance(1, tags={"stage": "test"}), instance(2, OSType="windows"), instance(3)]
    built = build(records, exclude=["tags.stage is defined", "os_type == 'windows'", "no_such_thing.at_all"])
    assert sorted(built.hosts) == ["i-3"]
    assert not build(records, exclude=["x_os_type in ['linux', 'windows']"], hostvars_prefix="x_").hosts
    with pytest.raises(AnsibleParserError, match=r"exclude: 'no_such_thing\.at_all' fails for i-1"):
        build(records, exclude=["no_such_thing.at_all"], strict=True)


def test_connecting_by_id_goes_through_cloud_assistant(build):
    variables = build([instance(1)], connect_with="instance_id", hostvars_prefix="x_").get_host("i-1").vars
    assert variables["ansible_host"] == "i-1"
    assert variables["ansible_connection"] == "cloudops.cloud_assistant.ecs_assistant"
    assert variables["ansible_ecs_assistant_region"] == "cn-hangzhou"
    assert "ansible_connection" not in build([instance(1)]).get_host("i-1").vars


def test_workers_inherit_the_connection_plugin(build, monkeypatch):
    asked = []
    monkeypatch.setattr(connection_loader, "get", lambda name, **options: asked.append((name, options)))
    build([instance(1)])
    assert not asked
    build([instance(1)], connect_with="instance_id")
    assert asked == [("cloudops.cloud_assistant.ecs_assistant", {"class_only": True})]


def test_names_of_groups_follow_the_users_setting(build, monkeypatch):
    keyed = {"keyed_groups": [{"prefix": "tag", "key": "tags"}]}
    records = [instance(1, tags={"role": "web-1"})]
    assert "tag_role_web_1" in groups_of(build(records, **keyed))
    monkeypatch.setenv("ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS", "never")
    assert "tag_role_web-1" in groups_of(build(records, **keyed))


def test_all_must_stand_alone(build):
    with pytest.raises(AnsibleParserError, match="regions: all must be the only entry"):
        build([], regions=["all", "cn-hangzhou"])


# tags that Ansible's own JSON reads as marks: of data, of a vault, of a type
MARKS = dict.fromkeys(("__ansible_unsafe", "__ansible_vault", "__ansible_type"), "$ANSIBLE_VAULT;1.1;AES256\n3132")


@pytest.fixture
def kept(build, tmp_path):
    """Return the options of a cached source and the file in which its one reading is kept."""
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    build([instance(1, tags=MARKS)], **cached)
    (file,) = (tmp_path / "cache").iterdir()
    return cached, file


@pytest.mark.parametrize("mark", MARKS)
def test_no_tag_makes_a_cache_unreadable(build, tmp_path, mark):
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    for _time in range(2):
        host = build([instance(1, tags={mark: MARKS[mark]})], **cached).get_host("i-1")
        assert host.get_vars()["instance_tags"] == {mark: MARKS[mark]}
    assert len(build.reads) == 1


def test_an_unusable_cache_is_read_again(build, kept):
    cached, file = kept
    whole = file.read_text()
    unusable = {
        "empty": "",
        "cut off": whole[: len(whole) // 2],
        "not text": "\udcff",
        "a list": "[]",
        "a text": '"x"',
        "of another program": '{"hosts": [{"instance_id": "i-7"}]}',
        "of another version": whole.replace("0.1.0", "0.0.9"),
        "changed by hand": whole.replace("10.0.0.1", "10.0.0.9"),
        # as of 2.19 ansible-core wraps what it keeps
        "wrapped": '{"__payload__": "[1]"}',
        "wrapped, without rows": '{"__payload__": "{\\"records\\": null}"}',
    }
    for what, text in unusable.items():
        file.write_text(text, errors="surrogateescape")
        build.reads.clear()
        assert list(build([instance(2)], **cached).hosts) == ["i-2"], what
        assert list(build([], **cached).hosts) == ["i-2"], what
        assert len(build.reads) == 1, what


def test_a_cache_that_cannot_be_opened_is_named(build, kept, capsys):
    cached, file = kept
    file.unlink()
    file.mkdir()
    assert list(build([instance(2)], **cached).hosts) == ["i-2"]
    # before 2.19 ansible-core gives the warning itself
    warnings = " ".join(capsys.readouterr().err.split())
    assert "cannot be read, so that the cloud is asked" in warnings or "while trying to read" in warnings


def test_every_option_may_be_a_template_and_keeps_its_type(build, monkeypatch, tmp_path):
    for name, value in {"REGIONS": "cn-beijing, cn-shanghai", "NO": "false", "YES": "true", "MANY": "7"}.items():
        monkeypatch.setenv(f"TEST_{name}", value)

    def env(name):
        return f"{{{{ lookup('ansible.builtin.env', 'TEST_{name}') }}}}"

    seen = []

    def connection_options(get_option):
        seen.append({name: get_option(name) for name in ("validate_certs", "max_retries")})
        return {"region": None}

    module = sys.modules[type(inventory_loader.get(NAME)).__module__]
    monkeypatch.setattr(module, "connection_options", connection_options)
    offline = [instance(1), instance(2, online=False)]
    built = build(
        offline, regions=env("REGIONS"), only_online=env("YES"), validate_certs=env("YES"), max_retries=env("MANY")
    )
    assert list(built.hosts) == ["i-1"]
    assert build.reads == [(("cn-beijing", "cn-shanghai"), {})]
    assert seen == [{"validate_certs": True, "max_retries": 7}]
    assert len(build(offline, only_online=env("NO")).hosts) == 2
    build(offline, regions="{{ ['cn-wulanchabu'] + ['cn-heyuan'] }}")
    assert build.reads[-1][0] == ("cn-wulanchabu", "cn-heyuan")
    for text in ('{"status": "Running"}', "status=Running"):
        monkeypatch.setenv("TEST_FILTERS", text)
        build(offline, filters=env("FILTERS"))
        assert build.reads[-1] == (("cn-hangzhou",), {"status": "Running"})
    monkeypatch.setenv("TEST_FILTERS", "[1]")
    # before 2.19 a template that gives a list becomes one, and ansible-core refuses it
    with pytest.raises(AnsibleError, match=r"filters\b.*dictionary"):
        build(offline, filters=env("FILTERS"))
    folder = tmp_path / "kept"
    monkeypatch.setenv("TEST_FOLDER", str(folder))
    build(offline, cache=True, cache_plugin="jsonfile", cache_connection=env("FOLDER"))
    assert list(folder.iterdir())


def test_options_see_extra_variables(build, monkeypatch):
    extra = {"where": "cn-heyuan"}
    monkeypatch.setattr("ansible.plugins.inventory.load_extra_vars", lambda loader: extra)
    build([instance(1)], regions=["{{ where }}"])
    assert build.reads == [(("cn-heyuan",), {})]
    with pytest.raises(AnsibleParserError, match="regions: .*nowhere"):
        build([instance(1)], regions=["{{ nowhere }}"])


def test_an_option_that_does_not_exist_is_refused(build):
    with pytest.raises(AnsibleParserError, match="exlude: is not an option of this plugin; did you mean exclude"):
        build([instance(1)], exlude=["os_type == 'linux'"])
    assert build.reads == []
    # aliases and the options of ansible-core's own fragments exist
    build([instance(1)], region_id="cn-beijing", use_extra_vars=True, cache=False)


@pytest.mark.parametrize("prefix", ["", "ecs_"])
def test_two_sources_never_share_a_host(build, capsys, prefix):
    inventory = build([instance(1, name="web"), instance(2, name="db")], hostnames=["instance_name"])
    options = {"hostnames": ["instance_name"], "hostvars_prefix": prefix, "inventory": inventory}
    # Ansible gives each warning once
    number = 70 + len(prefix)
    others = [instance(number, name="web"), instance(8, name="cache")]
    with pytest.raises(AnsibleParserError, match=rf"same name \(web: i-{number}, and i-1 of another source\)"):
        build(others, **options)
    assert sorted(inventory.hosts) == ["db", "web"]
    build(others, duplicates="instance_id", **options)
    assert sorted(inventory.hosts) == ["cache", "db", f"i-{number}", "web"]
    assert f"web: i-{number}, and i-1 of another source" in " ".join(capsys.readouterr().err.split())
    # an instance that two sources list is one host, and so is one that a file of hosts knows
    build([instance(1, name="web")], **options)
    known = InventoryData()
    known.add_host("web")
    assert list(build(others[:1], hostnames=["instance_name"], inventory=known).hosts) == ["web"]


@pytest.mark.parametrize("name", ["we\nb", "\x1b[31mred", "../../etc/x", "/etc/x", "a/../b", " ", "we\u202eb"])
def test_a_name_that_no_host_can_have_is_not_given(build, capsys, name):
    records = [instance(1, tags={"Name": name}), instance(2, tags={"Name": "team/web"})]
    with pytest.raises(AnsibleParserError, match=r"names that no host can have \(.*i-1\)") as caught:
        build(records, hostnames=["tag:Name"])
    assert str(caught.value).isprintable()
    assert sorted(build(records, hostnames=["tag:Name"], duplicates="instance_id").hosts) == ["i-1", "team/web"]
    assert "named by their IDs" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("template", ["{{ none }}", "{{ private_ips }}", "{{ instance_tags }}", "{{ '' }}"])
def test_a_template_without_a_text_names_no_host(build, template):
    assert list(build([instance(1)], hostnames=[template, "instance_name"]).hosts) == ["node-1"]


def test_names_of_variables_need_no_template_engine(build, monkeypatch):
    asked = []
    original = Templar.template
    monkeypatch.setattr(Templar, "template", lambda self, value, **more: asked.append(value) or original(self, value))
    records = [instance(1, tags={"role": "[1, 2]", "items": "x"})]
    keyed = [{"prefix": "role", "key": "tags.role"}, {"prefix": "items", "key": "tags['items']"}]
    compose = {"role": "instance_tags.role", "again": "tags.items", "deletion_protection": "true"}
    conditions = {"online": "cloud_assistant.online", "off": "cloud_assistant.nothing", "kept": "deletion_protection"}
    built = build(records, compose=compose, keyed_groups=keyed, groups=conditions)
    # a condition sees the composed variables
    assert {"online", "kept"} < set(groups_of(built)) and "off" not in groups_of(built)
    assert built.get_host("i-1").get_vars()["role"] == "[1, 2]"
    assert "role__1__2_" in groups_of(built)
    assert not any("tags.role" in str(value) for value in asked)


@pytest.mark.parametrize("prefix", ["ecs-", "1", "a b", "é", "{", "x.y"])
def test_a_prefix_that_makes_no_variable_is_refused(build, prefix):
    with pytest.raises(AnsibleParserError, match="hostvars_prefix: .* cannot start the name of a variable"):
        build([instance(1)], hostvars_prefix=prefix)
    assert build.reads == []
