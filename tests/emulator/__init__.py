# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local Alibaba Cloud ECS with Cloud Assistant, Huawei IAM and CloudDC, on which scripts really run.

From ``tests/``: ``python -m emulator --instances 12 --ready-file /tmp/ready.json``; ``--help`` lists all options.

Rooms, from the wire inwards:

* ``app``, ``__main__``, ``testing``, ``control``: the process, its command line, its use in tests, its remote control
* ``service``, ``wire``, ``signatures``, ``validation``, ``classic``, ``errors``, ``faults``: one request, before and
  after it has an effect. ``data/operations.json`` describes every operation: parameters, answer, errors
* ``call``, ``operations/``: what each operation does; ``targets``, ``parameters``, ``paging``, ``tokens``,
  ``statuses`` and ``reports`` hold the rules that several of them share
* ``state``, ``fleet``, ``clock``: what the cloud knows, its instances, its time
* ``delivery``, ``lifecycle``: tasks on their way to instances; starting, stopping, releasing them
* ``instance/``: the instance side, which knows no HTTP; ``huawei/``: the other cloud

What it cannot know of the real service is decided so: an invocation by ``RepeatMode=DryRun`` leaves a record with
status Success and no execution; a stopped, agentless or disconnected target fails the whole call with the codes of
2018; without KeepCommand the command of RunCommand is never listed; a command with a live invocation cannot be
deleted (Operation.Forbidden).
"""
