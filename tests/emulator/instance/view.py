# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance's own file system: a private root directory with the machine's programs in it, read-only."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import socket
from collections.abc import Iterable, Mapping
from typing import Any

from . import power_programs

NAMESPACE = "namespace"
USER_NAMESPACE = "user-namespace"
NONE = "none"

SCRIPT_DIR = "/usr/local/share/aliyun-assist/work/script"

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUTS = 0x04000000
_CLONE_NEWUSER = 0x10000000
_MS_RDONLY = 1
_MS_NOEXEC = 8
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_REC = 16384
_MS_PRIVATE = 1 << 18
# what statvfs calls a mount's flags -> what mount calls them; a user namespace may not drop any of them
_KEPT_FLAGS = {2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}

# where the machine's own program is seen that another one is laid over
_UNCOVERED = "machine/.covered-"
# a byte written here restarts the machine at once
_SYSRQ = "/proc/sysrq-trigger"
# what tells one start of the system from the next
_BOOT_ID = "/proc/sys/kernel/random/boot_id"

# where programs live; everything else of the machine stays out of sight
_PROGRAMS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu")
_PROGRAM_FOLDERS = ("/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin")
_DEVICES = ("proc", "dev", "sys")
_OWN_DIRS = (
    ("root", 0o700), ("home", 0o755), ("opt", 0o755), ("srv", 0o755), ("mnt", 0o755), ("tmp", 0o1777),
    ("run", 0o755), ("etc", 0o755), ("etc/cron.d", 0o755), ("etc/default", 0o755), ("etc/profile.d", 0o755),
    ("etc/sysctl.d", 0o755), ("etc/systemd", 0o755), ("etc/systemd/system", 0o755), ("var", 0o755),
    ("var/cache", 0o755), ("var/lib", 0o755), ("var/log", 0o755), ("var/spool", 0o755), ("var/tmp", 0o1777),
)  # fmt: skip
# What programs need to find below these directories of the machine: seen through links into a read-only view, so that
# a script may add and replace files beside them without touching the machine. Everything else there is not the
# instance's. Few names: they are made again for each instance.
_ETC = (
    "adduser.conf", "alternatives", "apt", "bash.bashrc", "bashrc", "ca-certificates", "crypto-policies",
    "debian_version", "dnf", "dpkg", "environment", "inputrc", "java", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
    "locale.conf", "localtime", "login.defs", "lsb-release", "magic", "mime.types", "networks", "nsswitch.conf",
    "os-release", "pam.d", "perl", "pki", "profile", "protocols", "python3", "redhat-release", "resolv.conf", "rpc",
    "rpm", "security", "services", "shells", "skel", "ssl", "system-release", "terminfo", "timezone", "yum.repos.d",
)  # fmt: skip
_LOCAL = ("lib", "lib64", "libexec")
_LOCAL_BIN = re.compile(r"(python|pip|perl|ruby|node|npm|go)[0-9.]*")
_VAR_LIB = ("dpkg", "rpm")
_MACHINE = {"etc": "/etc", "local": "/usr/local", "varlib": "/var/lib"}
# each after the one that it lies in
_VIEW_DIRS = (
    ".view/machine", *(f".view/machine/{name}" for name in _MACHINE),
    ".view/local", ".view/local/bin", ".view/local/etc", ".view/local/sbin", ".view/local/share",
    ".view/local/share/aliyun-assist", ".view/local/share/aliyun-assist/work",
    SCRIPT_DIR.replace("/usr/local", ".view/local"),
)  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)


def _mount(source: str, target: str, flags: int) -> None:
    _check(_libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(flags), None), target)


def _bind(source: str, target: str, *, flags: int = 0) -> None:
    """Show what is at ``source`` at ``target`` as well, with further ``flags`` of the mount."""
    _mount(source, target, _MS_BIND | _MS_REC)
    if flags:
        present = os.statvfs(target).f_flag
        kept = sum(flag for bit, flag in _KEPT_FLAGS.items() if present & bit)
        _mount("none", target, _MS_BIND | _MS_REMOUNT | flags | kept)


def _seen_at(path: str, view: str) -> str:
    """Return where an instance finds the machine's ``path``: in the ``view``, or where a link leads into /usr."""
    real = os.path.realpath(path)
    shared = real.startswith("/usr/") and not real.startswith("/usr/local/")
    return real if os.path.islink(path) and shared else view


class Machine:
    """What the machine offers to its instances; made once in the spawner, used by every process forked from it."""

    def __init__(self, wanted: str) -> None:
        """``wanted``: "auto" takes the best that the kernel allows; a named isolation is taken or OSError is raised."""
        self.isolation = NONE
        self.reason = ""
        self._links: list[tuple[str, str]] = []
        self._accounts: dict[str, tuple[str, int]] = {}
        self.default_sh = os.path.realpath("/bin/sh")
        self.shells = {name: path for name in ("dash", "bash") if (path := _program(name))}
        self._power = power_programs.machine_programs()
        if wanted != NONE:
            self._isolate(wanted)
        if self.isolation != NONE:
            self._plan_links()
            self._accounts = _accounts()

    def _isolate(self, wanted: str) -> None:
        refused: list[str] = []
        attempts = [name for name in (NAMESPACE, USER_NAMESPACE) if wanted in ("auto", name)]
        for name in attempts:
            try:
                _enter_own_namespace(user=name == USER_NAMESPACE)
            except OSError as error:
                refused.append(f"{name}: {error}")
                continue
            self.isolation = name
            return
        self.reason = "; ".join(refused)
        if wanted != "auto":
            raise OSError(f"no {wanted} can be made here: {self.reason}")

    def _plan_links(self) -> None:
        wanted = [("etc", "etc", "", name) for name in _ETC]
        wanted += [("local", ".view/local", "", name) for name in _LOCAL]
        wanted += [("varlib", "var/lib", "", name) for name in _VAR_LIB]
        if os.path.isdir("/usr/local/bin"):
            names = sorted(os.listdir("/usr/local/bin"))
            wanted += [("local", ".view/local/bin", "bin/", name) for name in names if _LOCAL_BIN.fullmatch(name)]
        self._links = [
            (f"{own}/{name}", _seen_at(f"{_MACHINE[view]}/{below}{name}", f"/.view/machine/{view}/{below}{name}"))
            for view, own, below, name in wanted
            if os.path.lexists(f"{_MACHINE[view]}/{below}{name}")
        ]

    # -- made once for each instance -----------------------------------------------------------------------------

    def prepare(self, root: str, shell: str, host_name: str) -> None:
        """Fill an instance's root directory at its first use; harmless when two first uses come at once."""
        ready = f"{root}/.view/ready"
        if os.path.exists(ready):
            return
        os.makedirs(root, exist_ok=True)
        os.chmod(root, 0o755)
        for name, mode in _OWN_DIRS:
            _own_dir(f"{root}/{name}", mode)
        _own_dir(f"{root}/.view")
        self._prepare_power(root)
        if self.isolation == NONE:
            os.makedirs(root + SCRIPT_DIR, exist_ok=True)
        else:
            self._prepare_root(root, shell, host_name)
        with open(ready, "w"):
            pass

    def _prepare_power(self, root: str) -> None:
        """Lay out the instance's own programs for restarting and stopping, and the way to the machine's others."""
        folder = f"{root}/{power_programs.FOLDER}"
        for path in (folder, f"{folder}/bin", f"{folder}/machine"):
            _own_dir(path)
        _own_file(f"{folder}/program", power_programs.text(self.inside(root, f"/{power_programs.FOLDER}")), 0o755)
        for name in power_programs.NAMES:
            _link("../program", f"{folder}/bin/{name}")
        for name, path in self._power.items():
            shown = path
            if self.isolation != NONE and path in power_programs.covered(self._power):
                shown = f"/{power_programs.FOLDER}/{_UNCOVERED}{os.path.basename(path)}"
                _own_file(root + shown, "")
            _link(shown, f"{folder}/machine/{name}")

    def _prepare_root(self, root: str, shell: str, host_name: str) -> None:
        for name in _PROGRAMS:
            if os.path.islink(f"/{name}"):
                _link(os.readlink(f"/{name}"), f"{root}/{name}")
            elif os.path.isdir(f"/{name}"):
                _own_dir(f"{root}/{name}")
        for name in (*_DEVICES, *_VIEW_DIRS):
            _own_dir(f"{root}/{name}")
        if shell in self.shells and not self._covers_sh(shell) and self.shells[shell] != self.default_sh:
            # PATH begins with this directory: `sh` is the instance's own flavour although the machine's differs
            _link(self.shells[shell], f"{root}/.view/local/sbin/sh")
        for name in power_programs.NAMES:
            # PATH begins with this directory
            _link(f"/{power_programs.FOLDER}/program", f"{root}/.view/local/sbin/{name}")
        _link("/run", f"{root}/var/run")
        _link("/proc/self/mounts", f"{root}/etc/mtab")
        for name, (text, mode) in self._accounts.items():
            _own_file(f"{root}/etc/{name}", text, mode)
        if host_name:
            _own_file(f"{root}/etc/hostname", f"{host_name}\n")
            _own_file(f"{root}/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {host_name}\n")
        templates = f"{os.path.dirname(root)}/.links"
        os.makedirs(templates, exist_ok=True)
        for number, (path, target) in enumerate(self._links):
            # one inode for the same link of all instances: a large fleet would need hundreds of thousands
            _shared_link(target, f"{root}/{path}", f"{templates}/{number}")

    # -- entered by each process forked for a task ---------------------------------------------------------------

    def enter(self, place: Mapping[str, Any]) -> None:
        """Make the calling process see the instance's files as ``/``; it may not leave again. Raises OSError.

        ``place`` has the instance's root directory (``root``), its ``shell`` and ``host_name``, the names of programs
        that it is ``without``, whether nothing may be run from its /tmp (``noexec_tmp``), and the ``boot_id`` of its
        present start.
        """
        root, shell, host_name = place["root"], place["shell"], place["host_name"]
        self.prepare(root, shell, host_name)
        if self.isolation == NONE:
            return
        _check(_libc.unshare(_CLONE_NEWNS | _CLONE_NEWUTS), "unshare")
        if host_name:
            socket.sethostname(host_name)
        for name in _PROGRAMS:
            if os.path.isdir(f"/{name}") and not os.path.islink(f"/{name}"):
                _bind(f"/{name}", f"{root}/{name}", flags=_MS_RDONLY)
        for name in _DEVICES:
            _bind(f"/{name}", f"{root}/{name}")
        for name, path in _MACHINE.items():
            if os.path.isdir(path):
                _bind(path, f"{root}/.view/machine/{name}", flags=_MS_RDONLY)
        if os.path.isdir("/usr/local"):
            _bind(f"{root}/.view/local", f"{root}/usr/local")
        if self._covers_sh(shell):
            _bind(self.shells[shell], root + self.default_sh, flags=_MS_RDONLY)
        self._cover_power(root)
        if os.path.exists(_BOOT_ID):
            own = f"{root}/.view/boot-{place['boot_id']}"
            _own_file(own, f"{place['boot_id']}\n", 0o444)
            _bind(own, root + _BOOT_ID, flags=_MS_RDONLY)
        for path in _programs(place["without"]):
            # neither a file nor executable: no search for the program finds it
            _mount(os.devnull, root + path, _MS_BIND)
        if place["noexec_tmp"]:
            _bind(f"{root}/tmp", f"{root}/tmp", flags=_MS_NOEXEC)
        os.chroot(root)
        os.chdir("/")

    def _cover_power(self, root: str) -> None:
        """Lay the instance's own program over the machine's, for scripts that name it by its absolute path."""
        folder = f"{root}/{power_programs.FOLDER}"
        for path in power_programs.covered(self._power):
            _bind(path, f"{folder}/{_UNCOVERED}{os.path.basename(path)}", flags=_MS_RDONLY)
            _bind(f"{folder}/program", root + path, flags=_MS_RDONLY)
        if os.path.exists(_SYSRQ):
            _bind(os.devnull, root + _SYSRQ)

    def _covers_sh(self, shell: str) -> bool:
        """Return whether bash is laid over dash: the machine's /bin/sh is dash and the instance's is bash.

        Not the other way round: whoever asks for bash by name must still find it.
        """
        return shell == "bash" and "bash" in self.shells and os.path.basename(self.default_sh) != "bash"

    # -- where things are ----------------------------------------------------------------------------------------

    def inside(self, root: str, path: str) -> str:
        """Return the path that a process in the view opens for the instance's absolute ``path``."""
        return path if self.isolation != NONE else root + path

    def path(self, root: str, path: str) -> str:
        """Return the PATH of a script: the instance's own programs for restarting and stopping stand first."""
        return f"{self.inside(root, f'/{power_programs.FOLDER}/bin')}:{path}" if self.isolation == NONE else path

    def program(self, shell: str, path: str) -> str:
        """Return the executable for ``sh``: by PATH in a view of its own, else the flavour itself. "" if missing."""
        if self.isolation != NONE:
            return shutil.which("sh", path=path) or ""
        return self.shells.get(shell, self.default_sh)


def _enter_own_namespace(*, user: bool) -> None:
    """Give the spawner a mount namespace whose changes never reach the machine; with ``user``, root rights in it."""
    uid, gid = os.getuid(), os.getgid()
    if not user and uid != 0:
        raise PermissionError("needs root")
    # tried in a child first: a half-made namespace cannot be left again
    probe = os.fork()
    if probe == 0:
        code = 1
        try:
            _unshare_mounts(user, uid, gid)
            _check(_libc.unshare(_CLONE_NEWNS | _CLONE_NEWUTS), "unshare")
            _bind("/usr", "/usr", flags=_MS_RDONLY)
            _bind("/proc", "/proc")
            os.chroot("/")
            code = 0
        except OSError as error:
            code = error.errno or 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(probe, 0)[1])
    if code != 0:
        raise OSError(code, os.strerror(abs(code)))
    _unshare_mounts(user, uid, gid)


def _unshare_mounts(user: bool, uid: int, gid: int) -> None:
    _check(_libc.unshare(_CLONE_NEWNS | (_CLONE_NEWUSER if user else 0)), "unshare")
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    _mount("none", "/", _MS_REC | _MS_PRIVATE)


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/bin:/bin:/usr/local/bin")
    return os.path.realpath(found) if found else ""


def _programs(names: Iterable[str]) -> list[str]:
    """Return where the machine has programs of these names, links followed."""
    found = {os.path.realpath(f"{folder}/{name}") for folder in _PROGRAM_FOLDERS for name in names}
    return sorted(path for path in found if os.path.isfile(path) and path.split("/")[1] in _PROGRAMS)


def _own_dir(path: str, mode: int = 0o755) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)
        if mode != 0o755:
            # what the spawner's umask takes away, or the sticky bit
            os.chmod(path, mode)


def _own_file(path: str, text: str, mode: int = 0o644) -> None:
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            os.write(handle, text.encode("utf-8", "surrogateescape"))
        finally:
            os.close(handle)


def _accounts() -> dict[str, tuple[str, int]]:
    """Return the files of an instance's users and groups with their modes: the machine's, without passwords."""
    texts = {}
    for name in ("passwd", "group"):
        with open(f"/etc/{name}", encoding="utf-8", errors="surrogateescape") as file:
            texts[name] = file.read()
    users = [line.split(":")[0] for line in texts["passwd"].splitlines() if ":" in line]
    shadow = "".join(f"{user}:*:19000:0:99999:7:::\n" for user in users)
    return {"passwd": (texts["passwd"], 0o644), "group": (texts["group"], 0o644), "shadow": (shadow, 0o640)}


def _shared_link(target: str, path: str, template: str) -> None:
    """Make a symbolic link as one more name of the one at ``template``, which is made at its first use."""
    for _turn in range(2):
        try:
            os.link(template, path, follow_symlinks=False)
            return
        except FileExistsError:
            return
        except FileNotFoundError:
            _link(target, template)
        except OSError:
            # another file system, or more names than an inode can have
            break
    _link(target, path)


def _link(target: str, path: str) -> None:
    try:
        os.symlink(target, path)
    except FileExistsError:
        return
