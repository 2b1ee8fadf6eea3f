# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs in the forked process of one task: the agent's checks, the script file, and at last the script itself."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shlex
import shutil
import signal
from collections.abc import Mapping
from typing import Any, NoReturn

from . import accounts, write_file
from .view import NONE, SCRIPT_DIR, Machine

EXTENSIONS = {"RunShellScript": ".sh", "RunBatScript": ".bat", "RunPowerShellScript": ".ps1"}
# stands for the script's path in a launcher's arguments; no argument can hold a NUL
SCRIPT_MARK = "\0"
_DESCRIPTION_BYTES = 255


class Refused(Exception):
    """The task is not started; ``args[0]`` is the message for the agent."""


def _invalid(param: str, value: str) -> Refused:
    return Refused({"kind": "invalid", "param": param, "value": value})


def _error(code: str | int, text: str, exit_code: int) -> Refused:
    cut = text.encode()[:_DESCRIPTION_BYTES].decode(errors="ignore")
    return Refused({"kind": "error", "code": str(code), "text": cut, "exit_code": exit_code})


def _start_failure(error: OSError, program: str) -> Refused:
    """Return the agent's words for a process that could not be started: the error number, its name, its text."""
    number = error.errno or errno.EIO
    text = os.strerror(number)
    phrase = "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", text))
    return _error(number, f"ExecuteScriptFailed.{phrase}: fork/exec {program}: {text.lower()}", 1)


def _say(handle: int, message: Mapping[str, Any]) -> None:
    os.write(handle, json.dumps(message).encode())


def _read_all(handle: int) -> bytes:
    size = os.fstat(handle).st_size
    return os.pread(handle, size, 0) if size else b""


class ScriptProcess:
    """One task on its way to becoming a process."""

    def __init__(self, machine: Machine, task: Mapping[str, Any]) -> None:
        self.machine = machine
        self.task = task
        self.isolated = machine.isolation != NONE
        self.path = machine.path(task["root"], task["environment"]["PATH"]) if "environment" in task else ""
        # what the agent names when the start fails
        self.program = "/usr/bin/sh"

    def inside(self, path: str) -> str:
        """Return where the instance's absolute path lies for this process."""
        return self.machine.inside(self.task["root"], path)

    def run(self, handles: Mapping[str, int]) -> NoReturn:
        """Become the script, or say on ``handles["status"]`` why not.

        ``handles``: status (write end, closed by a successful start), output (write end), content (the script).
        """
        try:
            self.machine.enter(self.task)
            account, home = self.check_user()
            directory = self.check_directory(account, home)
            if self.task["refusal"]:
                raise Refused(self.task["refusal"])
            argv = self.command(_read_all(handles["content"]), with_user=account is not None)
            environment = {**self.task["environment"], "HOME": home, "PATH": self.path}
            if not self.isolated:
                environment["TMPDIR"] = self.inside("/tmp")
            os.setpgid(0, 0)
            os.dup2(handles["output"], 1)
            os.dup2(handles["output"], 2)
            # Python ignores these two, and what is ignored stays so in the script
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            if account is not None:
                accounts.become(account)
            os.chdir(directory)
            os.execve(self.executable, argv, environment)
        except Refused as refused:
            _say(handles["status"], refused.args[0])
        except OSError as error:
            _say(handles["status"], _start_failure(error, self.program).args[0])
        finally:
            os._exit(127)

    # -- checks, in the agent's order --------------------------------------------------------------------------

    def check_user(self) -> tuple[accounts.Account | None, str]:
        """Return the account to become (None: stay what we are) and the value of HOME."""
        name = self.task["username"]
        if not name:
            return None, self.inside("/root")
        book = accounts.Book(self.accounts_file("passwd"), self.accounts_file("group"))
        account = book.find_as_id_does(name)
        if account is None:
            raise _invalid("UsernameOrPasswordInvalid", f"UserInvalid_{name}: exit status 1")
        # only an exact name has a home; what `id` merely resolves to a user (a number, blanks around it) has none
        home = book.home(name)
        return account, self.inside(home) if home else ""

    def accounts_file(self, name: str) -> str:
        """Return the instance's own passwd or group file, else the machine's."""
        own = self.inside(f"/etc/{name}")
        return own if os.path.exists(own) else f"/etc/{name}"

    def check_directory(self, account: accounts.Account | None, home: str) -> str:
        """Return the directory to start in: the one asked for, the user's home, HOME, the agent's own."""
        wanted = self.task["working_dir"]
        if wanted:
            for path in (self.inside(wanted) if wanted.startswith("/") else "", wanted):
                if path and os.path.isdir(path):
                    return path
            raise _invalid("workingDirectory", "WorkingDirectoryNotExist: <nil>")
        if home and os.path.isdir(home):
            return home
        if account is not None:
            raise _invalid("workingDirectory", "DefaultWorkingDirectoryNotAvailable: <nil>")
        return "/"

    # -- script file and command line --------------------------------------------------------------------------

    def command(self, content: bytes, *, with_user: bool) -> list[str]:
        """Write the script file; the argument list of the process. Sets ``program`` and ``executable``."""
        kind = self.task["type"]
        folder = "/tmp" if with_user and kind == "RunShellScript" else SCRIPT_DIR
        path = os.path.normpath(f"{self.inside(folder)}/{self.task['stem']}{self.task['extension']}")
        with contextlib.suppress(OSError):
            os.makedirs(self.inside(folder), exist_ok=True)
        written = _write_script(path, content, executable=with_user or kind == "RunShellScript")
        if self.task["launcher"]:
            if not written:
                raise _error(-4, "SaveScriptFileFailed: the script file cannot be written", 1)
            argv = [word.replace(SCRIPT_MARK, path) for word in self.task["launcher"]]
            self.program = self.executable = self.look_up(argv[0]) or ""
            if not self.executable:
                raise _error(
                    "LauncherNotFound", f'LauncherNotFound: exec: "{argv[0]}": executable file not found in $PATH', 0
                )
            return argv
        if kind == "RunPowerShellScript":
            self.program = self.executable = self.look_up("powershell") or self.look_up("pwsh") or ""
            if not self.executable:
                raise _error(-10, 'PowershellNotFound: exec: "powershell": executable file not found in $PATH', 0)
            return [self.executable, "-file", path]
        if kind == "RunBatScript":
            self.program = self.executable = path
            return [path]
        self.executable = self.machine.program(self.task["shell"], self.path)
        if not self.executable:
            raise _error(-11, 'SystemDefaultShellNotFound: exec: "sh": executable file not found in $PATH', 0)
        # where no file can be written the agent hands the script over as an argument
        if not written:
            return ["sh", "-c", os.fsdecode(content)]
        return ["sh", "-c", shlex.quote(path) if self.task["quoted"] else path]

    def look_up(self, name: str) -> str | None:
        """Return the program of this name in the script's PATH."""
        return shutil.which(name, path=self.path)


def write_sent_file(machine: Machine, task: Mapping[str, Any], handles: Mapping[str, int]) -> NoReturn:
    """Write one sent file in the instance's view and say on ``handles["status"]`` how it went."""
    process = ScriptProcess(machine, task)
    try:
        machine.enter(task)
        book = accounts.Book(process.accounts_file("passwd"), process.accounts_file("group"))
        _say(handles["status"], write_file.write(task, _read_all(handles["content"]), process.inside, book))
    except OSError as error:
        _say(handles["status"], write_file.failed(write_file.CREATE_FAILED, error))
    finally:
        os._exit(0)


def _write_script(path: str, content: bytes, *, executable: bool) -> bool:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if executable:
            os.chmod(path, 0o755)
    except OSError:
        return False
    return True
