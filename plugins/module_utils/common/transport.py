# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Exchange one HTTP request for its answer over a keep-alive session; report whether a failed one may have arrived."""

from __future__ import annotations

import http.client
import http.cookiejar
import ipaddress
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .answers import excerpt
from .bounded import MAX_ANSWER_BYTES, AnswerTooLarge, BadEncoding, BoundedAdapter, trusting, unpack
from .errors import MissingLibrary
from .plain_file import unreadable
from .redact import redact

if TYPE_CHECKING:
    import requests

# connections kept open side by side: more than the batches that anyone sends at once
POOL_SIZE = 32

_OTHER_NAME = "set the endpoint to a host name that the certificate holds"
# what to do where the authority is trusted, by the numbers that OpenSSL gives errors (X509_V_ERR_...)
_CERTIFICATE_ADVICE = {
    9: "set the clock of this machine",
    10: "have it renewed, or set the clock of this machine",
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}


class NoAnswer(Exception):
    """There is no answer of the service: the exchange broke off, or something else answered.

    ``reason`` is free of secrets. ``may_have_arrived``: the request may have reached the service. ``transient``:
    another try may succeed. ``status`` is the HTTP status of what answered instead, ``advice`` what the user can do,
    ``retry_after`` the pause in seconds that it asked for.
    """

    def __init__(
        self,
        reason: str,
        *,
        may_have_arrived: bool,
        transient: bool = True,
        status: int | None = None,
        advice: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_have_arrived = may_have_arrived
        self.transient = transient
        self.status = status
        self.advice = advice
        self.retry_after = retry_after


@dataclass(frozen=True)
class HttpAnswer:
    """A complete answer: status, headers (found in any case) and the unpacked body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def server_time(self) -> datetime | None:
        """The clock of the service (UTC) from the Date header, None when it is missing or unreadable."""
        try:
            moment = parsedate_to_datetime(self.headers.get("Date", ""))
        except (TypeError, ValueError):
            return None
        return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)

    @property
    def retry_after(self) -> float | None:
        """Return the seconds of the Retry-After header, None if there is none or it names a date."""
        asked = self.headers.get("Retry-After", "")
        return float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None


def foreign_answer(answer: HttpAnswer, secrets: Iterable[str | None] = ()) -> NoAnswer:
    """Return what an answer means that is not the service's: the request may have been passed on before it was made."""
    content_type = excerpt(answer.headers.get("Content-Type", "").encode(), 60) or "no content type"
    shown = redact(excerpt(answer.body), secrets)
    what = f"is not a reply of the API ({content_type}): {shown}" if shown else f"is empty ({content_type})"
    advice = ""
    if 300 <= answer.status < 400:
        advice = "Redirects are not followed: set the option endpoint to the correct host."
    elif answer.status < 500:
        advice = "Check the option endpoint and the proxy settings."
    return NoAnswer(
        f"HTTP {answer.status}, and the reply {what}",
        may_have_arrived=True,
        status=answer.status,
        advice=advice,
        retry_after=answer.retry_after,
    )


class HttpTransport:
    """Sends prepared requests; may be used by several threads at once.

    ``verify`` is true, false, or the path of a bundle of authorities; only a plain true leaves the choice of the
    bundle to REQUESTS_CA_BUNDLE. ``connect_timeout`` is for connecting and sending, ``read_timeout`` for the whole of
    the answer, both in seconds. Proxies come from the environment, unless ``use_proxies``
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
        self._settings_of: dict[tuple[str, ...], dict[str, Any]] = {}

    def _new_session(self) -> requests.Session:
        try:
            import requests
        except ImportError as error:
            raise MissingLibrary("requests", str(error)) from None
        session = requests.Session()
        session.trust_env = self.use_proxies
        for scheme in ("https://", "http://"):
            session.mount(scheme, BoundedAdapter(pool_connections=4, pool_maxsize=POOL_SIZE, max_retries=0))
        session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        return session

    def preload(self) -> None:
        """Load what the first request over TLS needs, for the processes that are forked from this one.

        Raises OSError where the bundle of authorities cannot be read.
        """
        import requests.utils

        verify = self._session.merge_environment_settings("https://", {}, True, self.verify, None)["verify"]
        if verify:
            trusting(verify if isinstance(verify, str) else requests.utils.DEFAULT_CA_BUNDLE_PATH)

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
        """Send one request and return the whole answer of any status.

        ``remaining`` seconds are all that the exchange may take. ``fresh`` uses a new connection: a kept one may have
        been closed by the other side just now, which looks like a lost answer; a request that cannot be repeated must
        not meet that. Raises NoAnswer.
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
        from urllib3.exceptions import HTTPError
        from urllib3.util import Timeout

        limit = max(remaining, 0.001) if remaining is not None else None
        failure: NoAnswer
        try:
            place, mark, query = url.partition("?")
            # prepared apart from the session: that one would add headers of its own, and ~/.netrc's password
            prepared = requests.Request(method, place, headers=dict(headers), data=body).prepare()
            # the query is encoded already; requests would decode and encode it once more, kilobytes of script included
            prepared.url = f"{prepared.url}{mark}{query}"
            settings = self._settings(session, place)
            timeout: Any = Timeout(total=limit, connect=self.connect_timeout, read=self.read_timeout)
            # apart from the session again, which looks at redirects even where it does not follow them
            response = session.get_adapter(place).send(prepared, timeout=timeout, **settings)
            return HttpAnswer(response.status_code, response.headers, _read_body(response))
        except NoAnswer as error:
            failure = error
        except (requests.RequestException, HTTPError, AnswerTooLarge, OSError, ValueError) as error:
            failure = _as_no_answer(error)
        # raised out here, so that no chained exception carries the URL with its signature and content
        raise failure

    def _settings(self, session: requests.Session, place: str) -> dict[str, Any]:
        """Return how requests to the host of this URL are sent: what the environment says is read once."""
        # a proxy may be one for https alone
        service = urlsplit(place)[:2]
        if service not in self._settings_of:
            # streamed: requests would unpack an answer of any size
            settings = dict(session.merge_environment_settings(place, {}, True, self.verify, None))
            if _is_this_machine(place):
                settings["proxies"] = {}
            if service[0] == "https" and isinstance(settings["verify"], str):
                self._check_bundle(settings["verify"])
            self._settings_of[service] = settings
        return self._settings_of[service]

    def _check_bundle(self, bundle: str) -> None:
        """Raise NoAnswer, naming who gave it, for a bundle of authorities that cannot be used."""
        try:
            trusting(bundle)
        except OSError as error:
            problem = "holds no certificate in PEM format" if isinstance(error, ssl.SSLError) else unreadable(error)
            giver = "ca_path" if bundle == self.verify else "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE"
            reason = f"{giver} names certificate authorities that cannot be used: {bundle} {problem}"
            raise NoAnswer(redact(reason), may_have_arrived=False, transient=False) from None


def _read_body(response: requests.Response) -> bytes:
    """Return the unpacked body. Raises NoAnswer where its form is wrong, and what the connection raises."""
    # as http.client raises a ValueError for the size of a chunk that is not a number
    reason = "the reply is not valid HTTP"
    try:
        with response.raw as raw:
            return unpack(raw.read(decode_content=False), response.headers.get("Content-Encoding", ""))
    except BadEncoding as error:
        reason = str(error)
    except ValueError:
        pass
    raise NoAnswer(reason, may_have_arrived=True)


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class _Failure:
    """What an error among ``errors`` means. Without ``reason``, the innermost error says what happened."""

    errors: tuple[type[BaseException], ...]
    reason: str = ""
    may_have_arrived: bool = True
    transient: bool = True


def _failures() -> Iterator[_Failure]:
    """Yield what can go wrong, the more special first. The libraries are loaded by now."""
    import requests
    from urllib3 import exceptions as low

    # urllib3 1 has no error of its own for a name without an address
    unresolved: type[BaseException] | None = getattr(low, "NameResolutionError", None)
    if unresolved is not None:
        yield _Failure((unresolved,), "the host name cannot be resolved", may_have_arrived=False)
    yield _Failure((low.NewConnectionError,), may_have_arrived=False)
    yield _Failure((low.ConnectTimeoutError,), "no connection within connect_timeout", may_have_arrived=False)
    yield _Failure((low.ProxyError,), may_have_arrived=False)
    yield _Failure((low.ReadTimeoutError,), "no complete reply within read_timeout")
    yield _Failure((AnswerTooLarge,), f"the reply has more than {MAX_ANSWER_BYTES >> 20} MB")
    yield _Failure((low.IncompleteRead, http.client.IncompleteRead), "the reply was interrupted")
    # only a handshake gives up here; nothing was sent yet
    yield _Failure((low.MaxRetryError,), may_have_arrived=False)
    # its text quotes the value, which may be a secret
    invalid = "a header of the request contains a character that HTTP does not allow"
    yield _Failure((requests.exceptions.InvalidHeader,), invalid, may_have_arrived=False, transient=False)
    # an impossible URL or proxy, an unreadable bundle of authorities: it never left
    impossible = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema)
    yield _Failure((*impossible, low.LocationValueError), may_have_arrived=False, transient=False)
    yield _Failure((requests.RequestException, low.HTTPError, ConnectionError, TimeoutError))
    yield _Failure((Exception,), may_have_arrived=False, transient=False)


def _as_no_answer(error: Exception) -> NoAnswer:
    """Return what the error means for the request."""
    chain = _chain(error)
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            return NoAnswer(redact(_distrust(link)), may_have_arrived=False, transient=False)
    failure = next(row for row in _failures() if any(isinstance(link, row.errors) for link in chain))
    reason = failure.reason or _reason(chain)
    return NoAnswer(reason, may_have_arrived=failure.may_have_arrived, transient=failure.transient)


def _distrust(error: ssl.SSLCertVerificationError) -> str:
    """Return what is wrong with a server's certificate, and what to do about it."""
    problem = str(error.verify_message or error.reason or error).rstrip(".")
    advice = _CERTIFICATE_ADVICE.get(error.verify_code, "set ca_path to its certificate authority")
    return f"the certificate of the server is not trusted: {problem}; {advice}"


def _chain(error: BaseException) -> list[BaseException]:
    """Return the error and all that it wraps: urllib3 also keeps causes in ``reason`` and ``args``."""
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
    """Return a short text from the innermost cause, without object addresses and URLs."""
    for link in reversed(chain):
        if isinstance(link, OSError) and link.strerror:
            return redact(link.strerror)
    innermost = chain[-1]
    return redact(f"{type(innermost).__name__}: {str(innermost)[:200]}")
