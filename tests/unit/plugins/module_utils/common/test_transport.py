# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport: certificates, proxies, and what it keeps to itself."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.errors import MissingLibrary
from ansible_collections.cloudops.cloud_assistant.plugins.module_utils.common.transport import HttpTransport, NoAnswer
from support.certificates import make_certificate
from support.scripted_server import Answer, ScriptedServer

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXY_VARIABLES, *(name.upper() for name in PROXY_VARIABLES), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@dataclass
class Secure:
    """A server with a certificate of its own authority."""

    url: str
    authority: Path
    server: ScriptedServer


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    authority, both = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    with ScriptedServer(tls=context) as server:
        yield Secure(f"https://{server.host}/", authority, server)


def test_an_untrusted_certificate_is_a_final_error_that_did_not_arrive(secure: Secure) -> None:
    with pytest.raises(
        NoAnswer, match="certificate of the server is not trusted: self.signed.*; set ca_path"
    ) as caught:
        HttpTransport().send("POST", secure.url + "?Signature=hidden", {})
    assert (caught.value.may_have_arrived, caught.value.transient) == (False, False)
    assert "hidden" not in str(caught.value)
    assert secure.server.requests == []


@pytest.mark.parametrize(
    ("validity", "host", "problem"),
    [
        ((-1, 1), "localhost", "ostname mismatch.*; set the endpoint to a host name that the certificate holds"),
        ((-2, -1), "127.0.0.1", "has expired; have it renewed, or set the clock of this machine"),
        ((1, 2), "127.0.0.1", "not yet valid; set the clock of this machine"),
    ],
)
def test_a_certificate_of_a_known_authority_may_be_wrong_in_other_ways(
    tmp_path: Path, validity: tuple[int, int], host: str, problem: str
) -> None:
    authority, both = make_certificate(tmp_path, validity)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    with ScriptedServer(tls=context) as server, pytest.raises(NoAnswer, match=problem) as caught:
        url = f"https://{server.host}/".replace("127.0.0.1", host)
        HttpTransport(verify=str(authority)).send("POST", url, {})
    assert "ca_path" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"), [("x", "holds no certificate in PEM format"), (None, "does not exist|No such file")]
)
def test_a_bundle_that_cannot_be_used_is_named_with_who_gave_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, problem: str
) -> None:
    bundle = tmp_path / "bundle.pem"
    if text is not None:
        bundle.write_text(text, encoding="utf-8")
    with pytest.raises(NoAnswer, match=f"^ca_path names .*bundle.pem .*({problem})") as caught:
        HttpTransport(verify=str(bundle)).send("POST", "https://127.0.0.1:1/", {})
    assert (caught.value.may_have_arrived, caught.value.transient) == (False, False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(NoAnswer, match=f"REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names .*bundle.pem .*({problem})"):
        HttpTransport().send("POST", "https://127.0.0.1:1/", {})


def test_a_given_authority_is_trusted(secure: Secure) -> None:
    assert HttpTransport(verify=str(secure.authority)).send("POST", secure.url, {}).status == 200


def test_a_bundle_of_authorities_is_read_once_until_it_changes(
    secure: Secure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(context: ssl.SSLContext, cafile: str | None = None, capath: str | None = None) -> None:
        read.append(str(cafile))
        load(context, cafile, capath)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(secure.authority.read_bytes())
    for fresh in (False, True):
        assert HttpTransport(verify=str(bundle)).send("POST", secure.url, {}, fresh=fresh).status == 200
    assert read == [str(bundle)]
    other = tmp_path / "other"
    other.mkdir()
    bundle.write_bytes(make_certificate(other)[0].read_bytes())
    os.utime(bundle, ns=(0, 0))
    with pytest.raises(NoAnswer, match="the certificate of the server is not trusted"):
        HttpTransport(verify=str(bundle)).send("POST", secure.url, {})


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl names the files of such a folder")
def test_a_folder_of_authorities_is_trusted(secure: Secure, tmp_path: Path) -> None:
    folder = tmp_path / "authorities"
    folder.mkdir()
    hashed = subprocess.check_output(["openssl", "x509", "-noout", "-hash", "-in", str(secure.authority)], text=True)
    (folder / f"{hashed.strip()}.0").write_bytes(secure.authority.read_bytes())
    assert HttpTransport(verify=str(folder)).send("POST", secure.url, {}).status == 200


def test_verification_can_be_switched_off(secure: Secure) -> None:
    with pytest.warns(Warning, match="Unverified HTTPS"):
        assert HttpTransport(verify=False).send("POST", secure.url, {}).status == 200


def test_the_environments_bundle_counts_when_nothing_is_given(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.authority))
    assert HttpTransport().send("POST", secure.url, {}).status == 200


def test_the_environments_bundle_does_not_undo_what_is_given(
    secure: Secure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    other, _both = make_certificate(tmp_path / "other")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.authority))
    with pytest.raises(NoAnswer, match="not trusted"):
        HttpTransport(verify=str(other)).send("POST", secure.url, {})
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    assert HttpTransport(verify=str(secure.authority)).send("POST", secure.url, {}).status == 200
    with pytest.warns(Warning, match="Unverified HTTPS"):
        assert HttpTransport(verify=False).send("POST", secure.url, {}).status == 200


def test_proxies_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        HttpTransport().send("POST", "http://ecs.example.com/?a=b", {})
        assert proxy.requests[0].headers["host"] == "ecs.example.com"


def test_this_machine_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as proxy, ScriptedServer() as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("all_proxy", proxy.url)
        for host in ("127.0.0.1", "localhost"):
            HttpTransport().send("POST", server.url.replace("127.0.0.1", host), {})
        assert (len(server.requests), proxy.requests) == (2, [])


def test_an_unreachable_proxy_is_reported_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as gone:
        host = gone.host
    monkeypatch.setenv("https_proxy", f"http://user:hidden@{host}")
    with pytest.raises(NoAnswer) as caught:
        HttpTransport().send("POST", "https://ecs.example.com/", {})
    assert not caught.value.may_have_arrived
    assert "hidden" not in str(caught.value)


def test_an_encoded_query_is_sent_unchanged() -> None:
    target = "/?a=%7E%2B%20&b=%E4%BD%A0&c=~-._"
    with ScriptedServer() as server:
        HttpTransport().send("POST", f"{server.url}{target}", {})
        assert f"{server.requests[0].path}?{server.requests[0].raw_query}" == target


def test_a_password_file_does_not_replace_the_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hidden\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with ScriptedServer() as server:
        HttpTransport().send("POST", server.url, {"Authorization": "ours"})
        assert server.requests[0].headers["authorization"] == "ours"


def test_cookies_are_not_kept() -> None:
    with ScriptedServer([Answer(headers={"Set-Cookie": "a=b"})]) as server:
        transport = HttpTransport()
        for _turn in range(2):
            transport.send("POST", server.url, {})
        assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize("url", ["http://[bad/", "nonsense://host/", "http:///nohost"])
def test_an_impossible_url_never_left(url: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        HttpTransport().send("POST", url, {})
    assert (caught.value.may_have_arrived, caught.value.transient) == (False, False)


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 99 Nov 2026 20:38:23 GMT"])
def test_an_unreadable_clock_is_none(date: str) -> None:
    with ScriptedServer([Answer(headers={"Date": date})]) as server:
        assert HttpTransport().send("POST", server.url, {}).server_time is None


def test_without_the_library_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    with pytest.raises(MissingLibrary, match="requests"):
        HttpTransport()
