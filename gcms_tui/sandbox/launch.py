"""Starts a program that ends with whoever started it, and, where asked, as another user.

    python -I -S launch.py PARENT SIGNAL UID GID PROGRAM [ARGUMENT…]

Run as a script of its own between fork and exec, so that nothing of it runs in a forked copy of a threaded process.
On Linux the kernel sends SIGNAL to the program when the *thread* that started it ends, kill -9 included.
UID -1 keeps the user. Another one keeps a single capability, to pass directories that only root may enter: the
sandbox lies in root's home, and opening that to everybody for the database's sake is no option.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilitySet(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def _check(result: int, what: str) -> None:
    if result != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{what}: {os.strerror(errno)}")


def become(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Another user from here on, who may still pass private directories. OSError where the system forbids it."""
    _check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "PR_SET_KEEPCAPS")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    only = 1 << CAP_DAC_OVERRIDE
    sets = (_CapabilitySet * 2)(_CapabilitySet(only, only, only), _CapabilitySet(0, 0, 0))
    _check(libc.capset(ctypes.byref(_CapabilityHeader(CAPABILITY_VERSION_3, 0)), sets), "capset")
    _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "PR_CAP_AMBIENT_RAISE")


def main(arguments: list[str]) -> None:
    parent, signal_number, uid, gid = (int(number) for number in arguments[:4])
    program = arguments[4:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if uid >= 0:
            become(libc, uid, gid)
        # Last: a change of user clears it.
        _check(libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        sys.exit("The program's owner ended before it started.")
    os.execv(program[0], program)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"Cannot start {sys.argv[5]}: {error}")
