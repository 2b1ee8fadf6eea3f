# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress is shown late, seldom, and only when it says something new or nothing was said for long."""

from __future__ import annotations

from ansible.playbook.task import Task
from ansible_collections.cloudops.cloud_assistant.plugins.plugin_utils.progress import (
    AT_MOST_EVERY,
    FIRST_AFTER,
    REPEAT_AFTER,
    Progress,
    label_of,
)
from hypothesis import given
from hypothesis import strategies as st

CALLS = st.lists(st.tuples(st.floats(0, 4), st.sampled_from(["1/3", "2/3", "3/3"])), max_size=60)


def play(calls: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return time and text of each line that is shown for calls given as (seconds since the last, text)."""
    now, shown = 100.0, []
    progress = Progress(lambda line: shown.append((now, line)), "host", lambda: now)
    for pause, text in calls:
        now += pause
        progress(text)
    return shown


class Role:
    """A role of a collection, as far as a task asks for its name."""

    def get_name(self, include_role_fqcn: bool = True) -> str:
        return "cloudops.cloud_assistant.run_script" if include_role_fqcn else "run_script"


def test_a_task_is_named_without_the_collection_of_its_role():
    task = Task(role=Role())
    task.name = "Run the script"
    assert label_of("localhost", task) == "localhost | run_script : Run the script"


@given(CALLS)
def test_lines_are_late_seldom_and_new(calls: list[tuple[float, str]]):
    shown = play(calls)
    times = [when for when, _line in shown]
    assert all(when >= 100 + FIRST_AFTER for when in times)
    assert all(later - earlier >= AT_MOST_EVERY for earlier, later in zip(times, times[1:], strict=False))
    texts = [line.rpartition(" (")[0] for _when, line in shown]
    assert all(
        texts[number] != texts[number - 1] or times[number] - times[number - 1] >= REPEAT_AFTER
        for number in range(1, len(shown))
    )


def test_a_run_in_which_nothing_changes_is_reported_each_minute():
    shown = [line for _when, line in play([(1.0, "0/3 finished")] * 130)]
    assert shown == ["host: 0/3 finished (3 s)", "host: 0/3 finished (63 s)", "host: 0/3 finished (123 s)"]


def test_a_long_run_is_reported():
    shown = [line for _when, line in play([(1.0, f"{number}/20 finished") for number in range(1, 21)])]
    assert shown == [
        "host: 3/20 finished (3 s)",
        "host: 8/20 finished (8 s)",
        "host: 13/20 finished (13 s)",
        "host: 18/20 finished (18 s)",
    ]
