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
short_description: Write a report of a run to the controller
version_added: "0.1.0"
description:
  - >-
    Writes the results of a run, as the modules of this collection return them, to files on the controller: a
    self-contained HTML page, JSON, and JUnit XML.
  - >-
    The page shows the totals and a map of the instances, the failures by reason, a timeline of the waves, the script,
    and the output of each instance. It loads nothing from other sites, and shows the output of scripts as plain text.
  - >-
    The file names contain the time, so that reports do not overwrite each other. C(index.html) in the same directory
    lists all reports in the directory.
  - >-
    The role P(cloudops.cloud_assistant.report#role) uses this module, and also prints the totals and the path of the
    page.
author: cloudops.cloud_assistant contributors (@cloudops)
attributes:
  check_mode:
    description: Can run in check mode and return what it would return, without changing anything.
    support: full
    details:
      - Writes no files in check mode.
  diff_mode:
    description: Returns details on what has changed, when in diff mode.
    support: none
  idempotent:
    description: >-
      When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
    details:
      - A report is a record, not a change to a managed resource. C(changed) is always false.
  action:
    description: Runs on the controller, with an action plugin.
    support: full
options:
  results:
    description:
      - >-
        The result of each instance, as in RV(cloudops.cloud_assistant.ecs_run_command#module:results). C(instance_id)
        and C(status) are required.
      - An entry can also have the keys C(phase) and C(wave). The JUnit file has a suite for each phase.
      - An entry can have a key C(steps), a list of results of the same form, one per step.
    type: list
    elements: dict
    required: true
  instances:
    description:
      - >-
        The instances, as in RV(cloudops.cloud_assistant.ecs_instance_info#module:instances). Their names, zones and
        addresses are shown next to the IDs.
    type: list
    elements: dict
    default: []
  dest:
    description: The directory to write the files to. It is created if it does not exist.
    type: path
    required: true
  name:
    description: The prefix of the file names.
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
    description: Sentences to show above the results, for example why a run was stopped.
    type: list
    elements: str
    default: []
  formats:
    description: The formats to write. V(junit) requires the Python library C(junitparser).
    type: list
    elements: str
    choices: [html, json, junit]
    default: [html, json, junit]
  run:
    description: Details of the run to show in the report.
    type: dict
    suboptions:
      script:
        description: The text of the script.
        type: str
      script_file:
        description:
          - The path of the script on the controller, if O(run.script) is not given. A template is shown unrendered.
          - A file that is encrypted with Ansible Vault is not shown.
        type: path
      command:
        description: The name or ID of the stored command.
        type: str
      parameters:
        description: The parameters of the script. Values of parameters named like a secret are masked.
        type: dict
      secret_parameters:
        description: The secret parameters of the script. Their names are shown, and their values are masked.
        type: dict
      region:
        description: The region of the run.
        type: str
      idempotency_key:
        description: The idempotency key of the run.
        type: str
  secrets:
    description: Values to mask in the script, the parameters, the heading and the notes.
    type: list
    elements: raw
    default: []
seealso:
  - module: cloudops.cloud_assistant.ecs_run_command
"""

EXAMPLES = r"""
---
- name: Run a script on all web servers
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
  description: The paths of the files by format, and C(index), the page that lists all reports of the directory.
  returned: always; empty in check mode
  type: dict
  sample:
    html: /var/reports/uptime-20261122T010000Z.html
    index: /var/reports/index.html
totals:
  description: >-
    The number of instances in total, and the numbers of instances that succeeded, failed, were rolled back because
    others failed (C(back)), were skipped, or have not ended (C(running)).
  returned: always
  type: dict
  sample: {total: 12, success: 10, failed: 1, back: 0, skipped: 1, running: 0}
summary:
  description: The totals as a sentence.
  returned: always
  type: str
  sample: "12 instances: 10 succeeded, 1 failed, 1 skipped"
by_status:
  description: The number of results in total, and for each status.
  returned: always
  type: dict
  sample: {total: 12, Success: 10, Failed: 1, Skipped: 1}
not_successful:
  description: The IDs of the instances that did not succeed.
  returned: always
  type: list
  elements: str
  sample: [i-bp185dy2o3o6neg05678]
"""
