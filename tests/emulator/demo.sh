#!/usr/bin/env bash
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Start a local cloud of 12 instances, run a playbook against it, and stop it again.
# usage: demo.sh [playbook [ansible-playbook options]]
# The default is playbooks/quickstart.yml, which runs scripts on all of them, and then playbooks/configure.yml, which runs
# modules of Ansible's own on three of them over the connection plugin.
# Wants ansible-playbook, and python with this repository's requirements/run.txt, on the PATH.

set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ $# -eq 0 ]; then
  set -- "$root/playbooks/quickstart.yml" "$root/playbooks/configure.yml" \
    --inventory "$root/docs/awx/inventory/fleet.ecs.yml" --extra-vars 'target_hosts=agent_online[0:2]'
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/demo.XXXXXX")
emulator=
stop() {
  if [ -n "$emulator" ]; then
    kill "$emulator" 2>/dev/null || true
    wait "$emulator" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "Starting a local cloud of 12 instances; the agent of one is offline."
(cd "$root/tests" && exec python -m emulator --listen 127.0.0.1:0 --ready-file "$folder/ready.json" \
  --fleet emulator/data/demo_fleet.json) >"$folder/log" 2>&1 &
emulator=$!

for _ in $(seq 300); do
  if [ -s "$folder/ready.json" ] || ! kill -0 "$emulator" 2>/dev/null; then
    break
  fi
  sleep 0.1
done
if [ ! -s "$folder/ready.json" ]; then
  echo "demo: the local cloud did not start:" >&2
  cat "$folder/log" >&2
  exit 1
fi

# the playbook finds region, credentials and endpoint where it would find those of a real cloud
value() { python -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$folder/ready.json" "$1"; }
ALIBABA_CLOUD_REGION_ID=$(value region)
ALIBABA_CLOUD_ACCESS_KEY_ID=$(value access_key_id)
ALIBABA_CLOUD_ACCESS_KEY_SECRET=$(value access_key_secret)
ALIBABA_CLOUD_ECS_ENDPOINT=$(value endpoint)
export ALIBABA_CLOUD_REGION_ID ALIBABA_CLOUD_ACCESS_KEY_ID ALIBABA_CLOUD_ACCESS_KEY_SECRET ALIBABA_CLOUD_ECS_ENDPOINT
unset ALIBABA_CLOUD_SECURITY_TOKEN ALICLOUD_SECURITY_TOKEN
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false
# what is remembered of these instances is of no use later
export ANSIBLE_ECS_ASSISTANT_CACHE_DIR=$folder/cache

ansible-playbook "$@"
