# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m emulator``: the command line."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path

from .app import serve
from .fleet import FleetDocument, read_fleet
from .state import Options

_HELP = {
    "region": "the region of instances whose fleet row names none, and of requests that name none",
    "access_key_id": "the access key that is accepted",
    "access_key_secret": "its secret",
    "security_token": "the STS token that requests must carry; none when empty",
    "account_id": "the account's id",
    "api_latency_ms": "how long every API call takes",
    "agent_latency_ms": "how long a task takes to its instance",
    "power_latency_ms": "how long an instance stays in Starting or Stopping",
    "visibility_lag_ms": "how long a new invocation or command cannot be read",
    "delivery_timeout_s": "after how many emulated seconds a task for an unreachable agent is given up",
    "max_processes": "how many scripts run at one time",
    "quota_commands": "stored commands per region",
    "quota_invocations": "invocations per region and day",
    "kept_content_limit": "bytes of Base64 content that RunCommand with KeepCommand takes",
    "generation": "auto, or current or classic for every request",
    "install_needs_reboot": "an installed agent comes online only at the next start",
    "work_dir": "where the instances' files lie; empty for memory where there is plenty, else the temporary directory",
    "isolation": "how instances are kept apart: auto, namespace, user-namespace, none",
}


# options with a smallest value other than 0
_LEAST = {"max_processes": 1}


def _address(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``. Loopback only: whoever reaches the emulator runs scripts with its rights."""
    found = re.fullmatch(r"(\[[^\[\]]+\]|[^:\[\]]+):(\d{1,5})", text)
    if not found or int(found[2]) > 65535:
        raise argparse.ArgumentTypeError("HOST:PORT is wanted, port 0 for any free one, an IPv6 address in brackets")
    host = "127.0.0.1" if found[1] == "localhost" else found[1].strip("[]")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise argparse.ArgumentTypeError(
            f"{found[1]} is not an address of this machine alone: scripts run here, and the control API asks for no"
            " signature, so that only localhost, 127.0.0.1 and the like are listened on"
        )
    return host, int(found[2])


def _number(kind: type[int] | type[float], least: int) -> Callable[[str], float]:
    """A converter of texts to numbers of ``kind`` that are finite and not under ``least``."""

    def convert(text: str) -> float:
        with contextlib.suppress(ValueError):
            number = kind(text)
            if least <= number < float("inf"):
                return number
        what = "whole number" if kind is int else "number"
        raise argparse.ArgumentTypeError(f"a {what} of {least} or more is wanted, not {text}")

    return convert


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description="A local Alibaba Cloud ECS with Cloud Assistant, Huawei IAM and CloudDC. Scripts really run.",
    )
    parser.add_argument(
        "--listen",
        type=_address,
        default="127.0.0.1:0",
        metavar="HOST:PORT",
        help="where the ECS endpoint and the control API listen",
    )
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="gets the endpoints as JSON once they listen")
    parser.add_argument("--stop-with-stdin", action="store_true", help="end when standard input ends")
    fleet = parser.add_mutually_exclusive_group()
    fleet.add_argument(
        "--fleet",
        type=Path,
        metavar="FILE",
        help='a JSON list of ECS instances, or {"instances": [...], "clouddc": [...]}',
    )
    fleet.add_argument(
        "--instances", type=_number(int, 0), default=3, metavar="N", help="that many instances with default values"
    )
    for field in dataclasses.fields(Options):
        flag = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            parser.add_argument(flag, action="store_true", help=_HELP[field.name])
            continue
        choices = {
            "generation": ["auto", "current", "classic"],
            "isolation": ["auto", "namespace", "user-namespace", "none"],
        }.get(field.name)
        kind = type(field.default)
        parser.add_argument(
            flag,
            type=_number(kind, _LEAST.get(field.name, 0)) if kind in (int, float) else kind,
            default=field.default,
            help=_HELP[field.name],
            choices=choices,
            metavar=None if choices else "N" if field.default != "" and not isinstance(field.default, str) else "TEXT",
        )
    return parser


def main() -> None:
    """Read the command line and serve."""
    parser = _parser()
    arguments = parser.parse_args()
    options = Options(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Options)})
    try:
        rows: FleetDocument = read_fleet(arguments.fleet) if arguments.fleet else [{}] * arguments.instances
        asyncio.run(serve(options, rows, arguments.listen, arguments.ready_file, arguments.stop_with_stdin))
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
