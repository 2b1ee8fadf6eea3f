# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to the collection: other collections and plugins must not import it, and any release may change it.
"""The program that gives an archive on the instance its byte code, once for each archive and interpreter."""

from __future__ import annotations

# Run by the interpreter of a module: writes its archive once more, with the byte code of each file beside it (PEP 552,
# "unchecked hash"). Of that Python checks the release that it is for, and takes the file itself in any other. Byte code
# is kept by file, since most files are in the archives of all modules. A Python before 3.7 has no such byte code, and
# fails here. Of the kind "text" are archives without it, for a literal that Python has to take in. There must be no
# single quote, which would end the program in the shell.
COMPILER = r"""
import base64, hashlib, importlib.util, io, marshal, os, struct, sys, zipfile
store, archive, inode, kind = sys.argv[1:]
name = os.path.basename(archive)
tail = inode + "." + sys.implementation.cache_tag
def write(name, data):
    new = "%s/w/%s.%d" % (store, name, os.getpid())
    with open(new, "wb") as file:
        file.write(data)
    os.replace(new, "%s/c/%s" % (store, name))
def compiled(path, source):
    kept = hashlib.sha256(path.encode() + b"/" + source).hexdigest() + "." + tail
    try:
        with open("%s/c/%s" % (store, kept), "rb") as file:
            data = file.read()
        os.utime("%s/c/%s" % (store, kept))
        if hashlib.sha256(data[32:]).digest() == data[:32]:
            return data[32:]
    except OSError:
        pass
    code = marshal.dumps(compile(source, path, "exec", dont_inherit=True))
    data = importlib.util.MAGIC_NUMBER + struct.pack("<I", 1) + importlib.util.source_hash(source) + code
    write(kept, hashlib.sha256(data).digest() + data)
    return data
with open(archive) as file:
    old = zipfile.ZipFile(io.BytesIO(base64.b64decode(file.read())))
made = io.BytesIO()
with zipfile.ZipFile(made, "w") as new:
    def add(path, data):
        new.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)
    for path in old.namelist():
        source = old.read(path)
        add(path, source)
        if kind == "code" and path.endswith(".py"):
            try:
                add(path + "c", compiled(path, source))
            except (SyntaxError, ValueError):
                pass
text = base64.b64encode(made.getvalue())
write("%s-%s.%s.%s" % (name, kind, tail, hashlib.sha256(text).hexdigest()[:32]), text)
"""
