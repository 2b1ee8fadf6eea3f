# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The RPC wire of the emulator: lists, JSON, XML."""

from __future__ import annotations

from urllib.parse import quote, quote_plus, urlencode
from xml.etree import ElementTree

from emulator.wire import Params, encode_json, encode_xml, parse_pairs, percent_encode
from hypothesis import given
from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    st.one_of(TEXT, st.integers(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["A", "B", "C"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_lists_are_read_by_number():
    params = Params(
        [
            ("InstanceId.10", "c"),
            ("InstanceId.2", "b"),
            ("InstanceId.1", "a"),
            ("Tag.1.Value", "v"),
            ("Tag.1.Key", "k"),
            ("Tag.2.Key", "l"),
            ("Name", "n"),
            ("Empty", ""),
        ]
    )
    assert params.items("InstanceId") == ["a", "b", "c"]
    assert params.rows("Tag") == [{"Key": "k", "Value": "v"}, {"Key": "l"}]
    assert params.items("Nothing") == [] and params.rows("Nothing") == []
    assert params.names() == {"InstanceId", "Tag", "Name", "Empty"}
    assert (params.text("Empty", "default"), params.text("Name")) == ("default", "n")


def test_flags_and_numbers():
    params = Params([("A", "True"), ("B", "false"), ("C", "12"), ("D", "")])
    assert (params.flag("A"), params.flag("B", True), params.flag("D", True), params.flag("E")) == (
        True,
        False,
        True,
        False,
    )
    assert (params.number("C"), params.number("D", 7), params.number("E")) == (12, 7, None)


@given(st.dictionaries(TEXT.filter(bool), TEXT, max_size=6))
def test_both_ways_of_encoding_a_blank_are_read(pairs: dict[str, str]):
    plus = urlencode(pairs, quote_via=quote_plus)
    percent = urlencode(pairs, quote_via=quote)
    assert dict(parse_pairs(plus)) == dict(parse_pairs(percent)) == pairs


def test_percent_encoding_of_the_signature():
    assert percent_encode("a b*~/+ü") == "a%20b%2A~%2F%2B%C3%BC"


@given(st.dictionaries(st.sampled_from(["A", "B", "C"]), VALUES, max_size=3))
def test_xml_is_always_well_formed(document: dict):
    assert ElementTree.fromstring(encode_xml("Root", document)).tag == "Root"


def test_xml_repeats_the_elements_of_a_list():
    text = encode_xml("R", {"Tags": {"Tag": [{"K": "<&>"}, {"K": True}]}, "Empty": {"E": []}, "N": 3}).decode()
    assert text.partition("?>")[2] == (
        "<R><Tags><Tag><K>&lt;&amp;&gt;</K></Tag><Tag><K>true</K></Tag></Tags><Empty></Empty><N>3</N></R>"
    )


def test_json_keeps_all_characters():
    assert encode_json({"a": "ü\n"}).decode() == '{"a":"ü\\n"}'
