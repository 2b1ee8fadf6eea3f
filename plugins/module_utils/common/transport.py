# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP exchange over a keep-alive session, and what a broken one means for the request."""

from __future__ import annotations

import http.cookiejar
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import MissingLibrary
from .redact import redact

if TYPE_CHECKING:
    import requests

# connections kept open side by side: more than the batches that anyone sends at once
POOL_SIZE = 32


class NoAnswer(Exception):
    """The exchange broke off. ``reason`` is free of secrets.

    ``may_have_arrived``: the request may have reached the service. ``passing``: another try can fare better.
    """

    def __init__(self, reason: str, *, may_have_arrived: bool, passing: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_have_arrived = may_have_arrived
        self.passing = passing


@dataclass(frozen=True)
class HttpAnswer:
    """A complete answer: status, headers (any case), body, and the service's clock from the Date header (UTC)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def server_time(self) -> datetime | None:
        """The Date header, None when it is missing or unreadable."""
        try:
            moment = parsedate_to_datetime(self.headers.get("Date", ""))
        except (TypeError, ValueError):
            return None
        return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


class HttpTransport:
    """Sends prepared requests; may be used by several threads at once.

    ``verify`` is true, false, or the path of a bundle of authorities; only a plain true leaves the choice of the
    bundle to REQUESTS_CA_BUNDLE. Time-outs are in seconds. Proxies come from the environment, unless ``use_proxies``
    is false or the URL names this machine, which a proxy would look for elsewhere. Redirects, cookies and ~/.netrc are
    ignored: each would send a signed request elsewhere or change it.
    """

    def __init__(
        self,
        *,
        verify: bool | str = True,
        connect_timeout: float = 5.0,
        read_timeout: float = 20.0,
        use_proxies: bool = True,
    ) -> None:
        self.verify = verify
        self.use_proxies = use_proxies
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout
        self._session = self._new_session()

    def _new_session(self) -> requests.Session:
        try:
            import requests
            from requests.adapters import HTTPAdapter
        except ImportError as error:
            raise MissingLibrary("requests", str(error)) from None
        session = requests.Session()
        session.trust_env = self.use_proxies
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=POOL_SIZE, max_retries=0))
        session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        return session

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        remaining: float | None = None,
        fresh: bool = False,
    ) -> HttpAnswer:
        """Send one request and read the whole answer, whatever its status.

        ``remaining`` seconds cut the time-outs. ``fresh`` uses a new connection: a kept one may have been closed by
        the other side just now, which looks like a lost answer; a request that cannot be repeated must not meet that.
        Raises NoAnswer.
        """
        if fresh:
            with self._new_session() as session:
                return self._exchange(session, method, url, headers, body, remaining)
        return self._exchange(self._session, method, url, headers, body, remaining)

    def _exchange(
        self,
        session: requests.Session,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        remaining: float | None,
    ) -> HttpAnswer:
        import requests

        limit = max(remaining, 0.001) if remaining is not None else float("inf")
        failure: NoAnswer
        try:
            # prepared apart from the session: that one would add headers of its own, and ~/.netrc's password
            prepared = requests.Request(method, url, headers=dict(headers), data=body).prepare()
            settings: dict[str, Any] = dict(session.merge_environment_settings(url, {}, False, self.verify, None))
            if _is_this_machine(url):
                settings["proxies"] = {}
            response = session.send(
                prepared,
                timeout=(min(self.connect_timeout, limit), min(self.read_timeout, limit)),
                allow_redirects=False,
                **settings,
            )
            return HttpAnswer(response.status_code, response.headers, response.content)
        except (requests.RequestException, OSError, ValueError) as error:
            failure = _as_no_answer(error)
        # raised out here, so that no chained exception carries the URL with its signature and content
        raise failure


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _as_no_answer(error: Exception) -> NoAnswer:
    import requests
    from urllib3 import exceptions as low

    chain = _chain(error)
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            problem = link.verify_message or link.reason or link
            reason = f"the server's certificate is not trusted: {problem}; the option ca_path names who may sign it"
            return NoAnswer(redact(reason), may_have_arrived=False, passing=False)
    reason = _reason(chain)
    before_sending = (low.NewConnectionError, low.ConnectTimeoutError, low.ProxyError)
    if any(isinstance(link, before_sending) for link in chain):
        return NoAnswer(reason, may_have_arrived=False)
    if isinstance(error, requests.exceptions.SSLError) and any(isinstance(link, low.MaxRetryError) for link in chain):
        # the handshake failed, nothing was sent yet
        return NoAnswer(reason, may_have_arrived=False)
    if isinstance(error, ValueError) or not isinstance(
        error, (requests.RequestException, ConnectionError, TimeoutError)
    ):
        # an impossible URL or proxy, an unreadable bundle of authorities: it never left
        return NoAnswer(reason, may_have_arrived=False, passing=False)
    return NoAnswer(reason, may_have_arrived=True)


def _chain(error: BaseException) -> list[BaseException]:
    """The error and everything it wraps: urllib3 keeps causes in ``reason`` and ``args``, not only in ``__cause__``."""
    chain: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue:
        link = queue.pop(0)
        if link is None or link in chain:
            continue
        chain.append(link)
        queue += [link.__cause__, link.__context__]
        queue += [part for part in (getattr(link, "reason", None), *link.args) if isinstance(part, BaseException)]
    return chain


def _reason(chain: list[BaseException]) -> str:
    """A short text from the innermost cause: no object addresses, no URL."""
    from urllib3 import exceptions as low

    # urllib3 1 has no error of its own for this
    unresolved = getattr(low, "NameResolutionError", ())
    for link in chain:
        if isinstance(link, low.ReadTimeoutError):
            return "no answer within the read time-out"
        if isinstance(link, low.ConnectTimeoutError) and not isinstance(link, low.NewConnectionError):
            return "no connection within the connect time-out"
        if isinstance(link, unresolved):
            return "the host name cannot be resolved"
        if isinstance(link, low.IncompleteRead):
            return "the answer broke off"
    for link in reversed(chain):
        if isinstance(link, OSError) and link.strerror:
            return redact(link.strerror)
    innermost = chain[-1]
    return redact(f"{type(innermost).__name__}: {str(innermost)[:200]}")
