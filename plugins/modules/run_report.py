#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action run_report (plugins/action/run_report.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: run_report
short_description: Write a report of a run on the controller
version_added: "0.1.0"
description:
  - >-
    Writes the results per instance of a run, as the modules of this collection return them, into files on the
    controller: an HTML page that stands alone, JSON, and JUnit XML.
  - >-
    The page shows the totals and a map of the instances, the failures by reason, a time line of the waves, what was
    run, and the output of each instance. It loads nothing from elsewhere, and shows the output of scripts as text.
  - >-
    The names of the files hold the time, so that no report overwrites another. C(index.html) in the same folder lists
    all reports in it.
  - The role P(cloudops.cloud_assistant.report#role) uses it, and also prints the totals and the path of the page.
author: cloudops.cloud_assistant contributors (@cloudops)
attributes:
  check_mode:
    description: Can run in check mode and return what it would return, without changing anything.
    support: full
    details:
      - Writes nothing in check mode.
  diff_mode:
    description: Returns details on what has changed, when in diff mode.
    support: none
  idempotent:
    description: >-
      When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
    details:
      - A report is a record, not a change of what is managed. C(changed) is always false.
  action:
    description: Runs on the controller, with an action plugin.
    support: full
options:
  results:
    description:
      - >-
        The results per instance, as in RV(cloudops.cloud_assistant.ecs_run_command#module:results). C(instance_id) and
        C(status) are required.
      - An entry may have the keys C(phase) and C(wave) as well. The JUnit file has a suite for each phase.
      - An entry of several steps has them in C(steps), a list of results of the same kind.
    type: list
    elements: dict
    required: true
  instances:
    description:
      - >-
        What is known of the instances, as in RV(cloudops.cloud_assistant.ecs_instance_info#module:instances). Name,
        zone and address are shown beside the id.
    type: list
    elements: dict
    default: []
  dest:
    description: The folder that receives the files. It is created if it does not exist.
    type: path
    required: true
  name:
    description: What the names of the files begin with.
    type: str
    default: report
  title:
    description: The heading of the report.
    type: str
    default: Script run
  subtitle:
    description: A line below the heading.
    type: str
    default: ""
  notes:
    description: Sentences shown above the results, for example why a run was stopped.
    type: list
    elements: str
    default: []
  formats:
    description: Which files are written. V(junit) requires the Python library C(junitparser).
    type: list
    elements: str
    choices: [html, json, junit]
    default: [html, json, junit]
  run:
    description: What was run.
    type: dict
    suboptions:
      script:
        description: The text of the script.
        type: str
      script_file:
        description:
          - The file of the script on the controller, if O(run.script) is not given. It is shown before templating.
          - A file encrypted with Ansible Vault is not shown.
        type: path
      command:
        description: The name or id of the stored command.
        type: str
      parameters:
        description: The parameters of the script. Values of parameters named like a secret are masked.
        type: dict
      secret_parameters:
        description: Its secret parameters. Their names are shown, and their values are masked.
        type: dict
      region:
        description: The region.
        type: str
      idempotency_key:
        description: The idempotency key of the run.
        type: str
  secrets:
    description: Values that are masked in the script, the parameters, the heading and the notes.
    type: list
    elements: raw
    default: []
seealso:
  - module: cloudops.cloud_assistant.ecs_run_command
"""

EXAMPLES = r"""
---
- name: Ask all web servers for their uptime
  cloudops.cloud_assistant.ecs_run_command:
    region: cn-hangzhou
    resource_tags:
      role: web
    content: uptime
  register: uptime

- name: Write a report
  cloudops.cloud_assistant.run_report:
    results: "{{ uptime.results }}"
    title: Uptime of the web servers
    dest: /var/reports
    name: uptime
    run:
      script: uptime
      region: cn-hangzhou
"""

RETURN = r"""
---
paths:
  description: The files that were written, by format, and C(index), the page that lists the reports of the folder.
  returned: always, empty in check mode
  type: dict
  sample:
    html: /var/reports/uptime-20261122T010000Z.html
    index: /var/reports/index.html
totals:
  description: >-
    How many instances there are in all, and how many succeeded, failed, were rolled back because of others (C(back)),
    were skipped, or have not ended (C(running)).
  returned: always
  type: dict
  sample: {total: 12, success: 10, failed: 1, back: 0, skipped: 1, running: 0}
summary:
  description: The totals as a sentence.
  returned: always
  type: str
  sample: "12 instances: 10 succeeded, 1 failed, 1 skipped"
by_status:
  description: How many results there are in all, and of each status.
  returned: always
  type: dict
  sample: {total: 12, Success: 10, Failed: 1, Skipped: 1}
not_successful:
  description: The ids of the instances that did not succeed.
  returned: always
  type: list
  elements: str
  sample: [i-bp185dy2o3o6neg05678]
"""
