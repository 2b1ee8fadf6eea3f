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
      - >-
        The IDs of the instances to run on, in the order in which batches are sent. An entry can hold several IDs
        separated by white space. Duplicate IDs are removed, with a warning.
      - Exactly one of O(instance_ids), O(instance_names) and O(resource_tags) is required.
    type: list
    elements: str
    aliases: [instance_id]
  instance_names:
    description:
      - The names of the instances to run on, compared as a whole.
      - The task fails unless exactly one instance of the region has each name.
    type: list
    elements: str
    aliases: [instance_name]
    version_added: "0.1.0"
  resource_tags:
    description:
      - >-
        Selects every instance of the region that has all of these tags, at most 20. Values are compared exactly,
        including empty ones.
      - >-
        The tags are resolved to instance IDs first, so any number of instances may match, and each of them is in
        RV(results). Instances that are not running are handled according to O(unready) before anything is started.
    type: dict
  resource_group_id:
    description:
      - >-
        The resource group of the run. The instances must belong to it, and O(resource_tags) selects only from this
        group.
    type: str
  parameters:
    description:
      - >-
        Values for the placeholders C({{name}}) of the script, at most 10. Names consist of letters, digits, C(_) and
        C(-), are case-insensitive and may have up to 64 bytes.
      - >-
        The service inserts the values into the script unchanged, without quotes. Use the C(quote) filter for a value
        that the shell must treat as one word, for example C({{ directory | quote }}).
      - >-
        Values must be strings or integers. Write everything else in quotes, such as V("1.10"), which YAML otherwise
        reads as 1.1.
      - Inserted values are not scanned for placeholders again.
    type: dict
  secret_parameters:
    description:
      - Like O(parameters), for values that must not be shown. They are kept out of logs, diffs and results.
      - >-
        The service nevertheless stores them with the invocation. For a secret that must not appear even in the records
        of the service, write C({{oos-secret:name}}) in the script, which the agent reads from the parameter store.
    type: dict
  username:
    description:
      - >-
        The user that runs the script on the instance. The user must exist there. The default is V(root) on Linux and
        V(System) on Windows.
    type: str
  windows_password_name:
    description:
      - >-
        The name of the entry of the parameter store that holds the password of O(username). Required on Windows for
        every user other than V(System).
    type: str
  working_dir:
    description:
      - >-
        The directory in which the script runs, as an absolute path of up to 200 characters. It must exist. The default
        is the home directory of the user on Linux, and the directory of the agent on Windows.
    type: str
  timeout:
    description:
      - >-
        Timeout of the script in seconds. On instances where it has not finished by then, it is killed, together with
        everything that it has started (see O(termination_mode)).
      - >-
        The default is 60 seconds for a script, and the timeout of the stored command for a command. Set O(timeout) for
        everything that runs longer.
    type: int
  launcher:
    description:
      - >-
        The program that starts the script, up to 1 KB, for example V(python3 -u {{ACS::ScriptFileName|Ext(".py"\)}}).
        Not all versions of the agent support it; old ones report V(ClientNeedUpgrade).
    type: str
  termination_mode:
    description:
      - >-
        What to kill when the script is stopped or times out: with V(process), only the process that started the script;
        with V(process_tree), also everything that this process has started.
      - >-
        The default is V(process_tree), unless the run is scheduled. The service's own default is V(process), which
        leaves the script itself running on systems where C(sh) is dash (Debian, Ubuntu): a second attempt would run
        beside the first one. This is the only default that differs from the service's.
      - >-
        On instances whose agent is too old for it, the default falls back to V(process), with a warning.
    type: str
    choices: [process, process_tree]
  container_id:
    description:
      - >-
        The ID of the container in which to run the script: 64 hexadecimal digits, optionally prefixed with
        V(docker://), V(containerd://) or V(cri-o://). Linux only.
      - >-
        Requires agent 2.2.3.344 or later. O(username) and O(working_dir) have no effect in a container, and neither
        does a C(#!) line: the shell of the container runs the script.
    type: str
  container_name:
    description:
      - The name of the container in which to run the script. The same limits as for O(container_id) apply.
    type: str
  repeat_mode:
    description:
      - >-
        When to run the script. V(once) runs it now, V(period) runs it by O(frequency), V(next_reboot_only) and
        V(every_reboot) run it when the instance starts.
      - The default is V(period) if O(frequency) is given, otherwise V(once).
    type: str
    choices: [once, period, next_reboot_only, every_reboot]
  frequency:
    description:
      - >-
        The schedule. V(rate(5m\)) runs at an interval of 60 seconds to 7 days; V(at(2030-06-06 13:15:30
        Asia/Shanghai\)) runs once at that time, in UTC if no time zone is given; V(0 0/30 10-11 * * ?) is a cron
        expression of seconds, minutes, hours, day of month, month and day of week, optionally followed by a year and a
        time zone, by default the time zone of the instance.
      - >-
        Intervals, V(at(\)), a year and a time zone require agent 2.2.3.282 or later, on Windows 2.1.3.282.
      - The task returns as soon as the run is scheduled, and there is no output yet.
    type: str
  timed:
    description:
      - Alias of O(repeat_mode=period) from the API of 2018. V(true) requires O(frequency), which alone means the same.
    type: bool
  tags:
    description:
      - >-
        Tags of the invocations, at most 20; one fewer with O(idempotency_key), and one fewer with O(client_token).
      - >-
        The module adds a tag of its own, by which the invocations of a run can be found: C(cloudops-idempotency-key)
        with O(idempotency_key), otherwise C(cloudops-run) if there is room for it. With both O(client_token) and
        O(idempotency_key), both tags are added.
    type: dict
  oss_output_delivery:
    description:
      - >-
        The location in object storage (OSS) to which the complete output is also delivered, for example
        V(oss://bucket/prefix). The task waits for the delivery as long as it waits for the run, and issues a warning
        about output that was not delivered.
    type: str
  client_token:
    description:
      - >-
        Idempotency token of the run, up to 64 ASCII characters: starting the task again with the same token does not
        run the script again.
      - >-
        A task that is started again with the same token and the same options returns the results of the earlier run
        with C(changed=false), and waits for scripts that are still running. With other options it fails.
      - >-
        If there are more than O(batch_size) instances, each batch has a token derived from this one and from its
        instances.
      - The service forgets a token after some time, which it does not publish.
      - >-
        If no token is given, the module generates one, so that its own retries cannot run a script twice.
    type: str
  idempotency_key:
    description:
      - >-
        A name for what this run achieves, for example V(schema-v42). Instances on which an earlier run under this key
        succeeded, or is still running, are not started again: their result is returned with C(previous=true). The
        script runs only on the others.
      - >-
        Only the key is compared, not the script: use a new key when the script changes. A warning is issued if the
        earlier script was different.
      - >-
        Earlier runs are found in the service's list of invocations, which covers 30 days, at most 10,000 invocations
        per region, and at most 1,000 per key.
      - >-
        Two tasks that start the same request with the same key at the same moment make the same calls with the same
        tokens, and the service carries out each call once.
    type: str
  wait:
    description:
      - >-
        Whether to wait until the script has finished and return the results. If V(false), use RV(invoke_ids) to wait
        for them later.
    type: bool
    default: true
  wait_timeout:
    description:
      - >-
        Maximum time to wait until the script has finished on all instances, in seconds. After that the task reads the
        output so far, for at most 10 seconds, and fails with the RV(results) so far and RV(invoke_ids). The scripts
        continue to run; M(cloudops.cloud_assistant.ecs_invocation_info) can wait for them.
      - The default is the timeout of the script for each round of batches, plus two minutes.
    type: int
  batch_size:
    description:
      - Number of instances per API call.
      - >-
        The service accepts 100, unless the quota C(Maximum number of instances supported per command execution) of the
        account has been raised in Quota Center, up to 1000. Without the quota, the service rejects a larger batch with
        C(InstanceIds.ExceedLimit), and nothing is started.
    type: int
    default: 100
  max_concurrent_batches:
    description:
      - >-
        Maximum number of batches that run at the same time; the next one starts when one has finished on all of its
        instances. With O(wait=false), it only limits the number of concurrent API calls.
      - The default is one batch if O(max_failures) is given, otherwise all batches.
    type: int
  max_failures:
    description:
      - >-
        The number of failed instances to tolerate. Once more instances than this have failed, no further batch is
        started. Instances that were not started are in RV(results) with the status V(Skipped). If not set, all batches
        are started.
    type: int
  unready:
    description:
      - >-
        What to do with instances that are not running, or whose agent is offline. V(fail) fails and names all of them;
        V(skip) skips them with a warning, and runs the script on the others.
      - >-
        The service rejects a whole call if one of its instances is not ready. With V(fail), nothing is started on any
        instance if the first call is rejected; later, the other instances of the rejected batch are not started.
      - Instances that do not exist or have the wrong operating system fail in both cases.
    type: str
    choices: [fail, skip]
    default: fail
  success_rcs:
    description:
      - >-
        Exit codes that count as success, for RV(results[].status), O(max_failures), O(idempotency_key) and the result
        of the task.
    type: list
    elements: int
    default: [0]
    version_added: "0.1.0"
  results:
    description:
      - >-
        Which results to return in RV(results): V(all), only those of V(failed) instances, or V(none). This limits what
        a task on thousands of instances prints and registers. RV(summary) and RV(failed_instances) always cover all
        instances.
    type: str
    choices: [all, failed, none]
    default: all
    version_added: "0.1.0"
  results_file:
    description:
      - >-
        The file to write every result to, regardless of O(results), on the host where the module runs, usually the
        controller. It has one JSON object per line, in the form of RV(results). Values of secret options are masked.
      - >-
        The directory must exist. The file is readable only by its owner, and replaces an existing file atomically. It
        is not written in check mode.
      - >-
        During the run, the outputs are buffered in the same directory instead of in memory. With O(results=failed) or
        O(results=none), a run on a large fleet takes little memory, and twice the space on the disk.
    type: path
    version_added: "0.1.0"
notes:
  - >-
    The task fails if the script fails on an instance, after all instances have finished. The message names the
    instances with their exit code or reason and the end of their output, and the result is still complete. With
    C(no_log=true) on the task, the message quotes no output.
  - >-
    The script's standard output and standard error are one stream. The service keeps 24 KB of it, the first 6,000 bytes
    and the last 18,576. The line C([... 73314 bytes not kept by the service ...]) marks the place where bytes are
    missing.
  - If the script did not exit by itself on an instance, its result has no C(rc).
  - >-
    Some exit codes make the agent power off (193 on Linux, 3009 on Windows) or reboot (194 and 3010) the instance after
    the script. RV(results[].power_action) reports this.
"""
