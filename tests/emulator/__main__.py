# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m emulator``: the command line."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .app import serve
from .fleet import FleetDocument, read_fleet
from .options import Options, read


def _address(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``. Loopback only: a client of the emulator runs scripts with its rights."""
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


def _converter(option: dataclasses.Field[Any]) -> Callable[[str], Any]:
    """Return a converter of texts to values of the option."""

    def convert(text: str) -> Any:
        try:
            return read(option, text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"a whole number of 0 or more is wanted, not {text}")
    return int(text)


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
        "--instances", type=_count, default=3, metavar="N", help="that many instances with default values"
    )
    for option in dataclasses.fields(Options):
        flag = "--" + option.name.replace("_", "-")
        if isinstance(option.default, bool):
            parser.add_argument(flag, action="store_true", help=option.metadata["help"])
            continue
        choices = option.metadata.get("choices")
        parser.add_argument(
            flag,
            type=str if choices else _converter(option),
            default=option.default,
            help=option.metadata["help"],
            choices=choices,
            metavar=None if choices else "TEXT" if isinstance(option.default, str) else "N",
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
