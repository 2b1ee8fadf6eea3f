# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWX definition files are what AWX accepts, and ask for what the playbooks really take."""

from __future__ import annotations

import copy
import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.cloudops.cloud_assistant.plugins.doc_fragments.alibaba import ModuleDocFragment as Alibaba
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.options import ALIBABA_OPTIONS
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.huawei.options import HUAWEI_OPTIONS

from awx import rules
from awx.stand_in import StandIn, stand_in

PLAYBOOKS = rules.REPOSITORY / "playbooks"
DEFINITIONS = rules.load_definitions()
TEMPLATES = DEFINITIONS["job_templates"]
# what every AWX has
BUILT_IN = [{"name": "Default", "type": "organization"}]


def nodes() -> list[dict[str, Any]]:
    """Return the nodes of all workflows."""
    return [node for item in DEFINITIONS["workflow_job_templates"] for node in item["related"]["workflow_nodes"]]


def every_asset() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each asset with its resource, nodes of workflows included."""
    for resource, assets in DEFINITIONS.items():
        for asset in assets:
            yield resource, asset
    for node in nodes():
        yield "workflow_job_template_nodes", node


def references(value: Any) -> Iterator[dict[str, Any]]:
    """Return every natural key within the value."""
    if isinstance(value, dict):
        if "type" in value and ("name" in value or "identifier" in value) and not {"variable", "id"} & set(value):
            yield value
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def variables_of(playbook: str) -> dict[str, dict[str, Any]]:
    """Return the variables that a playbook takes, each with its option in the role's argument specification, if any."""
    [play] = yaml.safe_load((PLAYBOOKS / playbook).read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = dict.fromkeys(play.get("vars", {}), {})
    text = (PLAYBOOKS / playbook).read_text(encoding="utf-8").split("- name:", 1)[1]
    for name in play.get("vars_files", []):
        text += (PLAYBOOKS / name).read_text(encoding="utf-8").split("\n\n", 1)[1]
    # what an expression of the play reads without defining it
    for expression in re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL):
        found |= {name: {} for name in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", expression) if name not in found}
    for role in play.get("roles", []):
        name = role["role"].rpartition(".")[2]
        roles = PLAYBOOKS / "roles" if (PLAYBOOKS / "roles" / name).is_dir() else rules.REPOSITORY / "roles"
        path = roles / name / "meta" / "argument_specs.yml"
        found |= yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    return found


def test_every_field_is_one_that_awx_takes():
    problems = []
    for resource, asset in every_asset():
        fields = {key: value for key, value in asset.items() if key not in ("natural_key", "related")}
        problems += [f"{resource} {asset.get('name')}: {problem}" for problem in rules.check_fields(resource, fields)]
        problems += [
            f"{resource} {asset.get('name')}: no related {name}"
            for name in asset.get("related", {})
            if name not in rules.RESOURCES[resource].get("related", {})
        ]
    assert problems == []


def test_fields_of_job_templates_are_known_to_awxkit():
    pages = {
        "job_templates": ("job_templates", "JobTemplate"),
        "projects": ("projects", "Project"),
        "inventory_sources": ("inventory", "InventorySource"),
        "workflow_job_templates": ("workflow_job_templates", "WorkflowJobTemplate"),
    }
    # set through arguments of their own, or newer than the client's convenience for tests
    apart = {
        "name",
        "description",
        "project",
        "inventory",
        "organization",
        "playbook",
        "job_type",
        "source",
        "source_project",
        "execution_environment",
        "default_environment",
        "scm_type",
        "scm_url",
        "extra_vars",
        "enabled_var",
        "enabled_value",
    }
    for resource, (module, name) in pages.items():
        page = getattr(importlib.import_module(f"awxkit.api.pages.{module}"), name)
        known = {
            word for constant in page.payload.__code__.co_consts if isinstance(constant, tuple) for word in constant
        } | {constant for constant in page.payload.__code__.co_consts if isinstance(constant, str)}
        used = {field for asset in DEFINITIONS[resource] for field in asset} - {"natural_key", "related"} - apart
        assert used <= known, resource


def test_natural_keys_are_the_assets_own():
    for resource, asset in every_asset():
        key = asset["natural_key"]
        assert key["type"] == rules.RESOURCES[resource]["type"]
        for field in (
            "name",
            "kind",
            "identifier",
            "organization",
            "credential_type",
            "inventory",
            "workflow_job_template",
        ):
            if field in key and field in asset:
                assert key[field] == asset[field], (resource, key)


def test_every_reference_resolves_within_the_files():
    known = [asset["natural_key"] for _resource, asset in every_asset()] + BUILT_IN
    missing = [key for _resource, asset in every_asset() for key in references(asset) if key not in known]
    assert missing == []
    keys = [json.dumps(key, sort_keys=True) for key in known]
    assert len(keys) == len(set(keys))


def test_credential_types_are_valid():
    for item in DEFINITIONS["credential_types"]:
        assert rules.check_credential_type(item["inputs"], item["injectors"]) == []


@pytest.mark.parametrize(("name", "options"), [("Alibaba Cloud", ALIBABA_OPTIONS), ("Huawei Cloud", HUAWEI_OPTIONS)])
def test_injected_variables_are_read_by_the_options_of_their_meaning(name: str, options: dict[str, Any]):
    [item] = [item for item in DEFINITIONS["credential_types"] if item["name"] == name]
    for variable, template in item["injectors"]["env"].items():
        readers = [key for key, option in options.items() if variable in (option.get("fallback") or (None, []))[1]]
        assert template == f"{{{{ {readers[0]} }}}}", variable
    # every input arrives somewhere, and what Ansible hides AWX encrypts
    assert {f"{{{{ {field['id']} }}}}" for field in item["inputs"]["fields"]} == set(item["injectors"]["env"].values())
    for field in item["inputs"]["fields"]:
        assert bool(field.get("secret")) == bool(options[field["id"]].get("no_log")), field["id"]


def test_the_inventory_plugin_also_reads_the_injected_variables():
    [item] = [item for item in DEFINITIONS["credential_types"] if item["name"] == "Alibaba Cloud"]
    read = {
        entry["name"]
        for option in yaml.safe_load(Alibaba.PLUGINS)["options"].values()
        for entry in option.get("env", [])
    }
    assert set(item["injectors"]["env"]) <= read


def test_a_credential_hides_its_secrets_in_the_record_of_a_job():
    for item in DEFINITIONS["credential_types"]:
        inputs = {field["id"]: f"value of {field['id']}" for field in item["inputs"]["fields"]}
        environment, shown = rules.inject(item, inputs)
        secrets = [inputs[field["id"]] for field in item["inputs"]["fields"] if field.get("secret")]
        assert set(secrets) <= set(environment.values())
        recorded = json.dumps(rules.recorded_environment(environment, shown))
        assert not any(secret in recorded for secret in secrets)


def test_every_playbook_has_a_job_template_and_the_other_way_round():
    playbooks = sorted(f"playbooks/{path.name}" for path in PLAYBOOKS.glob("*.yml"))
    assert sorted(template["playbook"] for template in TEMPLATES) == playbooks


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda item: item["name"])
def test_the_survey_is_valid_and_asks_for_variables_of_the_playbook(template: dict[str, Any]):
    assert template["survey_enabled"] is True
    assert rules.check_survey(template["related"]["survey_spec"]) == []
    known = variables_of(template["playbook"].rpartition("/")[2])
    for question in rules.survey_of(template):
        assert question["variable"] in known, question["variable"]
        option = known[question["variable"]]
        if option.get("choices") and question["type"] == "multiplechoice":
            assert set(question["choices"]) <= set(map(str, option["choices"]))
        if option.get("type") == "bool":
            assert question["choices"] == ["true", "false"]
        if option.get("no_log"):
            assert question["type"] == "password"
        if "default" in option and "default" in question and option.get("type") in ("int", "bool"):
            assert str(question["default"]).lower() == str(option["default"]).lower(), question["variable"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda item: item["name"])
def test_what_a_role_requires_the_survey_requires(template: dict[str, Any]):
    asked = {question["variable"]: question for question in rules.survey_of(template)}
    required = {
        name for name, option in variables_of(template["playbook"].rpartition("/")[2]).items() if option.get("required")
    }
    [play] = yaml.safe_load((rules.REPOSITORY / template["playbook"]).read_text(encoding="utf-8"))
    given = set(play.get("vars", {})) | {name for role in play.get("roles", []) for name in role}
    assert {name for name in required - given if not asked.get(name, {}).get("required")} == set()


def test_a_playbook_for_localhost_is_not_sliced():
    """Each slice would do all of it."""
    for template in TEMPLATES:
        [play] = yaml.safe_load((rules.REPOSITORY / template["playbook"]).read_text(encoding="utf-8"))
        sliced = template.get("job_slice_count", 1) > 1 or template.get("ask_job_slice_count_on_launch", False)
        assert sliced == (play["hosts"] != "localhost"), template["name"]


def test_a_workflow_gives_variables_that_its_job_templates_ask_for():
    asked = {
        template["name"]: [question["variable"] for question in rules.survey_of(template)] for template in TEMPLATES
    }
    for workflow in DEFINITIONS["workflow_job_templates"]:
        assert rules.check_survey(workflow["related"]["survey_spec"]) == []
        wanted = [asked[node["unified_job_template"]["name"]] for node in workflow["related"]["workflow_nodes"]]
        for question in rules.survey_of(workflow):
            assert any(question["variable"] in variables for variables in wanted), question["variable"]


# --- an import, by AWX's own client


@pytest.fixture
def awx() -> Iterator[StandIn]:
    """Return a stand-in for AWX with nothing but its organization."""
    with stand_in() as server:
        yield server


def import_all(server: StandIn, changes: dict[str, Any] | None = None) -> Any:
    """Import the definition files in their order as ``awx import`` does. Return the client, which knows of errors."""
    from awxkit import config
    from awxkit.api import Api
    from awxkit.api.client import Connection

    config.base_url = server.url
    config.assume_untrusted = False
    config.client_connection_attempts = 1
    root = Api(Connection(server.url, verify=False))
    client = root.get().available_versions.v2.get()
    client._has_error = False
    for path in rules.definition_files():
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        for resource, assets in data.items():
            for asset in assets:
                asset.update(copy.deepcopy((changes or {}).get(f"{resource} {asset['name']}", {})))
        client.import_assets(data)
    return client


def test_awxkit_imports_everything(awx: StandIn):
    client = import_all(awx)
    assert awx.refusals == []
    assert not client._has_error
    for resource, assets in DEFINITIONS.items():
        assert awx.names(resource) == sorted(asset["name"] for asset in assets)
    for template in TEMPLATES:
        [item] = [item for item in awx.objects["job_templates"] if item["name"] == template["name"]]
        assert item["project"] and item["inventory"] and item["execution_environment"]
        assert awx.surveys["job_templates", item["id"]] == template["related"]["survey_spec"]
        wanted = [credential["name"] for credential in template["related"]["credentials"]]
        assert awx.linked("job_templates", template["name"], "credentials") == wanted
    [project] = awx.objects["projects"]
    assert project["default_environment"] == awx.objects["execution_environments"][0]["id"]
    assert awx.linked("inventory_sources", "ECS", "credentials") == ["Alibaba Cloud"]
    nodes_of = "workflow_job_template_nodes"
    assert awx.linked(nodes_of, "agents", "success_nodes") == ["canary"]
    assert awx.linked(nodes_of, "canary", "success_nodes") == ["fleet"]


def test_a_second_import_makes_nothing_new(awx: StandIn):
    import_all(awx)
    before = {resource: len(items) for resource, items in awx.objects.items()}
    client = import_all(awx)
    assert awx.refusals == []
    assert not client._has_error
    assert {resource: len(items) for resource, items in awx.objects.items()} == before


@pytest.mark.parametrize(
    ("asset", "change"),
    [
        ("job_templates Quickstart", {"playbook": "playbooks/none.yml"}),
        ("job_templates Quickstart", {"verbosity": 9}),
        ("job_templates Quickstart", {"project": {"name": "Another", "type": "project"}}),
        ("credential_types Alibaba Cloud", {"injectors": {"env": {"ANSIBLE_CONFIG": "x"}}}),
        ("credential_types Alibaba Cloud", {"injectors": {"env": {"ALIBABA_CLOUD_REGION_ID": "{{ nothing }}"}}}),
        ("credentials Alibaba Cloud", {"inputs": {"secret": "x"}}),
        ("inventory_sources ECS", {"source_path": "docs/awx/inventory/none.ecs.yml"}),
    ],
)
def test_the_stand_in_refuses_what_awx_refuses(awx: StandIn, asset: str, change: dict[str, Any]):
    client = import_all(awx, {asset: change})
    assert client._has_error
    assert awx.refusals


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ({"type": "number"}, "none of"),
        ({"type": "integer", "default": "60"}, "not of type"),
        ({"type": "integer", "min": 5, "default": 4}, "below"),
        ({"type": "text", "max": 3, "default": "four"}, "above"),
        ({"type": "multiplechoice"}, "choices"),
        ({"type": "multiplechoice", "choices": ["a"], "default": "b"}, "no choice"),
        ({"required": "yes"}, "required"),
        ({"variable": "with blank"}, "no valid name"),
    ],
)
def test_a_bad_survey_is_found(question: dict[str, Any], word: str):
    good = {"question_name": "Q", "variable": "v", "type": "text", "required": True}
    survey = {"name": "", "description": "", "spec": [{**good, **question}]}
    assert any(word in problem for problem in rules.check_survey(survey)), rules.check_survey(survey)


def test_the_guide_names_every_template_and_variable():
    guide = (rules.REPOSITORY / "docs" / "docsite" / "rst" / "awx_guide.rst").read_text(encoding="utf-8")
    names = [template["name"] for template in TEMPLATES]
    names += [template["playbook"].rpartition("/")[2] for template in TEMPLATES]
    names += [name for item in DEFINITIONS["credential_types"] for name in item["injectors"]["env"]]
    assert [name for name in names if name not in guide] == []
