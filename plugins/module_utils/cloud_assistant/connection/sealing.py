# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""Encrypt what controller and instance exchange: CMS envelopes (RFC 5652), made and opened by well-known programs.

The collection does not implement a cipher. The controller and each instance have a key pair and a self-signed
certificate each; what is sealed with a certificate can be read with its key alone.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from ...common.errors import CloudError

_BITS = 2048
_DAYS = 7300
_NAME = "ecs_assistant"
# seconds for one run of the openssl program, which takes some hundredths
_SECONDS = 60
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


class CannotSeal(CloudError):
    """Nothing on this controller makes envelopes, or an envelope cannot be created or opened."""


class Sealer:
    """The controller's key pair, in a folder that its owner alone can read, made at its first use.

    The ``openssl`` program does the work; where it is missing, the library ``cryptography`` does. Every method raises
    CannotSeal.
    """

    def __init__(self, folder: str) -> None:
        self._pair = Path(folder) / "controller.pem"
        self._program = shutil.which("openssl")

    def certificate(self) -> bytes:
        """Return the controller's certificate (PEM), for what an instance sends back."""
        pair = self._read_pair()
        return pair[pair.index(_CERTIFICATE) :]

    def seal(self, data: bytes, certificate: bytes) -> bytes:
        """Return the data in an envelope (DER) for the owner of the certificate (PEM)."""
        if self._program is None:
            return _by_library(_library_seal, data, certificate)
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(certificate)
            file.flush()
            return self._openssl(data, "cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", file.name)

    def open(self, data: bytes) -> bytes:
        """Return what is in an envelope (DER) for this controller."""
        pair = self._read_pair()
        if self._program is None:
            return _by_library(_library_open, data, pair)
        name = str(self._pair)
        return self._openssl(data, "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", name, "-recip", name)

    def _read_pair(self) -> bytes:
        try:
            if not self._pair.exists():
                self._make_pair()
            pair = self._pair.read_bytes()
        except OSError as error:
            raise CannotSeal(
                f"the key of the controller cannot be saved in {self._pair.parent}: {error.strerror}"
            ) from None
        if _CERTIFICATE not in pair:
            raise CannotSeal(f"{self._pair} does not contain a key pair; remove it to create a new one")
        return pair

    def _make_pair(self) -> None:
        self._pair.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        pair = self._program_pair() if self._program else _by_library(_library_pair, b"", b"")
        handle, name = tempfile.mkstemp(dir=self._pair.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(pair)
            # of several workers that make one the first wins
            with contextlib.suppress(FileExistsError):
                os.link(name, self._pair)
        finally:
            os.unlink(name)

    def _program_pair(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = Path(folder) / "key", Path(folder) / "certificate"
            kind = ["-newkey", f"rsa:{_BITS}", "-nodes", "-days", str(_DAYS), "-subj", f"/CN={_NAME}"]
            self._openssl(b"", "req", "-x509", *kind, "-keyout", str(key), "-out", str(certificate))
            return key.read_bytes() + certificate.read_bytes()

    def _openssl(self, data: bytes, *arguments: str) -> bytes:
        try:
            # the wing runs on the controller, in a plugin: there is no module whose run_command could be called
            # pylint: disable-next=ansible-bad-function
            done = subprocess.run(
                [str(self._program), *arguments], input=data, capture_output=True, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotSeal(f"openssl {arguments[0]}: {type(error).__name__}") from None
        if done.returncode != 0:
            reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[:1]
            raise CannotSeal(f"openssl {' '.join(arguments[:2])} failed: {' '.join(reason)}")
        return done.stdout


def _by_library(do: Callable[[bytes, bytes], bytes], data: bytes, pem: bytes) -> bytes:
    try:
        return do(data, pem)
    except ImportError:
        raise CannotSeal(
            "neither the program openssl nor the Python library cryptography (44 or later) is installed"
        ) from None
    except (ValueError, TypeError) as error:
        raise CannotSeal(f"cryptography: {error}") from None


def _library_seal(data: bytes, certificate: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.ciphers import algorithms
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(data)
    builder = builder.add_recipient(x509.load_pem_x509_certificate(certificate))
    builder = builder.set_content_encryption_algorithm(algorithms.AES256)
    return builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def _library_open(data: bytes, pair: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.hazmat.primitives.serialization.pkcs7 import pkcs7_decrypt_der

    key = load_pem_private_key(pair, None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the key of the controller is not an RSA key")
    return pkcs7_decrypt_der(data, x509.load_pem_x509_certificate(pair[pair.index(_CERTIFICATE) :]), key, [])


def _library_pair(_data: bytes, _pem: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(65537, _BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
