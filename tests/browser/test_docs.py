# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site builds without a warning, and a browser opens its pages without an error."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from selenium.webdriver.common.by import By
from support.environments import REPOSITORY, clean_env, copy_checkout

GUIDES = sorted(path.stem for path in (REPOSITORY / "docs" / "docsite" / "rst").glob("*.rst"))
MODULES = sorted(path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py"))
ROLES = sorted(path.parent.parent.name for path in (REPOSITORY / "roles").glob("*/meta/argument_specs.yml"))


def build(folder: Path) -> None:
    """Build the site into `folder`, and leave the output of a failed build there as ``failed``."""
    collection = copy_checkout(folder)
    env = clean_env(Path(sys.executable).parent, ANSIBLE_COLLECTIONS_PATH=str(folder), HOME=str(folder))
    done = subprocess.run(
        [str(collection / "docs" / "build.sh"), str(folder / "site")],
        cwd=collection,
        env=env,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    (folder / ("built" if done.returncode == 0 else "failed")).write_text(done.stdout, encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Return the folder of the site's pages, built once for all processes of this test run."""
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "documentation"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not any((folder / name).exists() for name in ("built", "failed")):
            build(folder)
    if (folder / "failed").exists():
        pytest.fail(f"the site was not built:\n{(folder / 'failed').read_text(encoding='utf-8')}", pytrace=False)
    return folder / "site" / "build" / "html"


WIDER_THAN_THE_SCREEN = """
const screen = 390;
const found = [...document.querySelectorAll("h1, h2, h3, h4, img, svg, .rst-content p")]
    .filter(element => element.getBoundingClientRect().right > screen + 1 && !element.closest("table, pre, nav"))
    .map(element => `${element.tagName} ${(element.textContent || element.src || "").trim().slice(0, 60)}`);
return document.documentElement.scrollWidth > screen + 1 ? [...found, "the page scrolls sideways"] : found;
"""


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if values.get("id"):
            self.anchors.add(values["id"])
        link = values.get("href") if tag in ("a", "link") else values.get("src") if tag in ("script", "img") else None
        if link:
            self.links.append(link)


@cache
def page(path: Path) -> Page:
    return Page(path)


def broken_links(root: Path, path: Path) -> list[str]:
    """Return the links of a page, to pages and places of this site, that lead nowhere."""
    broken = []
    for link in page(path).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        found = target.is_file() and target.is_relative_to(root)
        if found and parts.fragment and target.suffix == ".html":
            found = unquote(parts.fragment) in page(target).anchors
        if not found:
            broken.append(link)
    return broken


def test_every_page_is_there_and_its_links_lead_somewhere(site):
    pages = {str(path.relative_to(site)) for path in site.rglob("*.html")}
    wanted = {
        "index.html",
        *(f"docsite/{name}.html" for name in GUIDES),
        *(f"{name}_module.html" for name in MODULES),
        *(f"{name}_role.html" for name in ROLES),
    }
    assert wanted <= pages
    found = {str(path.relative_to(site)): broken_links(site, path) for path in sorted(site.rglob("*.html"))}
    assert {name: links for name, links in found.items() if links} == {}


def test_a_browser_opens_the_pages(site, browser):
    """The first page, a module, a role, and each guide: its heading is seen, and the console is silent."""
    shown = ["index", "ecs_run_command_module", "run_script_role", *(f"docsite/{name}" for name in GUIDES)]
    for name in shown:
        browser.get((site / f"{name}.html").as_uri())
        heading = browser.find_element(By.CSS_SELECTOR, "h1")
        assert heading.is_displayed(), name
        assert len(heading.text.strip("\uf0c1¶ ")) > 4, name
        body = browser.find_element(By.TAG_NAME, "body").text
        assert not re.search(r":(ref|ansplugin|ansopt):`|System Message|Unknown (directive|interpreted)", body), name
        errors = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert [message for message in errors if "file://" in message] == [], name


def test_the_first_page_shows_what_the_collection_is(site, browser):
    """What it is, the two commands and the recording on one screen; the sidebar in groups, with short names."""
    browser.set_window_size(1280, 1000)
    browser.get((site / "index.html").as_uri())
    [recording] = browser.find_elements(By.CSS_SELECTOR, "img.terminal")
    assert recording.rect["y"] + recording.rect["height"] < 1000
    text = browser.find_element(By.CSS_SELECTOR, ".rst-content").text
    assert text.index("make demo") < text.index("ansible-galaxy collection install") < text.index("Getting started")
    menu = browser.find_element(By.CSS_SELECTOR, ".wy-menu-vertical")
    captions = [caption.text.title() for caption in menu.find_elements(By.CSS_SELECTOR, ".caption")]
    assert captions == ["Start", "Guides", "Modules", "Plugins", "Roles", "Contributors"]
    names = [entry.get_attribute("textContent") for entry in menu.find_elements(By.CSS_SELECTOR, ".toctree-l1 > a")]
    assert set(MODULES) | set(ROLES) <= set(names)
    assert max(map(len, names)) <= 40


def test_options_and_return_values_are_shown_at_any_width(site, browser):
    for width in (390, 1280):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for name in ("ecs_run_command_module", "run_script_role", "ecs_inventory"):
            browser.get((site / f"{name}.html").as_uri())
            tables = browser.find_elements(By.CSS_SELECTOR, "table.ansible-option-table")
            assert tables, name
            shown = [table.rect["height"] > 10 * len(table.find_elements(By.TAG_NAME, "tr")) for table in tables]
            assert all(shown), (name, width)


def test_pages_fit_a_phone(site, browser):
    """No heading, text or picture is wider than the screen, and no page scrolls sideways."""
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    wide = {}
    for path in sorted(site.rglob("*.html")):
        browser.get(path.as_uri())
        wide[path.stem] = browser.execute_script(f"return (() => {{{WIDER_THAN_THE_SCREEN}}})()")
    assert {name: found for name, found in wide.items() if found} == {}


def test_every_diagram_is_shown(site):
    drawn = {path.stem for path in (REPOSITORY / "docs" / "diagrams").glob("*.d2")}
    shown = {path.stem for path in (site / "_images").glob("*.svg")}
    assert drawn <= shown


def test_a_reader_gets_from_the_first_page_to_a_guide_and_on(site, browser):
    browser.get((site / "index.html").as_uri())
    browser.find_element(By.LINK_TEXT, "Getting started").click()
    assert browser.find_element(By.CSS_SELECTOR, "h1").text.startswith("Getting started")
    browser.find_element(By.LINK_TEXT, "Running scripts at scale").click()
    assert browser.current_url.endswith("run_at_scale_guide.html")
    browser.find_element(By.LINK_TEXT, "ecs_run_command").click()
    assert "ecs_run_command" in browser.find_element(By.CSS_SELECTOR, "h1").text
