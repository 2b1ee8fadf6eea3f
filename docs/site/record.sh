#!/usr/bin/env bash
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Record `make demo` as an animation, docs/site/images/terminal.svg. Run it after a change of what the demonstration prints;
# a test compares the two. Needs the environment that `make venv` makes, `script` (util-linux) and a network.
set -euo pipefail
cd "$(dirname "$0")/../.."

export PATH=$PWD/.venv/bin:$PATH
if [ "${1:-}" = --session ]; then
    echo '$ make demo'
    exec tests/emulator/demo.sh
fi

export ANSIBLE_COLLECTIONS_PATH=$PWD/.venv/collections ANSIBLE_FORCE_COLOR=true COLUMNS=100
picture=docs/site/images/terminal.svg
recorder="uv tool run --from termtosvg-ng==1.4.1 termtosvg $picture -g 100x24 -m 80 -M 1500 -D 5000 -t window_frame"
script --quiet --return --command "$recorder -c 'docs/site/record.sh --session'" /dev/null </dev/null
chmod 644 "$picture"
