# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages by NextToken/MaxResults or by PageNumber/PageSize; the first pair excludes the second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .errors import api_error
from .tokens import next_token, read_next_token
from .wire import Params

Row = TypeVar("Row")


def whole_number(text: str) -> int | None:
    """Return a non-negative decimal number, or None for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


class Pager:
    """The paging of one request over a list that only ever grows at its end.

    A token holds the index of the last row given, so rows that appear meanwhile shift nothing, and a page costs the
    rows that it looks at and no more.
    """

    def __init__(
        self,
        action: str,
        params: Params,
        *,
        largest: int = 50,
        default: int = 10,
        clamp: tuple[int, int] | None = None,
        tokens: bool = True,
    ) -> None:
        """Read the paging parameters; ``clamp`` bounds MaxResults silently instead of refusing it.

        ``tokens`` is false for the operations that know PageNumber and PageSize only.
        """
        self._action = action
        self.by_token = tokens and bool(params.get("NextToken") or params.get("MaxResults"))
        self._last: int | None = None
        self.page = 1
        if self.by_token:
            size = whole_number(params.text("MaxResults", str(default)))
            if clamp and size is not None:
                size = min(max(size, clamp[0]), clamp[1])
            if size is None or not 1 <= size <= largest:
                raise api_error(action, "InvalidParameter.MaxResults")
            if params.text("NextToken"):
                last = read_next_token(action, params.text("NextToken")).get("i")
                if not isinstance(last, int):
                    raise api_error(action, "InvalidParameter.NextToken")
                self._last = last
            self.size = size
        else:
            page = whole_number(params.text("PageNumber", "1"))
            size = whole_number(params.text("PageSize", str(default)))
            if page is None or page < 1:
                raise api_error(action, "InvalidParam.PageNumber")
            if size is None or not 1 <= size <= largest:
                raise api_error(action, "InvalidParam.PageSize")
            self.page, self.size = page, size

    def take(
        self, rows: Sequence[Row], keep: Callable[[Row], bool], *, newest_first: bool = False, oldest: int = 0
    ) -> tuple[list[Row], dict[str, Any]]:
        """Return one page of the rows that ``keep`` accepts, and the paging fields of the answer.

        Rows with an index below ``oldest`` are past their retention.
        """
        if self.by_token:
            return self._take_by_token(rows, keep, newest_first, oldest)
        found = [row for row in rows[oldest:] if keep(row)]
        if newest_first:
            found.reverse()
        begin = (self.page - 1) * self.size
        fields = {"NextToken": "", "TotalCount": len(found), "PageNumber": self.page, "PageSize": self.size}
        return found[begin : begin + self.size], fields

    def _take_by_token(
        self, rows: Sequence[Row], keep: Callable[[Row], bool], newest_first: bool, oldest: int
    ) -> tuple[list[Row], dict[str, Any]]:
        if newest_first:
            first = len(rows) - 1 if self._last is None else min(self._last, len(rows)) - 1
            indexes = range(first, oldest - 1, -1)
        else:
            indexes = range(oldest if self._last is None else max(self._last + 1, oldest), len(rows))
        page: list[Row] = []
        token = ""
        last = 0
        for index in indexes:
            if not keep(rows[index]):
                continue
            if len(page) == self.size:
                token = next_token(self._action, {"i": last})
                break
            page.append(rows[index])
            last = index
        return page, {"NextToken": token, "TotalCount": 0, "PageNumber": 0, "PageSize": 0}
