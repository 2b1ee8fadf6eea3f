# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers that wait together: who asks, when, and what the others get to see."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.failures import (
    Refused,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.protocol import MARK
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.cloud_assistant.connection.together import (
    BATCH,
    LONGEST_PAUSE,
    Row,
    Together,
    Watch,
    first_look,
    seconds_to_first,
    seconds_to_look,
)
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.shared_file import SharedDocument
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.wait import Deadline
from hypothesis import given
from hypothesis import strategies as st
from support.patience import HANG_GUARD
from support.processes import at_once

FLOOR = 0.1
SEALED = f"{MARK} {'a' * 32} done rc=0 seal=cms\nxyz\n{MARK} {'a' * 32} end\n"


class Service:
    """Invocations in files, which processes share; each question adds a line to ``asked``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.by_tag = True

    def start(self, invoke_id: str, tag: list[dict[str, str]], output: str = SEALED) -> None:
        (self.folder / invoke_id).write_text(f"{tag[0]['Value']}\n{output}")

    def ask(self, params: Mapping[str, Any]) -> list[Row]:
        wanted = params.get("InvokeId") or params["Tag"][0]["Value"]
        with (self.folder / "asked").open("a") as file:
            file.write(f"{os.getpid()} {wanted}\n")
        rows = []
        for path in self.folder.glob("t-*"):
            tag, _newline, output = path.read_text().partition("\n")
            if path.name == wanted or (self.by_tag and tag == wanted):
                rows.append(
                    {
                        "InvokeId": path.name,
                        "InvocationStatus": "Success" if output else "Running",
                        "Output": base64.b64encode(output.encode()).decode(),
                    }
                )
        return rows

    @property
    def asked(self) -> list[list[str]]:
        path = self.folder / "asked"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def wait(together: Together, invoke_id: str, batch: int) -> Row:
    with together.waiting(invoke_id, batch) as watch:
        return until_ended(watch)


def until_ended(watch: Watch) -> Row:
    deadline = Deadline(HANG_GUARD)
    while not deadline.expired():
        row = watch.next(deadline)
        if row.get("InvocationStatus") == "Success":
            return row
    raise AssertionError("it did not end")


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "service")


@pytest.fixture
def worker(tmp_path: Path, service: Service) -> Callable[[int], None]:
    """Do the work of one worker: start an invocation, and wait for it."""

    def work(number: int) -> None:
        together = Together(tmp_path / "run", service.ask, FLOOR)
        batch, tag = together.batch()
        service.start(f"t-{number}", tag)
        row = wait(together, f"t-{number}", batch)
        together.close()
        assert base64.b64decode(row["Output"]).decode() == SEALED

    return work


def test_one_question_serves_many_processes(service: Service, worker: Callable[[int], None], tmp_path: Path) -> None:
    assert at_once(40, worker) == [0] * 40
    # far fewer than workers, however slow the machine is
    assert len(service.asked) <= 20
    assert [path for path in (tmp_path / "run").rglob("*") if path.parent.name in ("waiting", "rows", "coming")] == []
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o77 == 0 for path in (tmp_path / "run" / "rows").parent.iterdir())


def test_a_killed_worker_blocks_no_other(service: Service, tmp_path: Path) -> None:
    """Whether it is the one who asks, or one that is on its way."""

    def work(number: int) -> None:
        together = Together(tmp_path / "run", service.ask, FLOOR)
        batch, tag = together.batch()
        if number == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        # the first one to lead never sees its end
        service.start(f"t-{number}", tag, "" if number == 1 else SEALED)
        with together.waiting(f"t-{number}", batch) as watch:
            if number == 1:
                while not service.asked:
                    watch.next(Deadline(HANG_GUARD))
                os.kill(os.getpid(), signal.SIGKILL)
            until_ended(watch)

    assert at_once(6, work) == [-9, -9, 0, 0, 0, 0]
    together = Together(tmp_path / "run", service.ask, FLOOR)
    batch, tag = together.batch()
    service.start("t-last", tag)
    wait(together, "t-last", batch)
    # by its own id, since what the killed one waited for is asked for no more
    assert service.asked[-1][1] == "t-last"


def test_an_output_that_is_not_sealed_is_read_by_its_own_worker(service: Service, tmp_path: Path) -> None:
    plain = f"{MARK} {'a' * 32} done rc=0\npassword\n{MARK} {'a' * 32} end\n"

    def work(number: int) -> None:
        together = Together(tmp_path / "run", service.ask, FLOOR)
        batch, tag = together.batch()
        for output in (plain, f"password\n{SEALED}", f"{SEALED}password\n"):
            service.start(f"t-{number}", tag, output)
            seen: list[bytes] = []
            with together.waiting(f"t-{number}", batch) as watch:
                row: Row = {}
                while not row.get("Output"):
                    for path in (tmp_path / "run" / "rows").iterdir():
                        # those of the others go as soon as they are read
                        with contextlib.suppress(FileNotFoundError):
                            seen.append(path.read_bytes())
                    row = watch.next(Deadline(HANG_GUARD))
            encoded = base64.b64encode(output.encode())
            assert base64.b64decode(row["Output"]).decode() == output
            assert not any(encoded in text for text in seen)

    assert at_once(3, work) == [0, 0, 0]


def test_a_service_that_hides_what_is_asked_for_by_tag_is_asked_by_id(
    service: Service, worker: Callable[[int], None], tmp_path: Path
) -> None:
    service.by_tag = False
    assert at_once(4, worker) == [0] * 4
    before = len(service.asked)
    assert at_once(4, worker) == [0] * 4
    # it is asked by tag no more
    assert {wanted for _pid, wanted in service.asked[before:]} == {"t-0", "t-1", "t-2", "t-3"}


def test_a_question_that_is_refused_is_the_asking_workers_own_error(service: Service, tmp_path: Path) -> None:
    def refuse(params: Mapping[str, Any]) -> list[Row]:
        if params.get("InvokeId") == "t-bad":
            raise Refused("bad")
        return [row for row in service.ask(params) if row["InvokeId"] != "t-bad"]

    leader, other = (Together(tmp_path / "run", refuse, FLOOR) for _number in range(2))
    _batch, tag = leader.batch()
    service.start("t-good", tag, "")
    with leader.waiting("t-good", 0) as good, other.waiting("t-bad", 1) as bad:
        deadline = Deadline(HANG_GUARD)
        while good.next(deadline).get("InvocationStatus") != "Running":
            pass
        with pytest.raises(Refused):
            while True:
                assert good.next(deadline)["InvocationStatus"] == "Running"
                bad.next(deadline)


def test_a_folder_that_goes_away_leaves_each_worker_to_itself(service: Service, tmp_path: Path) -> None:
    together = Together(tmp_path / "run", service.ask, FLOOR)
    batch, tag = together.batch()
    service.start("t-1", tag)
    with together.waiting("t-1", batch) as watch:
        (tmp_path / "run").rename(tmp_path / "gone")
        assert until_ended(watch)["InvokeId"] == "t-1"
        (tmp_path / "gone").rename(tmp_path / "run")


def test_a_tag_has_at_most_a_page_of_invocations(service: Service, tmp_path: Path) -> None:
    together = Together(tmp_path / "run", service.ask, FLOOR)
    tags = [together.batch()[1][0]["Value"] for _number in range(2 * BATCH)]
    assert [tags.count(tag) for tag in dict.fromkeys(tags)] == [BATCH, BATCH]
    together.close()
    together.close()


moments = st.floats(0, 1000)


@given(starts=st.lists(moments, min_size=1, max_size=60), looked=moments, coming=st.integers(0, 60), later=moments)
def test_every_wait_for_a_question_ends(starts: list[float], looked: float, coming: int, later: float) -> None:
    now = max([*starts, looked]) + later
    seconds = seconds_to_look(now, looked, starts, coming, 0.3, 0.3)
    # nobody is asked for sooner than it can have ended, and nobody waits longer than the longest pause
    assert seconds <= LONGEST_PAUSE
    if later < 0.3 and now - looked < 0.3:
        assert seconds > 0


@given(count=st.integers(2, 60), gap=st.floats(0.001, 0.05))
def test_one_question_is_enough_for_those_that_start_together(count: int, gap: float) -> None:
    """Each is about to start until it has: nothing is asked before nearly all wait."""
    starts = [number * gap for number in range(count)]
    for number in range(1, count):
        now = starts[number - 1] + min(0.3, gap)
        if number < 0.9 * count:
            assert seconds_to_look(now, float("-inf"), starts[:number], count - number, 0.3, 0.3) > 0
    end = starts[-1] + 0.3
    assert seconds_to_look(end + 0.001, float("-inf"), starts, 0, 0.3, 0.3) <= 0
    assert seconds_to_look(end + 0.001, end, starts, 0, 0.3, 0.3) > 0


@given(seconds=st.floats(0.3, 0.6), before=st.floats(0.3, 0.6))
def test_the_first_look_finds_most_of_those_that_are_equally_quick(seconds: float, before: float) -> None:
    """Whatever those before them took: soon most take one call, and few wait in vain."""
    first, firsts, found = before, [], []
    for _turn in range(60):
        firsts.append(first)
        found.append(first >= seconds)
        first = seconds_to_first(first, 0.3, early=first < seconds)
    assert min(firsts) >= 0.3 and max(firsts) <= 0.6
    settled = firsts[20:]
    assert sum(settled) / len(settled) < seconds + 0.05
    assert sum(found[20:]) >= 0.5 * len(settled)


def test_early_looks_delay_the_next_first_look(service: Service, tmp_path: Path) -> None:
    together = Together(tmp_path / "run", service.ask, FLOOR)
    batch, tag = together.batch()
    # at first as late as it can be: every one that ends later takes a second look
    looks = SharedDocument(tmp_path / "run" / "looks.json")
    firsts = [first_look(looks.read(), FLOOR)]
    for number, early in enumerate((False, False, True)):
        before = len(service.asked)
        service.start(f"t-{number}", tag, "" if early else SEALED)
        with together.waiting(f"t-{number}", batch) as watch:
            while len(service.asked) == before:
                watch.next(Deadline(HANG_GUARD))
            service.start(f"t-{number}", tag)
            until_ended(watch)
        firsts.append(first_look(looks.read(), FLOOR))
    assert firsts[0] == pytest.approx(2 * FLOOR)
    assert firsts[0] > firsts[1] > firsts[2] >= FLOOR
    assert firsts[2] < firsts[3] <= 2 * FLOOR
