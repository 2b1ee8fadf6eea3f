# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An OpenSSH server on an emulated instance: what a target is compared with that fails over the connection plugin."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.cloudops.cloud_assistant.plugins.modules import ecs_run_command
from support.module_runs import Cloud
from support.patience import until

# the files of the server, and of who may log in, are the instance's own
_START = """
set -e
umask 077
mkdir -p /run/sshd /root/.ssh /etc/ssh
echo '{public_key}' > /root/.ssh/authorized_keys
[ -e /etc/ssh/key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/key
cat > /etc/ssh/config <<'END'
ListenAddress 127.0.0.1
Port {port}
HostKey /etc/ssh/key
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
PidFile /run/sshd/pid
END
/usr/sbin/sshd -f /etc/ssh/config </dev/null >/dev/null 2>&1
"""


def available() -> bool:
    """Return whether this machine has the programs of OpenSSH's server and client."""
    return all(shutil.which(name, path="/usr/sbin:/usr/bin:/bin") for name in ("sshd", "ssh", "ssh-keygen"))


@contextlib.contextmanager
def servers(emulator: Any, ids: Sequence[str], folder: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """Run a server on each instance; yield the host variables that reach it, by instance id."""
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text(encoding="utf-8").strip()
    cloud, ports = Cloud(emulator), {item: _free_port() for item in ids}
    for item, port in ports.items():
        script = _START.format(public_key=public, port=port)
        result = cloud.run(ecs_run_command, instance_ids=[item], content=script)
        assert "failed" not in result, result["msg"]
    until(lambda: all(map(_answers, ports.values())))
    common = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(key),
        "ansible_ssh_common_args": f"-o StrictHostKeyChecking=no -o UserKnownHostsFile={folder}/known_hosts",
    }
    try:
        yield {item: {**common, "ansible_port": port} for item, port in ports.items()}
    finally:
        for item in ids:
            cloud.run(ecs_run_command, instance_ids=[item], content="kill $(cat /run/sshd/pid)")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10):
        return True
    return False
