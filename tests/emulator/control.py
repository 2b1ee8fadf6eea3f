# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API under /_emulator: what tests ask of the emulator beside the cloud's own API. It is not signed.

===== ================================ =======================================================================
GET   executions                       {instance id: [{invoke_id, started_at, rc}]}, every script that began
GET   deletions                        {CloudDC instance id: how often its deletion began}
GET   requests                         what was asked, in order, secrets masked
GET   faults                           the rules in force with their counters
POST  faults                           a rule or a list of rules (see ``faults``), added
DELETE faults                          no more faults
GET   options                          the options in force that may change while the emulator runs
POST  options                          {"api_latency_ms": 50, ...}: changed until the next reset
POST  instances/{id}/{action}          start, stop, reboot, agent-offline, agent-online, agent-uninstall, release,
                                       state (changes nothing); answers with the state after it
POST  clock                            {"advance_s": N}; answers when what fell due has run
GET   clock                            {"now": seconds since the epoch}
POST  reset                            {"fleet": rows or {"instances": rows, "clouddc": rows}, "instances": N}; all
                                       forgotten, the first fleet without them
===== ================================ =======================================================================
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from aiohttp import web

from .dispatch import Dispatcher
from .lifecycle import Lifecycle
from .options import changeable
from .state import Cloud

_PREFIX = "/_emulator"
_LONGEST_ADVANCE_S = 100 * 365 * 86400


class Control:
    """The handlers of the control API."""

    def __init__(
        self,
        cloud: Cloud,
        dispatcher: Dispatcher,
        lifecycle: Lifecycle,
        on_reset: list[Callable[[], Awaitable[None]]],
        actions: Collection[str],
    ) -> None:
        """``on_reset`` is called at each reset, before the state is forgotten; ``actions`` are all operations."""
        self._cloud = cloud
        self._dispatcher = dispatcher
        self._lifecycle = lifecycle
        self._on_reset = on_reset
        self._actions = actions

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to mount."""
        return [
            web.get(f"{_PREFIX}/executions", self._executions),
            web.get(f"{_PREFIX}/deletions", self._deletions),
            web.get(f"{_PREFIX}/requests", self._requests),
            web.get(f"{_PREFIX}/faults", self._list_faults),
            web.post(f"{_PREFIX}/faults", self._add_faults),
            web.delete(f"{_PREFIX}/faults", self._clear_faults),
            web.get(f"{_PREFIX}/options", self._options),
            web.post(f"{_PREFIX}/options", self._change_options),
            web.post(f"{_PREFIX}/instances/{{id}}/{{action}}", self._instance),
            web.get(f"{_PREFIX}/clock", self._clock),
            web.post(f"{_PREFIX}/clock", self._advance),
            web.post(f"{_PREFIX}/reset", self._reset),
        ]

    async def _executions(self, _request: web.Request) -> web.Response:
        return web.json_response(self._cloud.executions)

    async def _deletions(self, _request: web.Request) -> web.Response:
        return web.json_response(self._cloud.huawei.deletions)

    async def _requests(self, _request: web.Request) -> web.Response:
        return web.json_response(self._cloud.requests)

    async def _list_faults(self, _request: web.Request) -> web.Response:
        return web.json_response(
            [
                {"action": rule.action, "kind": rule.kind, "seen": rule.seen, "fired": rule.fired}
                for rule in self._cloud.faults.rules
            ]
        )

    async def _add_faults(self, request: web.Request) -> web.Response:
        rules = await _document(request)
        try:
            self._cloud.faults.add(rules if isinstance(rules, list) else [rules], self._actions)
        except ValueError as error:
            return _refused(str(error))
        return web.json_response({"rules": len(self._cloud.faults.rules)})

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._cloud.faults.clear()
        # what has been set off belongs to the rules: without them, nothing happens any more
        await self._lifecycle.all_struck()
        return web.json_response({"rules": 0})

    async def _options(self, _request: web.Request) -> web.Response:
        return web.json_response(changeable(self._cloud.options))

    async def _change_options(self, request: web.Request) -> web.Response:
        changes = await _document(request)
        try:
            if not isinstance(changes, dict):
                raise ValueError("the body is a JSON object of options")
            self._cloud.change_options(changes)
        except ValueError as error:
            return _refused(str(error))
        return web.json_response(changeable(self._cloud.options))

    async def _instance(self, request: web.Request) -> web.Response:
        instance = self._cloud.instances.get(request.match_info["id"])
        if instance is None or instance.released:
            return _refused("there is no such instance", 404)
        action = request.match_info["action"]
        if action in ("start", "stop", "reboot", "release"):
            await getattr(self._lifecycle, action)(instance)
        elif action in ("agent-online", "agent-offline"):
            self._lifecycle.set_agent(instance, action == "agent-online")
        elif action == "agent-uninstall":
            instance.agent_installed = False
            self._lifecycle.set_agent(instance, False)
        elif action != "state":
            return _refused(
                "an instance can start, stop, reboot, release, agent-offline, agent-online, agent-uninstall, state"
            )
        return web.json_response(
            {
                "id": instance.id,
                "status": instance.status,
                "started": instance.started,
                "agent_online": instance.agent_online,
            }
        )

    async def _clock(self, _request: web.Request) -> web.Response:
        return web.json_response({"now": self._cloud.clock.now()})

    async def _advance(self, request: web.Request) -> web.Response:
        document = await _document(request)
        seconds = document.get("advance_s") if isinstance(document, Mapping) else None
        if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds <= _LONGEST_ADVANCE_S:
            return _refused(f"advance_s is a number of seconds from 0 to {_LONGEST_ADVANCE_S}, a hundred years")
        await self._cloud.clock.advance(float(seconds), self._dispatcher.settled)
        return web.json_response({"now": self._cloud.clock.now()})

    async def _reset(self, request: web.Request) -> web.Response:
        document = await _document(request) or {}
        if not isinstance(document, Mapping) or set(document) - {"fleet", "instances"}:
            return _refused("the body is a JSON object with fleet or instances, or nothing")
        rows, count = document.get("fleet"), document.get("instances")
        if count is not None:
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                return _refused("instances is a whole number, 0 or more")
            rows = rows if rows is not None else [{}] * count
        for call in self._on_reset:
            await call()
        try:
            self._cloud.reset(rows)
        except (TypeError, ValueError) as error:
            return _refused(str(error))
        return web.json_response({"instances": list(self._cloud.instances)})


async def _document(request: web.Request) -> Any:
    body = await request.read()
    try:
        return json.loads(body) if body else {}
    except ValueError:
        raise web.HTTPBadRequest(text=json.dumps({"error": "the body is not JSON"})) from None


def _refused(problem: str, status: int = 400) -> web.Response:
    return web.json_response({"error": problem}, status=status)
