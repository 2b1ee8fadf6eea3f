# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of an operation: its parameters, its region, its generation, and how it refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ApiError, api_error
from .state import Cloud, Region
from .wire import Params

if TYPE_CHECKING:
    from .dispatch import Dispatcher
    from .lifecycle import Lifecycle

Answer = dict[str, Any]
Handler = Callable[["Call"], Answer | Awaitable[Answer]]


@dataclass
class Call:
    """What a handler is given. ``classic`` says that the request speaks the generation of 2018."""

    cloud: Cloud
    dispatcher: Dispatcher
    lifecycle: Lifecycle
    action: str
    params: Params
    classic: bool
    region: Region

    @property
    def now(self) -> float:
        """The emulated time."""
        return self.cloud.clock.now()

    @property
    def only_classic(self) -> bool:
        """Whether the endpoint answers in the shapes of 2018 alone."""
        return self.cloud.options.generation == "classic"

    def error(self, code: str, *details: object) -> ApiError:
        """Return the error of this operation's table with that code."""
        return api_error(self.action, code, *details, classic=self.classic)


_HANDLERS: dict[str, Handler] = {}


def operation(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler for the named operations."""

    def register(handler: Handler) -> Handler:
        for name in names:
            _HANDLERS[name] = handler
        return handler

    return register


def handlers() -> dict[str, Handler]:
    """Return all operations with their handlers."""
    from . import operations  # noqa: F401  the rooms register themselves when they are imported

    return _HANDLERS
