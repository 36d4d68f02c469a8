"""A worker reads model files from strangers and never needs the network: the kernel takes it away.

A seccomp filter of eleven instructions, because it needs neither privileges nor a user namespace and works in
containers. ``socket`` may make AF_UNIX and AF_NETLINK (how GPU drivers look for devices); ``io_uring_setup``, which
could make sockets past this filter, and system calls of another architecture are refused.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

# (AUDIT_ARCH, seccomp, socket, io_uring_setup), from the kernel's headers.
_NUMBERS = {"x86_64": (0xC000003E, 317, 41, 425), "aarch64": (0xC00000B7, 277, 198, 425)}
_SET_MODE_FILTER = 1
_FLAG_TSYNC = 1
_X32_BIT = 0x40000000
_AF_UNIX, _AF_NETLINK = 1, 16

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x35, 0x06
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_ARGUMENT = 0, 4, 16
_ALLOW = 0x7FFF0000
_DENY = 0x00050000 | errno.EACCES


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def forbid_network() -> bool:
    """For all threads of this process, for good. PR_SET_NO_NEW_PRIVS has to be set. False where it can't be done."""
    numbers = _NUMBERS.get(platform.machine())
    if sys.platform != "linux" or numbers is None or sys.maxsize < 1 << 32:
        return False
    arch, seccomp, socket, io_uring_setup = numbers
    code = b"".join(_instructions(arch, socket, io_uring_setup))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_long(seccomp), ctypes.c_long(_SET_MODE_FILTER), ctypes.c_long(_FLAG_TSYNC))
    return bool(libc.syscall(*arguments, ctypes.byref(program)) == 0)


def _instructions(arch: int, socket: int, io_uring_setup: int) -> list[bytes]:
    """Jumps count the instructions to skip when true and when false."""
    return [
        _instruction(_LOAD, _OFFSET_ARCH),
        _instruction(_JUMP_EQUAL, arch, 0, 7),
        _instruction(_LOAD, _OFFSET_NUMBER),
        _instruction(_JUMP_GREATER_EQUAL, _X32_BIT, 5, 0),
        _instruction(_JUMP_EQUAL, io_uring_setup, 4, 0),
        _instruction(_JUMP_EQUAL, socket, 0, 4),
        _instruction(_LOAD, _OFFSET_ARGUMENT),
        _instruction(_JUMP_EQUAL, _AF_UNIX, 2, 0),
        _instruction(_JUMP_EQUAL, _AF_NETLINK, 1, 0),
        _instruction(_RETURN, _DENY),
        _instruction(_RETURN, _ALLOW),
    ]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
