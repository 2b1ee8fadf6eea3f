# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX does with definitions: the fields it accepts, its checks, what a credential injects, what a slice gets."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import jsonschema
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

REPOSITORY = Path(__file__).resolve().parents[2]
DEFINITIONS = REPOSITORY / "docs" / "awx" / "definitions"
RESOURCES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "fields.yml").read_text())

HIDDEN = "**********"
# AWX hides such variables in the record that it keeps of a job's environment
_SENSITIVE = re.compile("API|TOKEN|KEY|SECRET|PASS", re.IGNORECASE)
_NAME = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "text": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "json": (dict,),
}
# the kinds of survey questions, and the Python type of a default
SURVEY_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "textarea": (str,),
    "password": (str,),
    "integer": (int,),
    "float": (int, float),
    "multiplechoice": (str,),
    "multiselect": (str, list),
}
_SURVEY_KEYS = {
    "question_name",
    "question_description",
    "variable",
    "type",
    "required",
    "default",
    "min",
    "max",
    "choices",
    "new_question",
}

INPUTS_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "label"],
                "properties": {
                    "id": {"type": "string", "pattern": _NAME},
                    "label": {"type": "string"},
                    "type": {"enum": ["string", "boolean"]},
                    "help_text": {"type": "string"},
                    "format": {"enum": ["ssh_private_key", "url"]},
                    "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True},
                    "multiline": {"type": "boolean"},
                    "secret": {"type": "boolean"},
                    "ask_at_runtime": {"type": "boolean"},
                    "default": {},
                },
            },
        },
    },
}
INJECTORS_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        kind: {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {pattern: {"type": "string", "pattern": "^[\x00-\x7f]*$"}},
        }
        for kind, pattern in (
            ("file", r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$"),
            ("env", _NAME),
            ("extra_vars", _NAME),
        )
    },
}


@functools.cache
def load_definitions() -> dict[str, list[dict[str, Any]]]:
    """Return all assets of the definition files, resource by resource."""
    assets: dict[str, list[dict[str, Any]]] = {}
    for path in definition_files():
        for resource, listed in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            assets.setdefault(resource, []).extend(listed)
    return assets


def definition_files() -> list[Path]:
    """Return the definition files in the order in which they are imported."""
    return sorted(DEFINITIONS.glob("*.yml"))


def field_type(resource: str, field: str) -> tuple[str, bool, list[str]] | None:
    """Return a field's type, whether it is required, and its choices or the resource it refers to; None if unknown."""
    text = RESOURCES[resource]["fields"].get(field)
    if text is None:
        return None
    kind, *rest = text.split()
    return kind.rstrip("!"), kind.endswith("!"), rest


def check_fields(resource: str, asset: Mapping[str, Any]) -> list[str]:
    """Return what AWX would say against the fields of one asset, references left aside."""
    problems = []
    for field, value in asset.items():
        known = field_type(resource, field)
        if known is None:
            problems.append(f"{field}: no such field")
            continue
        kind, _required, choices = known
        if kind == "id":
            continue
        if kind == "choice":
            if str(value) not in choices:
                problems.append(f"{field}: {value!r} is none of {choices}")
        elif not isinstance(value, _PYTHON_TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
            problems.append(f"{field}: {value!r} is not of type {kind}")
        elif kind == "string" and field == "name" and len(value) > 512:
            problems.append(f"{field}: too long")
    for field in RESOURCES[resource]["fields"]:
        known = field_type(resource, field)
        if known and known[1] and asset.get(field) in (None, ""):
            problems.append(f"{field}: required")
    return problems


def check_credential_type(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> list[str]:
    """Return what AWX would say against the inputs and injectors of a credential type."""
    problems = [error.message for error in jsonschema.Draft7Validator(INPUTS_SCHEMA).iter_errors(inputs)]
    problems += [error.message for error in jsonschema.Draft7Validator(INJECTORS_SCHEMA).iter_errors(injectors)]
    if problems:
        return problems
    ids = [field["id"] for field in inputs.get("fields", [])]
    problems += [f"{name}: reserved" for name in ids if name in ("tower", "awx")]
    problems += [f"{name}: given twice" for name in set(ids) if ids.count(name) > 1]
    problems += [f"{name}: required, but no field" for name in inputs.get("required", []) if name not in ids]
    strict = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    for kind, templates in injectors.items():
        for name, template in templates.items():
            if kind == "env" and name.startswith("ANSIBLE_"):
                problems.append(f"{name}: may change Ansible's configuration")
            try:
                strict.from_string(template).render(dict.fromkeys(ids, "EXAMPLE"))
            except jinja2.TemplateError as error:
                problems.append(f"{name}: {error}")
    return problems


def check_survey(survey: Mapping[str, Any]) -> list[str]:
    """Return what AWX would say against a survey."""
    problems = [
        f"{key}: missing, or of the wrong type"
        for key, kind in (("name", str), ("description", str), ("spec", list))
        if not isinstance(survey.get(key), kind)
    ]
    if problems:
        return problems
    if not survey["spec"]:
        return ["spec: empty"]
    variables = [question.get("variable") for question in survey["spec"]]
    problems += [f"{name}: asked twice" for name in set(variables) if variables.count(name) > 1]
    for question in survey["spec"]:
        problems += [f"{question.get('variable')}: {problem}" for problem in _check_question(question)]
    return problems


def _check_question(question: Mapping[str, Any]) -> list[str]:
    problems = [
        f"{key}: missing, or of the wrong type"
        for key, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool))
        if not isinstance(question.get(key), kind)
    ]
    problems += [f"{key}: unknown" for key in question if key not in _SURVEY_KEYS]
    kind, default = question.get("type"), question.get("default", "")
    if kind not in SURVEY_TYPES:
        return [*problems, f"type: {kind!r} is none of {sorted(SURVEY_TYPES)}"]
    if not re.match(_NAME, str(question.get("variable"))):
        problems.append("variable: no valid name of a variable")
    if default != "" and (not isinstance(default, SURVEY_TYPES[kind]) or isinstance(default, bool)):
        problems.append(f"default: {default!r} is not of type {kind}")
    for key in ("min", "max"):
        if key in question and (not isinstance(question[key], int) or isinstance(question[key], bool)):
            problems.append(f"{key}: {question[key]!r} is no whole number")
    if kind in ("multiplechoice", "multiselect"):
        choices = question.get("choices") or []
        choices = choices.splitlines() if isinstance(choices, str) else choices
        defaults = default.splitlines() if isinstance(default, str) else default
        if not choices:
            problems.append("choices: missing")
        problems += [f"default: {choice!r} is no choice" for choice in defaults if choice not in choices]
        if kind == "multiplechoice" and len(defaults) > 1:
            problems.append("default: more than one")
    elif not problems and default != "":
        problems += check_answer(question, default)
    return problems


def check_answer(question: Mapping[str, Any], answer: Any) -> list[str]:
    """Return what AWX would say against the answer to a survey question."""
    kind = question["type"]
    low, high = question.get("min"), question.get("max")
    if answer in ("", None):
        return ["required"] if question["required"] else []
    if kind in ("multiplechoice", "multiselect"):
        choices = question["choices"]
        choices = choices.splitlines() if isinstance(choices, str) else choices
        given = [answer] if kind == "multiplechoice" else answer
        return [f"{choice!r} is no choice" for choice in given if choice not in choices]
    if not isinstance(answer, SURVEY_TYPES[kind]):
        return [f"{answer!r} is not of type {kind}"]
    size = answer if kind in ("integer", "float") else len(answer)
    problems = []
    if low is not None and size < low:
        problems.append(f"{answer!r} is below {low}")
    if high is not None and size > high:
        problems.append(f"{answer!r} is above {high}")
    return problems


def extra_vars(template: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a job that is launched with these answers to the template's survey.

    The template's own variables, then the survey's defaults, then the answers. A question that is left open gives an
    empty text, as the web interface sends it. AssertionError for answers that AWX would not take.
    """
    variables: dict[str, Any] = dict(yaml.safe_load(template.get("extra_vars") or "{}") or {})
    asked = {question["variable"]: question for question in survey_of(template)}
    assert set(answers) <= set(asked), f"not asked: {set(answers) - set(asked)}"
    for name, question in asked.items():
        answer = answers.get(name, question.get("default", ""))
        assert not check_answer(question, answer), (name, check_answer(question, answer))
        if question["type"] == "multiselect" and isinstance(answer, str):
            answer = answer.splitlines()
        variables[name] = answer
    return variables


def survey_of(template: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the questions of a template's survey."""
    return template.get("related", {}).get("survey_spec", {}).get("spec", [])


def inject(credential_type: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the environment that a credential adds to a job, and the form of it that AWX keeps in the job's record.

    A field that was left empty is undefined in the injectors, and secret ones are hidden in the record.
    """
    fields = {field["id"]: field for field in credential_type["inputs"]["fields"]}
    assert set(inputs) <= set(fields), f"no such fields: {set(inputs) - set(fields)}"
    given = {name: value for name, value in inputs.items() if value != ""}
    shown = {name: HIDDEN if fields[name].get("secret") else value for name, value in given.items()}
    sandbox = ImmutableSandboxedEnvironment()
    templates = credential_type["injectors"]["env"]

    def render(values: Mapping[str, Any]) -> dict[str, str]:
        return {name: sandbox.from_string(template).render(values) for name, template in templates.items()}

    return render(given), render(shown)


def recorded_environment(environment: Mapping[str, str], injected: Mapping[str, str]) -> dict[str, str]:
    """Return the job's environment as AWX keeps it: injected values in their hidden form, sensitive names hidden."""
    return {
        name: injected[name]
        if name in injected
        else HIDDEN
        if _SENSITIVE.search(name) and not name.startswith("ANSIBLE_")
        else value
        for name, value in environment.items()
    }


def slice_hosts(hosts: Sequence[str], number: int, count: int) -> list[str]:
    """Return the hosts of slice `number` (from 1) of `count`: of all hosts by name, every `count`-th."""
    return sorted(hosts)[number - 1 :: count]


def slice_inventory(inventory: Mapping[str, Any], hosts: Sequence[str]) -> dict[str, Any]:
    """Return the inventory (as ``ansible-inventory --list`` prints it) of a job that may see only these hosts."""
    kept = set(hosts)
    document: dict[str, Any] = {
        "_meta": {"hostvars": {host: inventory["_meta"]["hostvars"].get(host, {}) for host in hosts}}
    }
    for name, group in inventory.items():
        if name == "_meta":
            continue
        document[name] = {**group, "hosts": [host for host in group.get("hosts", []) if host in kept]}
    return document
