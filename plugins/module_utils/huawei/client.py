# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make one authenticated call to CloudDC, by the operation's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from ..common.errors import CloudError, TransportError
from ..common.wait import Deadline
from .exchange import Authentication, Exchange, Reply
from .operations import OPERATIONS

# ListInstances, limit: 10 to 1000. Each row may hold 32 KB of user data, and an answer is bounded in size.
PAGE_SIZE = 100


class Client:
    """CloudDC of one region and project."""

    def __init__(
        self,
        exchange: Exchange,
        endpoint: str,
        authentication: Authentication,
        *,
        region: str | None = None,
        project_id: str | None = None,
        find_project: Callable[[Deadline | None], str] | None = None,
    ) -> None:
        """Without ``project_id``, ``find_project`` is asked for it before the first call."""
        self._exchange = exchange
        self._endpoint = endpoint
        self._authentication = authentication
        self.region = region
        self._project_id = project_id
        self._find_project = find_project

    @property
    def requests(self) -> Counter[str]:
        """HTTP requests sent so far, by operation, repeats and those to IAM included."""
        return self._exchange.requests

    def project_id(self, deadline: Deadline | None = None) -> str:
        """Return the id of the project, asking IAM for it once if it was not given."""
        if self._project_id is None:
            if self._find_project is None:
                raise ValueError("a client needs project_id or find_project")
            self._project_id = self._find_project(deadline)
        return self._project_id

    def call(
        self,
        operation: str,
        *,
        id: str | None = None,
        query: Mapping[str, str | None] | None = None,
        body: Any = None,
        deadline: Deadline | None = None,
    ) -> Reply:
        """Send the operation; query values that are None are left out. Raises ApiError, TransportError."""
        found = OPERATIONS[operation]
        path = found.path if id is None else found.path.replace("{id}", quote(id, safe=""))
        project = self.project_id(deadline)
        return self._exchange.call(
            found,
            self._endpoint,
            f"/v1/{quote(project, safe='')}{path}",
            self._authentication,
            query=[(name, value) for name, value in (query or {}).items() if value is not None],
            body=body,
            headers={"X-Project-Id": project},
            deadline=deadline,
        )

    def pages(
        self,
        operation: str,
        query: Mapping[str, str | None],
        *,
        page_size: int = PAGE_SIZE,
        deadline: Deadline | None = None,
    ) -> Iterator[Reply]:
        """Yield every page of a list, following ``page_info.next_marker``.

        ``limit`` is always sent: the service documents two different defaults for it. Raises TransportError when the
        list is not complete: a marker comes back a second time, or a full page does not say whether there are more.
        """
        marker: str | None = None
        seen = set()
        while True:
            reply = self.call(operation, query={**query, "limit": str(page_size), "marker": marker}, deadline=deadline)
            yield reply
            marker = reply["page_info"].get("next_marker")
            if marker is None and len(reply["instances"]) >= page_size:
                raise self._incomplete(operation, "a full page came without next_marker")
            if not marker:
                return
            if marker in seen:
                raise self._incomplete(operation, "the same next_marker came twice")
            seen.add(marker)

    def _incomplete(self, operation: str, reason: str) -> CloudError:
        host = urlsplit(self._endpoint).netloc
        return TransportError(operation, host, f"{reason}, so the list is not complete", False)
