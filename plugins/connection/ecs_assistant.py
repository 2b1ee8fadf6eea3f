# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection to ECS instances through Cloud Assistant: no SSH, no open port."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ecs_assistant
short_description: Run tasks on ECS instances through Cloud Assistant, without SSH
version_added: "0.1.0"
author: cloudops.cloud_assistant contributors (@cloudops)
description:
  - Runs modules, commands and file transfers on Linux instances of Alibaba Cloud ECS through their Cloud Assistant
    agents. The instance needs no SSH server, no public address and no open port.
  - Each command runs exactly once. A lost reply, throttling or a service error never causes a second run.
  - Standard output, standard error and the exit code are returned separately and byte for byte.
  - Tasks run as C(root) unless O(remote_user) names another user.
  - The input and the output of a task are part of the invocation, which the service keeps for weeks and shows to
    everyone who may read invocations. They are encrypted, see O(payload_protection).
notes:
  - The permissions C(ecs:RunCommand), C(ecs:DescribeInvocationResults) and C(ecs:StopInvocation) are required.
    C(ecs:SendFile) reduces the number of calls for new modules and files, see O(transfer_method).
    C(ecs:DescribeCloudAssistantStatus) is used to notice an agent that goes offline while a command runs.
  - Windows instances are not supported. Use M(cloudops.cloud_assistant.ecs_run_command) to run PowerShell scripts on
    them.
  - A become password is rejected, because it would be readable in the invocation. Connect as C(root), or set
    C(NOPASSWD) for the user in C(sudoers).
  - Only O(api_generation=current) is supported. The API of 2018 has no client tokens, so a command could run twice.
seealso:
  - module: cloudops.cloud_assistant.ecs_run_command
  - plugin: cloudops.cloud_assistant.ecs
    plugin_type: inventory
extends_documentation_fragment:
  - cloudops.cloud_assistant.alibaba.connection
  - cloudops.cloud_assistant.alibaba
  - cloudops.cloud_assistant.alibaba.plugins
options:
  instance_id:
    description:
      - The ID of the instance, for example V(i-bp185dy2o3o6neg1x8h2).
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_ecs_assistant_instance_id
  remote_user:
    description:
      - The user on the instance that runs the tasks.
      - For a user other than C(root), the agent places scripts in C(/tmp), which must not be mounted with C(noexec).
    type: str
    default: root
    ini:
      - section: defaults
        key: remote_user
    env:
      - name: ANSIBLE_REMOTE_USER
    vars:
      - name: ansible_user
      - name: ansible_ecs_assistant_user
    cli:
      - name: user
    keyword:
      - name: remote_user
  executable:
    description:
      - The shell on the instance that runs the commands.
    type: str
    default: /bin/sh
    ini:
      - section: ecs_assistant
        key: executable
    env:
      - name: ANSIBLE_ECS_ASSISTANT_EXECUTABLE
    vars:
      - name: ansible_ecs_assistant_executable
  pipelining:
    description:
      - Whether to pass a module directly to its interpreter. If V(false), each module is written to a file first, which
        takes several more commands.
    type: boolean
    default: true
    ini:
      - section: defaults
        key: pipelining
      - section: connection
        key: pipelining
      - section: ecs_assistant
        key: pipelining
    env:
      - name: ANSIBLE_PIPELINING
      - name: ANSIBLE_ECS_ASSISTANT_PIPELINING
    vars:
      - name: ansible_pipelining
      - name: ansible_ecs_assistant_pipelining
  connection_timeout:
    description:
      - Maximum time to wait until the agent has started a command, in seconds. After that, the host is reported as
        unreachable.
      - It is also the time between two checks of the agent while a command runs. If the agent is offline at two checks
        in a row, the host is reported as unreachable.
    type: float
    default: 60
    ini:
      - section: ecs_assistant
        key: connection_timeout
    env:
      - name: ANSIBLE_ECS_ASSISTANT_CONNECTION_TIMEOUT
    vars:
      - name: ansible_ecs_assistant_connection_timeout
  command_timeout:
    description:
      - Maximum run time of a command, in seconds. After that, the command is killed with all of its processes, and the
        task fails.
    type: int
    default: 3600
    ini:
      - section: ecs_assistant
        key: command_timeout
    env:
      - name: ANSIBLE_ECS_ASSISTANT_COMMAND_TIMEOUT
    vars:
      - name: ansible_ecs_assistant_command_timeout
  poll_interval:
    description:
      - Time between the first checks of a running command, in seconds. The longer the command runs, the longer the
        interval becomes.
      - The first check follows after one to two intervals, depending on how long the commands before it took.
    type: float
    default: 0.3
    ini:
      - section: ecs_assistant
        key: poll_interval
    env:
      - name: ANSIBLE_ECS_ASSISTANT_POLL_INTERVAL
    vars:
      - name: ansible_ecs_assistant_poll_interval
  store_size:
    description:
      - Maximum size of the store on the instance, in bytes. It keeps modules and files, so that they do not have to be
        sent again. The least recently used ones are removed first.
      - The store is the directory C(.ansible/ecs_assistant) in the home directory of O(remote_user), which no other
        user can read.
      - V(0) keeps nothing. Each module is then sent completely, which takes about ten invocations per task.
    type: int
    default: 67108864
    ini:
      - section: ecs_assistant
        key: store_size
    env:
      - name: ANSIBLE_ECS_ASSISTANT_STORE_SIZE
    vars:
      - name: ansible_ecs_assistant_store_size
  max_output:
    description:
      - Maximum size of the compressed output of a command, in bytes. Output beyond 17 KB is read in blocks, with one
        invocation per block.
    type: int
    default: 16777216
    ini:
      - section: ecs_assistant
        key: max_output
    env:
      - name: ANSIBLE_ECS_ASSISTANT_MAX_OUTPUT
    vars:
      - name: ansible_ecs_assistant_max_output
  max_file:
    description:
      - Maximum size of a file that is sent to the instance, in bytes.
    type: int
    default: 67108864
    ini:
      - section: ecs_assistant
        key: max_file
    env:
      - name: ANSIBLE_ECS_ASSISTANT_MAX_FILE
    vars:
      - name: ansible_ecs_assistant_max_file
  payload_protection:
    description:
      - Whether to encrypt the input and the output of tasks (CMS, RFC 5652), so that users who may read invocations,
        and other users on the instance, cannot read them.
      - V(auto) encrypts if the instance has the C(openssl) program. Otherwise, a warning is issued once per instance.
      - V(encrypt) rejects instances without C(openssl).
      - V(none) leaves everything readable in the invocation, which the service keeps for weeks.
    type: str
    choices: [auto, encrypt, none]
    default: auto
    ini:
      - section: ecs_assistant
        key: payload_protection
    env:
      - name: ANSIBLE_ECS_ASSISTANT_PAYLOAD_PROTECTION
    vars:
      - name: ansible_ecs_assistant_payload_protection
  transfer_method:
    description:
      - How to send content that is too long for one invocation, such as files, and modules that are new to the
        instance.
      - V(auto) sends it as files of 24 KB each (C(ecs:SendFile)), four at a time. If that is not allowed or does not
        work, invocations are used instead, until C(meta=reset_connection).
      - V(send_file) does not fall back to invocations.
      - V(inline) uses only invocations, which carry 12 KB each.
    type: str
    choices: [auto, inline, send_file]
    default: auto
    ini:
      - section: ecs_assistant
        key: transfer_method
    env:
      - name: ANSIBLE_ECS_ASSISTANT_TRANSFER_METHOD
    vars:
      - name: ansible_ecs_assistant_transfer_method
  calls_per_minute:
    description:
      - Maximum number of calls per minute that all hosts of a run make of each API operation, to stay below the limit
        at which the service throttles. The service counts calls per account, region and operation, and does not publish
        its limits.
      - When the calls of a minute are used up, or the service has throttled one, all hosts wait for the next minute.
      - V(0) sets no limit.
    type: int
    default: 600
    ini:
      - section: ecs_assistant
        key: calls_per_minute
    env:
      - name: ANSIBLE_ECS_ASSISTANT_CALLS_PER_MINUTE
    vars:
      - name: ansible_ecs_assistant_calls_per_minute
  daily_quota:
    description:
      - The number of invocations that the account may start per region and day, shown as C(max-axt-invocation-daily)
        in Quota Center. A warning is shown once this controller has started four fifths of them.
      - Invocations are counted per day (UTC) in O(cache_dir). The verbosity C(-vv) shows the count after each task.
      - V(0) means that the quota is not known.
    type: int
    default: 0
    ini:
      - section: ecs_assistant
        key: daily_quota
    env:
      - name: ANSIBLE_ECS_ASSISTANT_DAILY_QUOTA
    vars:
      - name: ansible_ecs_assistant_daily_quota
  cache_dir:
    description:
      - The directory on the controller that holds the private key of the controller, and records the tools and the
        stored files of each instance. Its files are readable only by their owner.
      - If not set, it is C(ecs_assistant) in the directory that E(ANSIBLE_HOME) names, usually C(~/.ansible).
    type: path
    ini:
      - section: ecs_assistant
        key: cache_dir
    env:
      - name: ANSIBLE_ECS_ASSISTANT_CACHE_DIR
    vars:
      - name: ansible_ecs_assistant_cache_dir
"""

EXAMPLES = r"""
---
- name: Configure instances that have no SSH
  hosts: web
  gather_facts: false
  vars:
    ansible_connection: cloudops.cloud_assistant.ecs_assistant
    ansible_ecs_assistant_region: cn-hangzhou
  tasks:
    - name: Write the message of the day
      ansible.builtin.copy:
        content: "Managed by Ansible\n"
        dest: /etc/motd
        mode: "0644"

    - name: Read the time since the last boot
      ansible.builtin.command: cat /proc/uptime
      changed_when: false
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

from ..plugin_utils.quick_imports import quick_imports

with quick_imports():
    from ..module_utils.alibaba.options import connect
    from ..module_utils.cloud_assistant.connection.asking import Command, Step
    from ..module_utils.cloud_assistant.connection.failures import Unreachable, windows_refusal
    from ..module_utils.cloud_assistant.connection.session import Result, Session
    from ..module_utils.cloud_assistant.connection.settings import ROOT, Settings
    from ..module_utils.common.errors import CloudError, InputError
    from ..plugin_utils.options import connection_options, refuse_unusable_options
    from ..plugin_utils.play_cache import RUN_DIRECTORY
    from ..plugin_utils.shell_steps import ShellSteps

display = Display()

SETTINGS = (
    "instance_id",
    "executable",
    "connection_timeout",
    "command_timeout",
    "poll_interval",
    "store_size",
    "max_output",
    "max_file",
    "payload_protection",
    "transfer_method",
    "cache_dir",
    "calls_per_minute",
    "daily_quota",
)

# distinguishes accounts, and is not secret
ACCOUNT = ("access_key_id", "profile", "assume_role")

# the command that takes a module: an interpreter that sees the same files as the shell, with variables before it
PLAIN_PYTHON = re.compile(r"[\w./-]*sh -c '?(?:[A-Za-z_]\w*=[\w./:@,+-]* +)*[\w./-]*python[\d.]*(?: && sleep 0)?'?")

# the exit codes of a shell that cannot run a program, and that does not find it
_NOT_RUN = (126, 127)
_NO_PYTHON = (
    "Without Python, only raw and script work. Install it with raw, or set ansible_python_interpreter to its path."
)

_NO_PASSWORD = (
    "Connect as root (the default of remote_user), where become does not need a password, or set NOPASSWD for the user"
    " in sudoers."
)
_PASSWORD = "a become password would be readable in the invocation, which the service keeps for weeks. " + _NO_PASSWORD


class Connection(ConnectionBase):
    """The connection of one task to one instance. Nothing stays open between two commands."""

    transport = "cloudops.cloud_assistant.ecs_assistant"
    has_pipelining = True
    # a script of the agent has no terminal
    has_tty = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._session: Session | None = None
        self._session_options: dict[str, Any] = {}
        self._steps = ShellSteps(self._shell, lambda: self._user)

    def _connect(self) -> Connection:
        """Read the options; nothing is sent yet. Raises AnsibleError for values that cannot be used.

        Core keeps the connection for all items of a loop, and gives it the options of each.
        """
        options = self.get_options()
        if self._session is not None and options != self._session_options:
            self.close()
        if self._session is None:
            with _reported():
                self._session = self._new_session()
            self._session_options = options
            self._connected = True
        return self

    def _new_session(self) -> Session:
        if getattr(self._shell, "_IS_WINDOWS", False):
            raise windows_refusal()
        refuse_unusable_options(self)
        options = connection_options(self.get_option)
        if options["api_generation"] != "current":
            raise InputError(
                "api_generation",
                "only current is supported: the API of 2018 has no client tokens, so a command could run twice",
            )
        values = {name: self.get_option(name) for name in SETTINGS}
        # a default in the documentation could not name this directory: core resolves it with the host's variables alone
        values["cache_dir"] = values["cache_dir"] or f"{C.config.get_config_value('ANSIBLE_HOME')}/ecs_assistant"
        values["instance_id"] = self._host
        settings = Settings(
            username=self._user,
            run_dir=RUN_DIRECTORY,
            account=json.dumps([options[name] for name in ACCOUNT], sort_keys=True, default=str),
            **values,
        )
        client = connect(options, outlast_throttling=False)
        return Session(client, settings, display.warning, lambda text: display.vvv(text, host=self._host))

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run the command on the instance; return its exit code, standard output and standard error."""
        self._begin()
        with _reported():
            if in_data is None and (answer := self._steps.answer(cmd, self._open.home)) is not None:
                display.vvv(f"DEFERRED TO THE NEXT EXEC {cmd}", host=self._host)
                return answer
            display.vvv(f"EXEC {_shown(cmd)}", host=self._host)
            own_user = self.become is None and bool(PLAIN_PYTHON.fullmatch(cmd))
            steps = self._steps.take()
            result = self._checked(self._open.run(Command(cmd, in_data, own_user), steps), steps)
        if in_data is not None and result.rc in _NOT_RUN and not result.stdout and PLAIN_PYTHON.fullmatch(cmd):
            advice = f". {_NO_PYTHON}" if b"python" in result.stderr else ""
            raise AnsibleError(f"{self._host}: {_text(result.stderr)}{advice}")
        if sudoable and self.become is not None and result.rc and not result.stdout:
            self._check_escalation(self.become, result.stderr)
        return result.rc, result.stdout, result.stderr

    def put_file(self, in_path: str, out_path: str) -> None:
        """Write the controller's file to the instance."""
        self._begin()
        display.vvv(f"PUT {in_path} TO {out_path}", host=self._host)
        with _reported(), _of_controller(in_path, "read"):
            self._open.check_size(in_path, Path(in_path).stat().st_size)
            data = Path(in_path).read_bytes()
        with _reported():
            if not self._steps.put(out_path, data):
                steps = [*self._steps.take(), Step("put", path=out_path, data=data)]
                self._checked(self._open.do(steps), steps)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Write the instance's file to the controller."""
        self._begin()
        display.vvv(f"FETCH {in_path} TO {out_path}", host=self._host)
        steps = self._steps.take()
        with _reported():
            result = self._open.fetch(in_path, steps)
        if result is None:
            raise AnsibleFileNotFound(f"{in_path} does not exist on {self._host}")
        self._checked(result, steps)
        if result.rc != 0:
            raise AnsibleError(f"{self._host}: {in_path} cannot be read: {_text(result.stderr)}")
        with _of_controller(out_path, "written"):
            Path(out_path).write_bytes(result.stdout)

    def reset(self) -> None:
        """Forget what is known of the instance: the next command asks it again.

        For meta: reset_connection core calls this outside of any task, where an error ends the run for all hosts. So
        options that cannot be used are left to the next task to report.
        """
        with suppress(AnsibleError):
            self._connect()
            self._open.forget()
        self.close()

    def close(self) -> None:
        """Leave what is still to be removed to the instance; there is nothing to close on either side."""
        steps = [step for step in self._steps.take() if step.kind == "remove"]
        if self._session is not None and steps:
            # the task has not failed because a directory stays
            with suppress(CloudError):
                self._session.leave(steps)
        if self._session is not None:
            self._session.close()
            if self._session.started_today:
                display.vv(f"{self._session.started_today} invocations of the region today", host=self._host)
        self._session = None
        self._connected = False

    def _checked(self, result: Result, steps: Sequence[Step]) -> Result:
        """Return the result of a command; raises for an earlier step that failed, as core does when that runs alone."""
        if result.step is None:
            return result
        step = steps[result.step]
        problem = f"rc: {result.rc}, stdout: {_text(result.stdout)}, stderr: {_text(result.stderr)}"
        if step.kind == "mkdir":
            raise AnsibleConnectionFailure(
                f"Failed to create the temporary directory {step.path} ({problem}). Set ansible_remote_tmp to a"
                " directory that the user may write to, such as /tmp/.ansible"
            )
        if step.kind == "put":
            raise AnsibleError(f"failed to transfer file to {step.path} ({problem})")
        raise AnsibleError(f"Failed to set execute bit on remote files ({problem})")

    @property
    def _open(self) -> Session:
        if self._session is None:
            raise AnsibleError(f"{self._host}: the connection is closed")
        return self._session

    @property
    def _user(self) -> str:
        return str(self.get_option("remote_user") or ROOT)

    @property
    def _host(self) -> str:
        return str(self.get_option("instance_id")).strip()

    def _begin(self) -> None:
        self._connect()
        self._refuse_password()

    def _check_escalation(self, become: Any, stderr: bytes) -> None:
        """Raise AnsibleError where the become method has asked for a password: no script could answer."""
        if become.check_missing_password(stderr) or become.check_incorrect_password(stderr):
            raise AnsibleError(f"{self._host}: Missing {become.name} password: {_text(stderr)}. {_NO_PASSWORD}")

    def _refuse_password(self) -> None:
        """Refuse a password of a become that core really applies: not to the user that is connected already."""
        become = self.become
        if become is None or not become.get_option("become_pass", playcontext=self._play_context):
            return
        user = become.get_option("become_user", playcontext=self._play_context)
        if user != self.get_option("remote_user") or C.config.get_config_value("BECOME_ALLOW_SAME_USER"):
            raise AnsibleError(f"{self._host}: {_PASSWORD}")


def _shown(command: str) -> str:
    """Return the command for the log: core's own in full, of any other the length, since it may hold a secret."""
    own = PLAIN_PYTHON.fullmatch(command) and "=" not in command
    return command if own else f"a command of {len(command)} characters"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()


@contextmanager
def _of_controller(path: str, done: str) -> Iterator[None]:
    """Raise the system's errors about a file of the controller as those of core, with its path."""
    try:
        yield
    except FileNotFoundError as error:
        raise AnsibleFileNotFound(f"file or directory does not exist: {error.filename}") from None
    except OSError as error:
        raise AnsibleError(f"{path} on the controller cannot be {done}: {error.strerror}") from None


@contextmanager
def _reported() -> Iterator[None]:
    """Raise the collection's errors as those by which Ansible distinguishes unreachable hosts from failed tasks."""
    try:
        yield
    except Unreachable as error:
        failure: AnsibleError = AnsibleConnectionFailure(str(error))
    except CloudError as error:
        failure = AnsibleError(str(error))
    else:
        return
    raise failure
