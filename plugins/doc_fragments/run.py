# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that run something on instances."""

from __future__ import annotations


class ModuleDocFragment:
    """DOCUMENTATION for the modules ecs_run_command and ecs_invoke_command."""

    DOCUMENTATION = r"""
---
options:
  instance_ids:
    description:
      - The instances, in the order in which batches are sent. An id that is given twice is used once, with a warning.
      - One of O(instance_ids) and O(resource_tags) is required.
    type: list
    elements: str
  resource_tags:
    description:
      - >-
        Runs on every instance of the region that carries all of these tags, at most 20. Values are compared exactly,
        an empty one too.
      - >-
        The tags are resolved to instance ids first, so any number of instances may match and each is in RV(results).
        Instances that are not running are dealt with as O(unready) says, before anything is started.
    type: dict
  resource_group_id:
    description:
      - The resource group of the run. The instances have to belong to it, and O(resource_tags) looks only there.
    type: str
  parameters:
    description:
      - >-
        Values for the placeholders C({{name}}) of the script, at most 10. Names hold letters, digits, C(_) and C(-),
        have at most 64 bytes, and do not regard case. Every placeholder needs a value, which may be empty.
      - Values are text or numbers. Put anything else in quotes.
    type: dict
  secret_parameters:
    description:
      - As O(parameters), for values that must not be shown. They are kept out of logs, diffs and results.
      - >-
        The service keeps them with the invocation all the same. For a secret that not even the service's own records
        may show, write C({{oos-secret:name}}) in the script, which the agent takes from the parameter store.
    type: dict
  username:
    description:
      - The user on the instance that runs the script. By default V(root), on Windows V(System).
    type: str
  windows_password_name:
    description:
      - >-
        The name of the parameter store's entry that holds the password of O(username). Required on Windows for any user
        but V(System).
    type: str
  working_dir:
    description:
      - >-
        The directory in which the script runs, up to 200 characters. It has to exist. By default the home of the user,
        on Windows the agent's directory.
    type: str
  timeout:
    description:
      - Seconds after which the script is ended by force on an instance that is not done.
    type: int
  launcher:
    description:
      - >-
        The program that starts the script, up to 1 KB, for example V(python3 -u {{ACS::ScriptFileName|Ext(".py"\)}}).
    type: str
  termination_mode:
    description:
      - >-
        What is ended when the script is stopped or has no time left: the script's own process, or with V(process_tree)
        also what it has started.
    type: str
    choices: [process, process_tree]
  container_id:
    description:
      - >-
        Runs the script in this container of each instance: 64 hexadecimal digits, with V(docker://), V(containerd://)
        or V(cri-o://) in front if needed. Linux only; O(username) and O(working_dir) have no effect there.
    type: str
  container_name:
    description:
      - Runs the script in the container of this name.
    type: str
  repeat_mode:
    description:
      - >-
        When the script runs: V(once), now; V(period), as O(frequency) says; V(next_reboot_only) and V(every_reboot),
        when the instance starts.
      - By default V(period) with O(frequency), else V(once).
    type: str
    choices: [once, period, next_reboot_only, every_reboot]
  frequency:
    description:
      - >-
        The schedule. V(rate(5m\)) runs at an interval of 60 seconds to 7 days; V(at(2030-06-06 13:15:30
        Asia/Shanghai\)) runs once at that time, in UTC if no time zone is given; V(0 0/30 10-11 * * ?) is a cron
        expression of seconds, minutes, hours, day of month, month and day of week, with a year and a time zone if
        needed, by default in the time zone of the instance.
      - A run on schedule returns once it is scheduled, and has no output yet.
    type: str
  timed:
    description:
      - >-
        The spelling of the API of 2018: V(true) requires O(frequency). Not needed; O(frequency) alone says the same.
    type: bool
  tags:
    description:
      - Tags for the invocations, at most 20, one less with O(idempotency_key) and one less with O(client_token).
      - >-
        The module adds a tag of its own, by which the invocations of one run are found: C(cloudops-idempotency-key)
        with O(idempotency_key), else C(cloudops-run) where there is room for it. With O(client_token) and
        O(idempotency_key) there are both.
    type: dict
  oss_output_delivery:
    description:
      - Also delivers the full output to object storage, V(oss://bucket/prefix).
    type: str
  client_token:
    description:
      - Makes this run one and the same for the service, however often the task is started. Up to 64 ASCII characters.
      - >-
        A task that is started again with the same token and the same options returns the earlier run's results with
        C(changed=false) and waits for what still runs. With other options it fails.
      - >-
        With more than O(batch_size) instances, each batch has a token derived from this one and from its instances.
      - The service forgets a token after some time, which it does not publish.
      - The module makes a token of its own when this is not given, so that its retries cannot run a script twice.
    type: str
  idempotency_key:
    description:
      - >-
        A name for what this run achieves, for example V(schema-v42). Instances on which an earlier run under this key
        succeeded, or on which it is still running, are left alone: their result is returned with C(previous=true). Only
        the others run.
      - >-
        The key is all that counts: change it when the script changes. A warning says when the earlier script was
        another.
      - >-
        The memory is the service's list of invocations: 30 days, at most 10,000 invocations a region, and at most
        1,000 of one key.
      - >-
        Two tasks that start the same request under one key at the same moment make the same calls, with the same
        tokens, and the service carries out each call once.
    type: str
  wait:
    description:
      - Whether to wait for the end and return the results. Without it, RV(invoke_ids) is what matters.
    type: bool
    default: true
  wait_timeout:
    description:
      - >-
        Seconds to wait for the end on all instances. When they have passed the task fails, with RV(results) so far and
        RV(invoke_ids), while the scripts go on; M(cloudops.cloud_assistant.ecs_invocation_info) waits further.
      - >-
        By default the script's time-out for each turn of batches, and two minutes.
    type: int
  batch_size:
    description:
      - Instances in one call. The service takes up to 100.
    type: int
    default: 100
  max_concurrent_batches:
    description:
      - >-
        Batches that may be under way at the same time; the next one starts when one has ended on all its instances.
        With O(wait=false) only calls are under way, not scripts.
      - By default one with O(max_failures), else all.
    type: int
  max_failures:
    description:
      - >-
        Starts no further batch once more than this number of instances has failed. What was not started is in
        RV(results) with the status V(Skipped). Unset never stops.
    type: int
  unready:
    description:
      - >-
        What to do when instances are not running or their agent is offline: V(fail) and name them, or V(skip) them
        with a warning, and run on the rest. The service refuses a whole call for one such instance; with V(fail) the
        other instances of its batch are not started.
      - An instance that does not exist, or has the wrong operating system, fails in both cases.
    type: str
    choices: [fail, skip]
    default: fail
  results:
    description:
      - >-
        Which results the task returns in RV(results): V(all), only those of instances that V(failed), or V(none). A
        task on thousands of instances prints and registers less that way. RV(summary) and RV(failed_instances) always
        cover all instances.
    type: str
    choices: [all, failed, none]
    default: all
    version_added: "0.1.0"
  results_file:
    description:
      - >-
        Writes every result to this file on the host where the module runs, usually the controller: one JSON object per
        line, in the form of RV(results), whatever O(results) is. Values of secret options are masked.
      - >-
        The folder has to exist. The file is readable by its owner only, and replaces an earlier one in one step. It is
        not written in check mode.
    type: path
    version_added: "0.1.0"
notes:
  - >-
    The task fails when the script fails on an instance, after all have answered. The message names the instances with
    exit code or reason and the end of their output, and the result is complete all the same. With C(no_log=true) on the
    task the message quotes no output.
  - stdout and stderr are one stream. The service keeps 24 KB of it, the first 6,000 bytes and the last 18,576.
  - The result of an instance on which the script did not come to its own end has no C(rc).
"""
