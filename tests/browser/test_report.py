# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's files, read as their readers read them: in a browser, by a JSON parser, by an XML parser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

ATTACK = "<script>document.title = 'taken'; console.error('ran')</script></pre><img src=x onerror=alert(1)>"
RESULTS = [
    {
        "instance_id": "i-good",
        "invoke_id": "t-1",
        "status": "Success",
        "rc": 0,
        "stdout": f"fine\n{ATTACK}\a",
        "started_at": "2026-11-22T01:00:00Z",
        "finished_at": "2026-11-22T01:00:10Z",
        "wave": 1,
        "dropped": 0,
    },
    {
        "instance_id": "i-bad",
        "invoke_id": "t-1",
        "status": "Failed",
        "rc": 3,
        "stdout": "disk full",
        "error_code": "ExitCodeNonzero",
        "error_info": 'ended "badly" & <early>',
        "dropped": 77,
        "started_at": "2026-11-22T01:00:05Z",
        "finished_at": "2026-11-22T01:00:20Z",
        "wave": 1,
    },
    {"instance_id": "i-late", "invoke_id": "t-2", "status": "Running", "started_at": "2026-11-22T01:00:15Z", "wave": 2},
    {"instance_id": "i-off", "status": "Skipped", "error_info": "the agent is offline", "phase": "check"},
]


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """The folder of the files that the role writes from RESULTS."""
    place = tmp_path_factory.mktemp("report")
    (place / "play.yml").write_text(
        json.dumps(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "roles": [
                        {
                            "role": "cloudops.cloud_assistant.report",
                            "vars": {
                                "report_results": RESULTS,
                                "report_dest": str(place),
                                "report_title": "A & <b>",
                                "report_notes": ["<i>n"],
                            },
                        }
                    ],
                }
            ]
        )
    )
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(place / "play.yml")]
    written = []
    for _repeat in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
        assert done.returncode == 0, done.stdout + done.stderr
        written.append({path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in place.glob("report.*")})
    assert written[0] == written[1], "the same results must leave the files as they are"
    return place


def test_json_holds_every_result_and_the_totals(report):
    content = json.loads((report / "report.json").read_text())
    assert content["results"] == RESULTS
    assert content["summary"] == {"total": 4, "success": 1, "failed": 1, "skipped": 1, "running": 1}


def test_junit_has_a_suite_for_each_phase_and_a_failure_with_its_reason(report):
    suites = {suite.get("name"): suite for suite in xml.etree.ElementTree.parse(report / "report.xml").getroot()}
    assert {name: (s.get("tests"), s.get("failures"), s.get("skipped")) for name, s in suites.items()} == {
        "run": ("3", "1", "1"),
        "check": ("1", "0", "1"),
    }
    [failure] = suites["run"].iter("failure")
    assert failure.get("message") == 'ExitCodeNonzero: ended "badly" & <early>'
    assert ATTACK in suites["run"].find("testcase[@name='i-good']/system-out").text


def test_files_are_for_the_operator_alone(report):
    assert {path.name: path.stat().st_mode & 0o777 for path in report.glob("report.*")} == {
        "report.html": 0o600,
        "report.json": 0o600,
        "report.xml": 0o600,
    }


def test_page_filters_expands_and_runs_nothing_that_a_script_printed(report, browser):
    browser.get((report / "report.html").as_uri())

    def rows():
        return [row for row in browser.find_elements(By.TAG_NAME, "details") if row.is_displayed()]

    assert browser.title == "A & <b>"
    assert [total.text for total in browser.find_elements(By.CSS_SELECTOR, ".totals b")] == ["4", "1", "1", "1", "1"]
    assert len(rows()) == len(RESULTS)

    first = rows()[0]
    assert not first.find_element(By.TAG_NAME, "pre").is_displayed()
    first.find_element(By.TAG_NAME, "summary").click()
    assert ATTACK in first.find_element(By.TAG_NAME, "pre").text

    browser.find_element(By.CSS_SELECTOR, "input[value=failed]").click()
    assert [row.get_attribute("data-status") for row in rows()] == ["success", "running", "skipped"]
    browser.find_element(By.ID, "text").send_keys("AGENT is off")
    assert [row.find_element(By.CLASS_NAME, "id").text for row in rows()] == ["i-off check"]
    assert browser.find_element(By.ID, "count").text == "1 shown"

    assert not browser.find_elements(By.TAG_NAME, "img")
    assert browser.get_log("browser") == []


def test_page_fits_a_phone(report, browser):
    browser.set_window_size(400, 800)
    browser.get((report / "report.html").as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
