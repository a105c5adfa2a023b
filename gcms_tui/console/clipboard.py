"""Copying from a terminal program: OSC 52 to whatever terminal is in front of the person, and a file of their own.

No terminal answers whether it took the text, so the file is always written too.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gcms_tui.core.errors import Unavailable

FILE = "copied.txt"
_MOST = 74_000
"""Bytes of base64 beyond which common terminals drop the whole sequence."""
_SCREEN_CHUNK = 700
"""GNU screen passes no longer device control string than 768 bytes."""


def osc52(text: str, env: Mapping[str, str]) -> str:
    """The sequence that puts `text` on the clipboard, wrapped for tmux or screen; empty where it is too long."""
    if len(text) > _MOST:  # before megabytes are encoded in vain
        return ""
    payload = base64.b64encode(text.encode("utf-8", "replace")).decode()
    if len(payload) > _MOST:
        return ""
    sequence = f"\x1b]52;c;{payload}\x07"
    if env.get("TMUX"):
        # With `set-clipboard on` tmux takes the sequence itself; with `allow-passthrough on` it hands the other down.
        return sequence + "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if env.get("STY"):
        chunks = (sequence[at : at + _SCREEN_CHUNK] for at in range(0, len(sequence), _SCREEN_CHUNK))
        return "".join(f"\x1bP{chunk}\x1b\\" for chunk in chunks)
    return sequence


def save_private(directory: Path, name: str, text: str) -> Path:
    """Write `text` to `directory`/`name`, whole or not at all, for the user's eyes only.

    Raises `Unavailable` where that cannot be written.
    """
    path = directory / name
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise Unavailable(
            "Not saved", f"{path}: {error.strerror or error}", "Make room there, or set state_dir in gcms.toml."
        ) from error
    return path
