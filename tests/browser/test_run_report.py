# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of real runs, opened in a browser: scripts of a fleet printed markup, some of them failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
# what each instance prints is markup that would tell on itself if a browser took it for such
ATTACK = "<script>document.title = 'taken'; console.error('ran')</script><img src=x onerror=console.error(1)>"
SCRIPT = f"cat <<'END'\n{ATTACK}\nhello from {{{{ACS::InstanceId}}}}\nEND\nsleep 1; [ {{{{ACS::InstanceId}}}} != %s ]"


@pytest.fixture
def run(emulator, playbook, tmp_path):
    """Run a playbook on six of the instances; its report goes to the test's folder."""
    ids = emulator.reset(instances=6)

    def run_playbook(name: str, **variables):
        variables = {"target_instances": ids, f"{name}_report_dest": str(tmp_path / "reports"), **variables}
        return playbook(PLAYBOOKS / f"{name}.yml", extra_vars=variables, env=emulator.env())

    run_playbook.ids = ids
    run_playbook.page = lambda name: next((tmp_path / "reports").glob(f"{name}-*.html")).as_uri()
    return run_playbook


def shown(browser):
    """Return the rows that the reader sees."""
    return [row for row in browser.find_elements(By.CSS_SELECTOR, "details.row") if row.is_displayed()]


def test_the_report_of_a_run_shows_each_instance_and_runs_nothing(run, browser):
    script = "{% raw %}" + SCRIPT % run.ids[3] + "{% endraw %}"
    done = run("run_script", run_script_content=script, run_script_canary="2", run_script_wave_size="2")
    assert done.rc == 2, done.output
    browser.get(run.page("run_script"))
    assert [total.text for total in browser.find_elements(By.CSS_SELECTOR, ".totals b")] == ["6", "3", "1", "2", "0"]
    words = [row.find_element(By.CLASS_NAME, "word").text for row in shown(browser)]
    assert words == ["Failed", "Skipped", "Skipped", "Success", "Success", "Success"]
    row = shown(browser)[0]
    row.find_element(By.TAG_NAME, "summary").click()
    assert row.find_element(By.TAG_NAME, "pre").text == f"{ATTACK}\nhello from {run.ids[3]}"
    assert "cn-hangzhou" in row.find_element(By.CLASS_NAME, "who").text
    bars = [row.find_elements(By.CSS_SELECTOR, ".bar i") for row in shown(browser)]
    assert [len(found) for found in bars] == [1, 0, 0, 1, 1, 1]
    assert bars[3][0].location["x"] < bars[5][0].location["x"], "the canary began before the waves"
    labels = [label.text for label in browser.find_elements(By.CSS_SELECTOR, ".timeline .label")]
    assert labels == ["canary\n2 succeeded", "wave 1\n1 succeeded, 1 failed", "stop"]
    assert "sleep 1;" in browser.find_element(By.CSS_SELECTOR, "#ran pre").text

    browser.find_element(By.ID, "text").send_keys(f"from {run.ids[1]}")
    assert [row.find_element(By.CLASS_NAME, "id").text for row in shown(browser)] == [run.ids[1]]

    assert browser.title == "Script on 6 instances"
    assert not browser.find_elements(By.TAG_NAME, "img")
    assert browser.get_log("browser") == []


def test_the_report_of_a_deployment_shows_the_steps_of_each_instance(run, browser, tmp_path):
    (tmp_path / "app.txt").write_text("1", encoding="utf-8")
    done = run(
        "rolling_deploy",
        rolling_deploy_name="app",
        rolling_deploy_release="1.0",
        rolling_deploy_artifact=str(tmp_path / "app.txt"),
        rolling_deploy_wave_size="3",
        rolling_deploy_post_check="{% raw %}" + SCRIPT % run.ids[4] + "{% endraw %}",
    )
    assert done.rc == 2, done.output
    browser.get(run.page("rolling_deploy"))
    states = [(row.get_attribute("data-status"), row.find_element(By.CLASS_NAME, "id").text) for row in shown(browser)]
    # of the wave that was rolled back, the one that caused it stands apart
    assert states == [
        ("failed", run.ids[4]),
        ("back", run.ids[3]),
        ("back", run.ids[5]),
        *(("success", done_first) for done_first in run.ids[:3]),
    ]
    assert "Wave 2, Post-check" in browser.find_element(By.CSS_SELECTOR, "[role=note]").text
    labels = [label.text.splitlines()[0] for label in browser.find_elements(By.CSS_SELECTOR, ".timeline .label")]
    assert labels == ["staging", "wave 1", "wave 2", "roll back"]
    row = shown(browser)[0]
    row.find_element(By.TAG_NAME, "summary").click()
    assert [step.text for step in row.find_elements(By.CLASS_NAME, "step")] == [
        "deliver Success",
        "stage Success rc 0",
        "switch Success rc 0",
        "post-check Failed rc 1",
        "roll back Success rc 0",
    ]
    assert ATTACK in row.find_element(By.CSS_SELECTOR, ".step.failed + pre").text
    assert browser.get_log("browser") == []
