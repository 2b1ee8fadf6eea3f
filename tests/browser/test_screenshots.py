# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation's screenshots, taken of a real report and of the questions of a real survey.

With ``TAKE_SCREENSHOTS=2`` in the environment they replace those of ``docs/site/images``; the number stretches the run.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment
from selenium.webdriver.common.by import By
from support.environments import REPOSITORY

PICTURES = REPOSITORY / "docs" / "site" / "images"
WIDTH = 1000
# two kinds of failures in the second wave; instances take seconds only where somebody looks at the picture
SCRIPT = """{% raw %}
id={{ACS::InstanceId}}
sleep $((PACE * (${id#i-web} % 4 + 1)))
case $id in
  *10|*13|*16) echo "No space left on device"; exit 3 ;;
  *12) echo "package database is locked"; exit 1 ;;
esac
echo "3 packages upgraded on $id"
{% endraw %}""".replace("PACE", os.environ.get("TAKE_SCREENSHOTS", "0"))
FORM = """<!DOCTYPE html><meta charset="utf-8"><title>Survey</title><style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 24px; color: #151515 }
h1 { font-size: 22px; font-weight: 500 }
form { display: grid; grid-template-columns: 1fr 1fr; gap: 14px 28px }
label { display: block; font-weight: 600 }
small { display: block; color: #6a6e73; font-weight: 400 }
input, textarea, select { width: 100%; box-sizing: border-box; padding: 6px 8px; font: inherit; font-weight: 400 }
input, textarea, select { border: 1px solid #8a8d90 }
b { color: #c9190b }
</style><h1>{{ name }}</h1><form>
{% for row in spec %}<label>{{ row.question_name }}{% if row.required %} <b>*</b>{% endif %}
<small>{{ row.question_description }}</small>
{% if row.type == "textarea" %}<textarea rows="3">{{ row.default }}</textarea>
{% elif row.type == "multiplechoice" %}<select><option>{{ row.default }}</select>
{% else %}<input type="{{ 'password' if row.type == 'password' else 'text' }}" value="{{ row.default }}">{% endif %}
</label>
{% endfor %}</form>
"""


def take(browser: Any, page: Path, name: str, folder: Path, *, last: str) -> None:
    """Take a screenshot of a page down to the element `last`; keep it for the documentation where that is wanted."""
    browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    browser.get(page.as_uri())
    size = {"width": WIDTH, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**size, "height": WIDTH})
    bottom = browser.find_element(By.CSS_SELECTOR, last).rect
    height = round(bottom["y"] + bottom["height"]) + 24
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**size, "height": height})
    picture = folder / f"{name}.png"
    assert browser.save_screenshot(str(picture))
    assert picture.stat().st_size > 20_000, "nothing is shown"
    if os.environ.get("TAKE_SCREENSHOTS"):
        shutil.copy(picture, PICTURES)
    assert (PICTURES / f"{name}.png").is_file()


def test_the_report(emulator: Any, playbook: Any, browser: Any, tmp_path: Path):
    fleet = [{"id": f"i-web{number}", "name": f"web-{number:02}", "zone": "cn-hangzhou-h"} for number in range(1, 25)]
    emulator.reset({"instances": fleet})
    done = playbook(
        REPOSITORY / "playbooks" / "run_script.yml",
        extra_vars={
            "target_instances": [row["id"] for row in fleet],
            "run_script_content": SCRIPT,
            "run_script_canary": "1",
            "run_script_wave_size": "8",
            "run_script_report_dest": str(tmp_path / "reports"),
        },
        env=emulator.env(),
    )
    assert done.rc == 2, done.output
    [page] = (tmp_path / "reports").glob("run_script*.html")
    take(browser, page, "report", tmp_path, last="#timeline")


def test_the_survey(browser: Any, tmp_path: Path):
    text = (REPOSITORY / "docs" / "awx" / "definitions" / "60_job_templates.yml").read_text(encoding="utf-8")
    [template] = [row for row in yaml.safe_load(text)["job_templates"] if row["name"] == "Run script"]
    spec = template["related"]["survey_spec"]["spec"]
    page = tmp_path / "survey.html"
    page.write_text(
        Environment(autoescape=True).from_string(FORM).render(name=template["name"], spec=spec), encoding="utf-8"
    )
    take(browser, page, "survey", tmp_path, last="form")
