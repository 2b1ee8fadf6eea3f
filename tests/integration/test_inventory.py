# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory source through ansible-inventory and ansible-playbook, as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections import Counter

import pytest
import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import connect
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.inventory_records import read_fleet
from playbook_runner import ansible_environment
from support.patience import HANG_GUARD

PLUGIN = "cloudops.cloud_assistant.ecs"


def row(number, region="cn-hangzhou", **more):
    return {"id": f"i-{region[3:]}-{number:03d}", "name": f"node-{number:03d}", "region": region, **more}


FLEET = [
    *(row(number, tags={"role": "web" if number % 2 else "db", "Name": f"h{number:03d}"}) for number in range(150)),
    *(row(number, "cn-shanghai", vpc_id="vpc-other", instance_type="ecs.c7.xlarge") for number in range(90)),
    *(row(number, "cn-beijing", resource_group_id="rg-east", security_group_ids=["sg-east"]) for number in range(5)),
    row(900, "cn-beijing", status="Stopped"),
    row(901, "cn-beijing", agent={"installed": False}),
    row(902, "cn-beijing", agent={"online": False, "version": "2.2.3.100"}),
    row(903, "cn-beijing", os_type="windows", public_ip="203.0.113.9"),
    row(904, "cn-beijing", network_type="classic", name="{{ 7 * 7 }}"),
]
REGIONS = ["cn-hangzhou", "cn-shanghai", "cn-beijing"]


@pytest.fixture
def cloud(emulator):
    emulator.reset(fleet=FLEET)
    yield emulator
    emulator.reset(instances=12)


@pytest.fixture
def inventory(cloud, tmp_path):
    """Run ansible-inventory on a source with these options; return the finished process."""

    def run(*arguments, env=None, name="fleet.ecs.yml", **options):
        source = tmp_path / name
        source.write_text(yaml.safe_dump({"plugin": PLUGIN, "regions": REGIONS, **options}))
        strict = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
        return subprocess.run(
            ["ansible-inventory", "-i", str(source), *(arguments or ["--list"])],
            cwd=tmp_path,
            env=ansible_environment(tmp_path, {**cloud.env(), **strict, **(env or {})}),
            capture_output=True,
            text=True,
            timeout=HANG_GUARD,
            check=False,
        )

    return run


def plain(value):
    """Return the value without the marks by which ansible-inventory tells data from templates."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    return value["__ansible_unsafe"] if list(value) == ["__ansible_unsafe"] else {k: plain(v) for k, v in value.items()}


def hostvars(done):
    assert done.returncode == 0, done.stderr
    return plain(json.loads(done.stdout)["_meta"]["hostvars"])


def calls(cloud):
    return Counter(request["action"] for request in cloud.requests())


def test_all_regions_whole_in_the_fewest_calls(inventory, cloud):
    found = hostvars(inventory())
    assert sorted(found) == sorted(entry["id"] for entry in FLEET)
    assert calls(cloud) == {"DescribeInstances": 4, "DescribeCloudAssistantStatus": 4}
    assert found["i-shanghai-007"]["region"] == "cn-shanghai"
    assert found["i-hangzhou-001"]["instance_tags"] == {"role": "web", "Name": "h001"}
    states = {name: found[f"i-beijing-{name}"]["cloud_assistant"] for name in ("000", "900", "901", "902")}
    assert [state["online"] for state in states.values()] == [True, False, False, False]
    assert states["000"]["version"].startswith("2.2.")
    assert "49" not in found["i-beijing-904"]["instance_name"], "a name from the cloud is no template"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"tags": {"role": "web"}}, 75),
        ({"vpc_id": "vpc-other"}, 90),
        ({"status": "Stopped"}, 1),
        ({"name": "node-00*"}, 25),
        ({"resource_group_id": "rg-east"}, 5),
        ({"security_group_id": "sg-east"}, 5),
        ({"instance_type": "ecs.c7.xlarge"}, 90),
        ({"instance_ids": ["i-beijing-001", "i-hangzhou-001"]}, 2),
        ({"network_type": "classic"}, 1),
        ({"tags": {"role": "web"}, "name": "node-149"}, 1),
        ({"vpc_id": "vpc-of-nobody"}, 0),
    ],
)
def test_filters_are_applied_by_the_service(cloud, filters, expected):
    keys = {name: cloud.ready[name] for name in ("access_key_id", "access_key_secret", "endpoint")}
    found = read_fleet(lambda region: connect({**keys, "region": region}), REGIONS, filters, agents=False)
    assert len(found) == expected
    assert {request["action"] for request in cloud.requests()} == {"DescribeInstances"}


def test_graph_groups_names_and_variables(inventory):
    done = inventory(
        "--graph",
        regions=["cn-hangzhou"],
        filters={"name": "node-00*"},
        hostnames=["tag:Name"],
        keyed_groups=[{"prefix": "role", "key": "tags.role"}],
        groups={"early": "instance_name < 'node-003'"},
    )
    assert done.returncode == 0, done.stderr
    graph = [line.strip("| ") for line in done.stdout.splitlines()]
    for line in ("--@role_web:", "--@role_db:", "--@early:", "--h000", "--h009"):
        assert line in graph
    assert graph.count("--h000") == 2 and graph.count("--h009") == 1


def test_online_hosts_connected_by_id_with_composed_variables(inventory):
    found = hostvars(
        inventory(
            regions=["cn-beijing"],
            only_online=True,
            connect_with="instance_id",
            hostvars_prefix="ecs_",
            compose={"zone_letter": "ecs_zone_id[-1]"},
        )
    )
    assert sorted(found) == [f"i-beijing-{number:03d}" for number in (0, 1, 2, 3, 4, 903, 904)]
    assert found["i-beijing-000"]["ansible_host"] == "i-beijing-000"
    assert found["i-beijing-000"]["zone_letter"] in "abc"
    assert found["i-beijing-903"]["ecs_os_type"] == "windows"


def test_public_addresses_and_hosts_without_one(inventory):
    found = hostvars(inventory(regions=["cn-beijing"], connect_with="public_ip", filters={"status": "Running"}))
    assert found["i-beijing-903"]["ansible_host"] == "203.0.113.9"
    assert "ansible_host" not in found["i-beijing-000"]
    assert found["i-beijing-904"]["private_ip"]


def test_secrets_may_be_templates(inventory, cloud):
    env = cloud.env()
    moved = {"MY_ID": env["ALIBABA_CLOUD_ACCESS_KEY_ID"], "MY_SECRET": env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]}
    keys = {name: f"{{{{ lookup('ansible.builtin.env', '{name}') }}}}" for name in moved}
    options = {"access_key_id": keys["MY_ID"], "access_key_secret": keys["MY_SECRET"], "regions": ["cn-beijing"]}
    blank = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "wrong", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong"}
    assert len(hostvars(inventory(env={**blank, **moved}, **options))) == 10
    done = inventory("--list", "-vvvv", env={**blank, **moved, "MY_SECRET": "s3cr3t-value"}, **options)
    assert done.returncode != 0
    assert "s3cr3t-value" not in done.stdout + done.stderr


def test_a_cache_hit_asks_nothing(inventory, cloud, tmp_path):
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = hostvars(inventory(**cached))
    before = calls(cloud)
    assert hostvars(inventory(**cached)) == first
    assert calls(cloud) == before
    hostvars(inventory("--list", "--flush-cache", **cached))
    assert calls(cloud) == before + before


def test_transient_faults_lose_no_host(inventory, cloud):
    cloud.faults(
        [
            {"action": "DescribeInstances", "kind": "throttle", "nth": [2], "retry_after_ms": 20},
            {"action": "DescribeInstances", "kind": "drop_after", "nth": [3]},
            {"action": "DescribeCloudAssistantStatus", "kind": "truncate", "nth": [1]},
            {"action": "DescribeCloudAssistantStatus", "kind": "status", "status": 503, "nth": [3]},
        ]
    )
    found = hostvars(inventory())
    assert len(found) == len(FLEET)
    assert found["i-hangzhou-149"]["cloud_assistant"]["online"] is True


@pytest.mark.parametrize("action", ["DescribeInstances", "DescribeCloudAssistantStatus"])
def test_lasting_throttling_is_an_error_and_never_half_an_inventory(inventory, cloud, action):
    # the first calls succeed, so that there is something to lose
    cloud.faults([{"action": action, "kind": "throttle", "nth": list(range(3, 40)), "retry_after_ms": 1}])
    done = inventory(max_retries=1)
    assert done.returncode != 0
    assert "Throttling" in done.stderr
    assert "region cn-" in done.stderr
    lenient = inventory(max_retries=1, env={"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "false"})
    assert hostvars(lenient) == {}


def test_bad_options_are_refused_before_any_request(inventory, cloud):
    for options, named in (
        ({"filters": {"nmae": "x"}}, "filters.nmae"),
        ({"hostnames": ["nothing"]}, "hostnames"),
        ({"only_online": True, "agent": False}, "only_online"),
    ):
        done = inventory(**options)
        assert done.returncode != 0
        assert named in done.stderr
    assert cloud.requests() == []


def test_two_instances_of_one_name_are_reported_by_their_ids(inventory):
    done = inventory(hostnames=["instance_name"])
    assert done.returncode != 0
    assert "node-000: i-hangzhou-000, i-shanghai-000, i-beijing-000" in " ".join(done.stderr.split())
    found = hostvars(inventory(hostnames=["instance_name"], duplicates="instance_id"))
    assert len(found) == len(FLEET)
    assert {"i-beijing-000", "node-149"} <= set(found)


def test_two_sources_of_one_inventory_never_share_a_host(inventory, tmp_path):
    other = tmp_path / "b.ecs.yml"
    other.write_text(yaml.safe_dump({"plugin": PLUGIN, "regions": ["cn-shanghai"], "hostnames": ["instance_name"]}))
    options = {"regions": ["cn-hangzhou"], "hostnames": ["instance_name"], "name": "a.ecs.yml"}
    done = inventory("--list", "-i", str(other), **options)
    assert done.returncode != 0
    assert "node-000: i-shanghai-000, and i-hangzhou-000 of another source" in " ".join(done.stderr.split())


def test_a_secret_that_cannot_be_decrypted_is_an_error_of_the_source(inventory, cloud, tmp_path):
    source = tmp_path / "vault.ecs.yml"
    vault = "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n"
    source.write_text(f"plugin: {PLUGIN}\nregions: [cn-hangzhou]\naccess_key_secret: {vault}")
    done = inventory("--list", "-i", str(source), regions=["cn-beijing"])
    assert done.returncode != 0
    assert "probably a bug" not in done.stderr
    assert "ecrypt" in done.stderr


def test_other_file_names_are_left_to_other_plugins(inventory, cloud):
    done = inventory(name="fleet.yml")
    assert done.returncode != 0
    assert cloud.requests() == []


def test_a_playbook_runs_over_the_fleet_without_warnings(cloud, playbook, tmp_path):
    source = tmp_path / "fleet.ecs.yml"
    source.write_text(
        yaml.safe_dump(
            {
                "plugin": PLUGIN,
                "regions": ["cn-beijing"],
                "keyed_groups": [{"prefix": "os", "key": "os_type"}],
                "connect_with": "instance_id",
            }
        )
    )
    text = """
- hosts: os_linux
  gather_facts: false
  tasks:
    - name: Count
      ansible.builtin.assert:
        that:
          - groups['os_windows'] == ['i-beijing-903']
          - ansible_play_hosts_all | length == 9
      run_once: true
    - name: Read again after a change
      ansible.builtin.meta: refresh_inventory
"""
    result = playbook(text, env={**cloud.env(), "ANSIBLE_INVENTORY": str(source)})
    assert result.rc == 0, result.output
    assert "reserved name" not in result.output
    assert "WARNING" not in result.output
    assert calls(cloud)["DescribeInstances"] == 2


def test_every_region_and_several_values_of_a_tag(inventory, cloud):
    run = inventory(regions="all", filters={"tags": {"role": ["web", "db"]}}, exclude=["tags.role == 'db'"])
    assert run.returncode == 0, run.stderr
    hosts = json.loads(run.stdout)["_meta"]["hostvars"]
    assert len(hosts) == 75
    actions = Counter(row["action"] for row in cloud.requests())
    assert actions["DescribeRegions"] == 1
