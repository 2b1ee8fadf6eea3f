# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are sent and fetched: whole, and nothing else is left."""

from __future__ import annotations

import hashlib
import shlex
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_fetch_file, ecs_send_file

from .base import Job, Result
from .events import draw_events, recover


class SendFile(Job):
    """`ecs_send_file`, small or in parts."""

    operations = ("SendFile", "RunCommand", "DescribeSendFileResults", "DescribeInvocations")
    module = ecs_send_file

    def draw(self) -> dict[str, Any]:
        self.data = self.rng.randbytes(self.rng.choice((0, 10, 20_000, 60_000)))
        source = self.folder / "source"
        source.write_bytes(self.data)
        return {"src": str(source), "instance_ids": self.ids, "target_dir": "/srv/soak", "name": "file"}

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        assert [row["instance_id"] for row in result["results"]] == self.ids
        assert self.start()["changed"] is False
        # the digest of the file, and all that lies beside it
        told = self.output("sha256sum </srv/soak/file; find /srv/soak -mindepth 1 | sort")
        digest = hashlib.sha256(self.data).hexdigest()
        assert set(told.values()) == {f"{digest}  -\n/srv/soak/file"}, told


class SendThroughEvents(SendFile):
    """`ecs_send_file` while instances reboot, stop or lose their agent."""

    events = ("reboot", "stop", "agent_offline")

    def faults(self) -> list[dict[str, Any]]:
        action = self.rng.choice(("SendFile", "RunCommand"))
        return [*super().faults(), *draw_events(self.rng, self.events, action, self.ids)]

    def settled(self) -> bool:
        recover(self.cloud, self.ids)
        return super().settled()


class FetchFile(Job):
    """`ecs_fetch_file`, small or in parts."""

    operations = ("RunCommand", "RunCommand", "DescribeInvocations", "DescribeInvocationResults")
    module = ecs_fetch_file

    def prepare(self) -> None:
        self.size = self.rng.choice((0, 10, 20_000, 60_000))
        self.output(f"mkdir -p /srv/soak; head -c {self.size} /dev/zero | tr '\\0' x > /srv/soak/file")
        self.before = self.output(_FILES)

    def draw(self) -> dict[str, Any]:
        return {"path": "/srv/soak/file", "instance_ids": self.ids, "dest": f"{self.folder}/fetched/"}

    def finished(self, result: Result) -> None:
        assert "failed" not in result, result
        files = [path for path in (self.folder / "fetched").rglob("*") if path.is_file()]
        assert sorted(path.read_bytes() for path in files) == [b"x" * self.size] * len(self.ids)
        assert self.start()["changed"] is False
        assert self.output(_FILES) == self.before


_FILES = f"find {shlex.join(('/srv', '/tmp', '/var/tmp'))} -mindepth 1 2>/dev/null | sort"
