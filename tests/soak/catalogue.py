# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every task that histories are made of."""

from __future__ import annotations

import random

from .jobs import connection, files, instances, runs, stored
from .jobs.base import Job

JOBS: dict[type[Job], int] = {
    runs.RunScript: 18,
    runs.RunThroughEvents: 12,
    runs.RunPastDeadline: 6,
    runs.RunWithoutIdentity: 9,
    runs.InvokeCommand: 9,
    stored.CreateCommand: 9,
    stored.ReplaceCommand: 9,
    stored.DeleteCommand: 9,
    stored.Schedule: 9,
    stored.Reschedule: 9,
    stored.Unschedule: 9,
    files.SendFile: 9,
    files.SendThroughEvents: 6,
    files.FetchFile: 9,
    instances.StartInstances: 9,
    instances.StopInstances: 9,
    instances.DeleteInstances: 12,
    instances.InstallAgent: 9,
    instances.DeleteCloudDC: 12,
    connection.Raw: 6,
    connection.RawThroughEvents: 4,
    connection.Fetch: 1,
    connection.Command: 2,
    connection.Copy: 2,
    connection.Directory: 1,
    connection.Background: 1,
}
"""How often each one is drawn, in proportion: those over the connection that start several programs are the dearest."""


def draw_job(rng: random.Random, *, processes: bool = False) -> type[Job]:
    """Return one of the tasks, or of those alone that can be processes of their own."""
    jobs = {job: share for job, share in JOBS.items() if not processes or (job.may_die and job.module is not None)}
    return rng.choices(list(jobs), list(jobs.values()))[0]
