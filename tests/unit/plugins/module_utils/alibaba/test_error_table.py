# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error table against the codes of the source documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.alibaba.error_table import hint_for

# each row of the error tables of DeleteCommand, CreateCommand, InvokeCommand (2018) and RunCommand (2026)
DOCUMENTS = json.loads((Path(__file__).parent / "data" / "document_errors.json").read_text(encoding="utf-8"))


def test_the_documents_are_complete() -> None:
    counts: dict[str, int] = {}
    for row in DOCUMENTS:
        counts[row["document"]] = counts.get(row["document"], 0) + 1
    assert counts == {"DeleteCommand": 3, "CreateCommand": 7, "InvokeCommand": 11, "RunCommand": 71}


@pytest.mark.parametrize("row", DOCUMENTS, ids=lambda row: f"{row['document']}-{row['code']}")
def test_every_documented_code_has_a_hint(row: dict[str, object]) -> None:
    hint = hint_for(str(row["code"]))
    assert hint, row["code"]
    assert hint.endswith("."), "a hint is a sentence"


@pytest.mark.parametrize(
    "code", ["Throttling", "Throttling.User", "SignatureDoesNotMatch", "InvalidTimeStamp.Expired", "Forbidden.RAM"]
)
def test_codes_of_the_gateway_have_a_hint(code: str) -> None:
    assert hint_for(code)


def test_a_code_is_found_in_any_spelling() -> None:
    assert hint_for("Internalerror. Dispatch") == hint_for("InternalError.Dispatch")


def test_an_unknown_code_has_no_hint() -> None:
    assert hint_for("NoSuchCode") is None


def test_a_hint_about_a_permission_names_the_operation() -> None:
    assert hint_for("Forbidden.RAM", "RunCommand") == (
        "Allow the action ecs:RunCommand on these resources in the RAM policy of the user or role."
    )
