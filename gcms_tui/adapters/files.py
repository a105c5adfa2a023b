"""Who may read and write a file, and what to type where it is too many."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from gcms_tui.core.errors import ConfigError


def refuse_if_others_may_write(path: Path) -> None:
    """Raises `ConfigError` where group or world may write `path`: whoever writes it decides what is executed."""
    mode = path.stat().st_mode
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(
            "A file others may write",
            f"{path} can be changed by others (mode {stat.S_IMODE(mode):04o}).",
            f"Type: chmod go-w {shlex.quote(str(path))}",
        )


def refuse_if_others_may_read(path: Path) -> None:
    """Raises `ConfigError` where anyone but its owner may read or write `path`, which holds a secret."""
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            "A secret others may read",
            f"{path} holds a secret and is open to others (mode {stat.S_IMODE(mode):04o}).",
            f"Type: chmod 0600 {shlex.quote(str(path))}",
        )


def refuse_if_owned_by_another(path: Path) -> None:
    """Raises `ConfigError` where neither this user nor root owns `path`."""
    if path.stat().st_uid not in (os.getuid(), 0):
        raise ConfigError(
            "Another user's file",
            f"{path} was found on the way up from here and belongs to another user.",
            f"If you trust it, name it: gcms-tui --config {shlex.quote(str(path))}",
        )


def read_text(path: Path, what: str) -> str:
    """The file as UTF-8 text. Raises `ConfigError` saying `what` could not be read and why."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(f"Cannot read {what}", f"{path}: {reason}.", _advice(error, path)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"Cannot read {what}", f"{path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8."
        ) from None


def _advice(error: OSError, path: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return "Check the path, or leave it out."
    if isinstance(error, PermissionError):
        return f"Ask for the right to read it: ls -l {shlex.quote(str(path))}"
    return "Check the path."
