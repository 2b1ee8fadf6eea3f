# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's files, read as their readers read them: in a browser, by a JSON parser, by an XML parser."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

ATTACK = "<script>document.title = 'taken'; console.error('ran')</script></pre><img src=x onerror=alert(1)>"
# what is shown of the output: its control characters in escaped form
SHOWN = f"fine\n{ATTACK}\\x07\\x1b[2J"
SECRET = "s3cr3t-parameter"
RESULTS = [
    {
        "instance_id": "i-good",
        "invoke_id": "t-1",
        "status": "Success",
        "rc": 0,
        "stdout": f"fine\n{ATTACK}\a\x1b[2J",
        "started_at": "2026-11-22T01:00:00Z",
        "finished_at": "2026-11-22T01:00:10Z",
        "phase": "canary",
        "dropped": 0,
    },
    *(
        {
            "instance_id": f"i-bad{number}",
            "invoke_id": "t-2",
            "status": "Failed",
            "rc": 3,
            "stdout": "disk full",
            "error_code": "ExitCodeNonzero",
            "error_info": 'ended "badly" & <early>',
            "dropped": 77,
            "phase": "waves",
            "started_at": "2026-11-22T01:00:15Z",
            "finished_at": "2026-11-22T01:00:20Z",
        }
        for number in (1, 2)
    ),
    {
        "instance_id": "i-late",
        "invoke_id": "t-3",
        "status": "Running",
        "started_at": "2026-11-22T01:00:25Z",
        "phase": "waves",
    },
    {"instance_id": "i-off", "status": "Skipped", "error_info": "not started: the AGENT is off", "phase": "waves"},
    # a wave that was rolled back: the first of it failed, the other did nothing wrong
    *(
        {
            "instance_id": f"i-{name}",
            "status": "RolledBack",
            "phase": "rolled back",
            "wave": 3,
            "error_info": "Wave 3, Post-check: 1 of 2 instances failed",
            "steps": [
                {
                    "phase": "switch",
                    "status": "Success",
                    "rc": 0,
                    "stdout": "",
                    "started_at": "2026-11-22T01:00:30Z",
                    "finished_at": "2026-11-22T01:00:33Z",
                },
                {
                    "phase": "post-check",
                    "status": status,
                    "rc": rc,
                    "stdout": "no answer",
                    "started_at": "2026-11-22T01:00:34Z",
                    "finished_at": "2026-11-22T01:00:40Z",
                },
                {
                    "phase": "roll back",
                    "status": "Success",
                    "rc": 0,
                    "stdout": "",
                    "started_at": "2026-11-22T01:00:41Z",
                    "finished_at": "2026-11-22T01:00:44Z",
                },
            ],
        }
        for name, status, rc in (("culprit", "Failed", 7), ("innocent", "Success", 0))
    ),
]
INSTANCES = [
    {
        "instance_id": "i-bad1",
        "name": "web-<1>",
        "zone_id": "cn-hangzhou-h",
        "private_ips": ["10.0.0.7"],
        "region": "cn-hangzhou",
    }
]
RUN = {
    "script": f"restart --password={SECRET}\a {ATTACK}",
    "parameters": {"version": "42", "token": "t0k3n"},
    "secret_parameters": {"password": SECRET},
    "region": "cn-hangzhou",
    "idempotency_key": "patch-11",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Return the folder of the files that the role writes from RESULTS, twice; what it printed is in ``output``."""
    place = tmp_path_factory.mktemp("report")
    task = {
        "ansible.builtin.include_role": {"name": "cloudops.cloud_assistant.report"},
        "vars": {
            "report_results": RESULTS,
            "report_dest": str(place / "reports"),
            "report_title": "A & <b>",
            "report_notes": ["<i>n\x1b[2J"],
            "report_instances": INSTANCES,
            "report_run": RUN,
        },
    }
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task, task]}]
    (place / "play.yml").write_text(json.dumps(play), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(place / "play.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    (place / "output").write_text(done.stdout, encoding="utf-8")
    return place


@pytest.fixture
def page(place) -> str:
    return sorted((place / "reports").glob("report-*.html"))[0].as_uri()


def latest(place: Path, extension: str) -> Path:
    return sorted((place / "reports").glob(f"report-*.{extension}"))[-1]


def texts(found) -> list[str]:
    return [item.text for item in found]


def test_names_hold_the_time_and_nothing_is_overwritten(place):
    names = sorted(path.name for path in (place / "reports").iterdir())
    assert len(names) == 2 * 3 + 1
    for name in names:
        assert re.fullmatch(r"report-\d{8}T\d{6}Z(-2)?\.(html|json|xml)|index\.html", name)
    assert {path.stat().st_mode & 0o777 for path in (place / "reports").iterdir()} == {0o600}


def test_the_role_prints_totals_and_path(place):
    output = (place / "output").read_text(encoding="utf-8")
    assert "7 instances: 1 succeeded, 3 failed, 1 rolled back, 1 skipped, 1 not finished" in output
    assert f"Report: {place}/reports/report-" in output
    assert SECRET not in output


def test_json_holds_every_result_and_the_totals(place):
    content = json.loads(latest(place, "json").read_text(encoding="utf-8"))
    assert content["results"] == RESULTS
    assert content["summary"] == {
        "total": 7,
        "success": 1,
        "failed": 4,
        "skipped": 1,
        "running": 1,
        "rolled_back": 1,
    }
    assert [(one["count"], one["reason"]) for one in content["failures"]] == [
        (2, "exit code 3: disk full"),
        (1, "post-check: exit code 7: no answer"),
    ]


def test_junit_has_a_suite_for_each_phase_and_a_failure_with_its_reason(place):
    suites = {suite.get("name"): suite for suite in xml.etree.ElementTree.parse(latest(place, "xml")).getroot()}
    assert {name: (s.get("tests"), s.get("failures"), s.get("skipped")) for name, s in suites.items()} == {
        "canary": ("1", "0", "0"),
        "waves": ("4", "2", "2"),
        "rolled back": ("2", "2", "0"),
    }
    failure = next(suites["waves"].iter("failure"))
    assert failure.get("message") == 'ExitCodeNonzero: ended "badly" & <early>'
    assert suites["canary"].find("testcase[@name='i-good']/system-out").text == SHOWN


def test_page_filters_expands_and_runs_nothing_that_a_script_printed(page, browser):
    browser.get(page)

    def rows():
        return [row for row in browser.find_elements(By.CSS_SELECTOR, "details.row") if row.is_displayed()]

    def ids():
        return [row.find_element(By.CLASS_NAME, "id").text for row in rows()]

    assert browser.title == "A & <b>"
    assert texts(browser.find_elements(By.CSS_SELECTOR, ".totals b")) == ["7", "1", "3", "1", "1", "1"]
    assert ids() == ["i-bad1", "i-bad2", "i-culprit", "i-innocent", "i-late", "i-off", "i-good"], "failures come first"
    assert [row.get_attribute("data-status") for row in rows()] == [
        "failed",
        "failed",
        "failed",
        "back",
        "running",
        "skipped",
        "success",
    ]
    last = rows()[-1]
    assert not last.find_element(By.TAG_NAME, "pre").is_displayed()
    last.find_element(By.TAG_NAME, "summary").click()
    assert last.find_element(By.TAG_NAME, "pre").text == SHOWN

    browser.find_element(By.CSS_SELECTOR, "input[value=failed]").click()
    assert "i-bad1" not in ids()
    browser.find_element(By.ID, "text").send_keys("AGENT is off")
    assert ids() == ["i-off"]
    assert browser.find_element(By.ID, "count").text == "1 shown"

    assert not browser.find_elements(By.TAG_NAME, "img")
    assert browser.get_log("browser") == []


def test_page_shows_what_happened(page, browser):
    browser.get(page)
    [first, second] = browser.find_elements(By.CSS_SELECTOR, ".groups > li")
    assert first.text.splitlines() == ["2 × exit code 3: disk full", "i-bad1, i-bad2"]
    assert second.text.splitlines() == ["1 × post-check: exit code 7: no answer", "i-culprit"]
    # a click on an instance opens its row
    first.find_element(By.LINK_TEXT, "i-bad1").click()
    row = browser.find_element(By.CSS_SELECTOR, "details.row[open]")
    assert "web-<1>" in row.text
    assert "wave 1 · cn-hangzhou-h · 10.0.0.7" in row.text
    assert row.find_element(By.CLASS_NAME, "why").text == "exit code 3: disk full"
    innocent = browser.find_element(By.CSS_SELECTOR, "details.row.back")
    assert innocent.find_element(By.CLASS_NAME, "why").text == "Wave 3, Post-check: 1 of 2 instances failed"
    assert browser.find_element(By.CSS_SELECTOR, "[role=note]").text == r"<i>n\x1b[2J"

    labels = texts(browser.find_elements(By.CSS_SELECTOR, ".timeline .label"))
    assert labels == [
        "canary\n1 succeeded",
        "wave 1\n2 failed",
        "wave 2\n1 not finished",
        "wave 3\n1 succeeded, 1 failed",
        "roll back\n2 succeeded",
        "stop",
    ]
    assert texts(browser.find_elements(By.CSS_SELECTOR, ".timeline .stop.text")) == ["1 not started"]
    assert texts(browser.find_elements(By.CSS_SELECTOR, ".timeline .axis span"))[:2] == ["0 s", "10 s"]
    parts = browser.find_elements(By.CSS_SELECTOR, ".timeline .band:nth-child(1) i")
    assert [part.get_attribute("class") for part in parts] == [
        "success",
        "failed",
        "running",
        "success",
        "failed",
        "success",
    ]
    bands = [band.location["x"] for band in browser.find_elements(By.CSS_SELECTOR, ".timeline .band")]
    assert bands == sorted(bands)


def test_page_shows_what_was_run_without_its_secrets(place, page, browser):
    browser.get(page)
    ran = browser.find_element(By.ID, "ran").text
    for line in ("cn-hangzhou", "patch-11", "version = 42", "token = ********", "password = ********"):
        assert line in ran
    assert rf"restart --password=********\x07 {ATTACK}" in ran.replace("'********", "********")
    assert browser.find_elements(By.XPATH, "//p[contains(., 'written 20') and contains(., ' by ')]")
    for path in (place / "reports").iterdir():
        assert SECRET not in path.read_text(encoding="utf-8")


def test_no_band_leaves_the_timeline(page, browser):
    browser.get(page)
    beyond = "return [...document.querySelectorAll('.band, .bar i')].filter(band => " + (
        "band.getBoundingClientRect().right > band.parentNode.getBoundingClientRect().right + 0.5).length"
    )
    assert browser.execute_script(beyond) == 0


def test_shapes_differ_without_colour(page, browser):
    browser.get(page)
    shapes = {}
    for mark in browser.find_elements(By.CSS_SELECTOR, ".legend .mark"):
        word = mark.find_element(By.XPATH, "..").text
        shapes[word] = tuple(
            mark.value_of_css_property(name) for name in ("clip-path", "border-radius", "border-top-width")
        )
    assert set(shapes) == {"succeeded", "failed", "rolled back", "skipped", "not finished"}
    assert len(set(shapes.values())) == 5


def test_page_and_index_fit_a_phone_and_a_desktop_in_both_schemes(place, page, browser):
    urls = (page, (place / "reports" / "index.html").as_uri())
    for url, width, scheme in itertools.product(urls, (400, 1280), ("light", "dark")):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        browser.get(url)
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        ink, paper = browser.execute_script(
            "const style = getComputedStyle(document.body); return [style.color, style.backgroundColor]"
        )
        brightness = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ink, paper)]
        assert (brightness[0] < brightness[1]) == (scheme == "light")
    assert browser.get_log("browser") == []


def test_the_index_leads_to_every_report(place, browser):
    (place / "reports" / "foreign.html").write_text("<title>not a report</title>", encoding="utf-8")
    browser.get((place / "reports" / "index.html").as_uri())
    rows = browser.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert len(rows) == 2
    assert "3 failed" in rows[0].text
    rows[1].find_element(By.LINK_TEXT, "A & <b>").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "A & <b>"
    browser.find_element(By.LINK_TEXT, "All reports in this directory").click()
    assert browser.title == "Reports"
