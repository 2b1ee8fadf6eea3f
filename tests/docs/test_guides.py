# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides are listed, their references lead somewhere, and their tables are those of the code."""

from __future__ import annotations

import ast
import importlib.util
import re
from types import ModuleType

import pytest
import yaml
from support.environments import REPOSITORY

DOCS = REPOSITORY / "docs"
GUIDES = sorted((DOCS / "docsite" / "rst").glob("*.rst"))
PREFIX = "ansible_collections.cloudops.cloud_assistant.docsite."
CODE = re.compile(r"[A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)?")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """Return the program that writes the tables."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "tables" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "tables")  # as for a program that is run there
        spec.loader.exec_module(module)
    return module


def test_every_guide_is_in_the_table_of_contents():
    sections = yaml.safe_load((DOCS / "docsite" / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    listed = [name for section in sections for name in section["toctree"]]
    assert sorted(listed) == [guide.stem for guide in GUIDES]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_the_tables_are_up_to_date(guide, generate):
    text = guide.read_text(encoding="utf-8")
    assert generate.regenerated(text) == text, "run: python docs/tables/generate.py"


def test_every_table_is_in_a_guide(generate):
    texts = [guide.read_text(encoding="utf-8") for guide in GUIDES]
    found = [match["name"] for text in texts for match in generate.SECTION.finditer(text)]
    assert sorted(found) == sorted(generate.GENERATED)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_references_lead_somewhere(guide):
    text = guide.read_text(encoding="utf-8")
    assert f".. _{PREFIX}{guide.stem}:" in text
    wanted = set(re.findall(rf":ref:`(?:[^`<]*<)?{re.escape(PREFIX)}([\w.]+)>?`", text))
    labels = set()
    for other in GUIDES:
        labels |= set(re.findall(rf"^\.\. _{re.escape(PREFIX)}([\w.]+):$", other.read_text(encoding="utf-8"), re.M))
    assert wanted <= labels
    kinds = {
        "module": "plugins/modules/{}.py",
        "role": "roles/{}/meta/main.yml",
        "lookup": "plugins/lookup/{}.py",
        "inventory": "plugins/inventory/{}.py",
        "connection": "plugins/connection/{}.py",
        "filter": "plugins/filter/{}.py",
        "callback": "plugins/callback/{}.py",
    }
    for name, kind in re.findall(r"cloudops\.cloud_assistant\.(\w+)#(\w+)", text):
        assert (REPOSITORY / kinds[kind].format(name)).is_file(), (name, kind)


def test_every_error_code_of_an_instance_is_explained(generate):
    """Those that our own code gives, and those that the emulated agent does."""
    domain = REPOSITORY / "plugins" / "module_utils" / "cloud_assistant"
    own = "\n".join(path.read_text(encoding="utf-8") for path in sorted(domain.rglob("*.py")))
    codes = set(re.findall(r'error_code="(\w+)"', own))
    codes |= set(re.findall(r'_fail\([^"\n]*"(\w+)"', own)) - {"Failed"}
    codes |= set(re.findall(r"^ *(?:\S.*)?\bfail ([A-Z]\w+)", own, re.MULTILINE)) - {"CODE"}
    codes |= set(
        re.findall(
            r"^(?:NO_RECORD|NOT_STARTED|CHECK_MODE|NOT_FOUND|NO_AGENT|NOT_VPC|NOT_MATCHING|NOT_RUNNING|"
            r'WRONG_STATUS|INVALID_OUTPUT|NOT_ACCEPTED|TOO_OLD) = "([\w.]+)"',
            own,
            re.MULTILINE,
        )
    )
    reports = (REPOSITORY / "tests" / "emulator" / "reports.py").read_text(encoding="utf-8")
    codes |= set(re.findall(r': "([A-Z]\w+)",', reports)) | set(re.findall(r'error_code(?:, \S+)? = "(\w+)"', reports))
    assert len(codes) > 30
    known = generate.instance_codes()
    assert sorted(code for code in codes if CODE.fullmatch(code) and code not in known) == []


def literals() -> list[str]:
    """Return the literals of the plugins on one line each, without docstrings; an f-string is one for each part."""
    found = []
    for path in (REPOSITORY / "plugins").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
        texts = [node.value for node in nodes if isinstance(node, ast.Constant) and node not in docstrings]
        found += [" ".join(text.split()).casefold() for text in texts if isinstance(text, str)]
    return found


def test_messages_that_the_guides_quote_exist():
    """Three dots in a quotation stand for what differs."""
    quotations = [
        quoted for guide in GUIDES for quoted in re.findall(r'\*\*"([^"*]+)"', guide.read_text(encoding="utf-8"))
    ]
    assert len(quotations) > 8
    known = literals()
    for quotation in quotations:
        for part in " ".join(quotation.split()).casefold().split("..."):
            assert any(part.strip() in literal for literal in known), quotation


def test_texts_name_no_option_that_is_not(generate):
    """Options that the guides link to exist."""
    documents = {}
    for path in (REPOSITORY / "plugins" / "modules").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        documents[path.stem] = source + "\n".join(
            (REPOSITORY / "plugins" / "doc_fragments" / f"{fragment}.py").read_text(encoding="utf-8")
            for fragment in re.findall(r"^  - cloudops\.cloud_assistant\.(\w+)$", source, re.MULTILINE)
        )
    for guide in GUIDES:
        text = guide.read_text(encoding="utf-8")
        for module, option in re.findall(r":ansopt:`cloudops\.cloud_assistant\.(\w+)#module:(\w+)", text):
            assert re.search(rf"^  {option}:$", documents[module], re.MULTILINE), (guide.stem, module, option)
