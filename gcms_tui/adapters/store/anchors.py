"""The journal's head in a file of another place: an end that was cut off the journal is found by it.

It only ever moves forward, and only over what it confirms: a chain that does not hold the entry which the anchor knew
has been tampered with, and must go on being found out. A file that is damaged, or that others may write, is never put
right by itself either: what it knew may be what is needed.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gcms_tui.adapters.private_file import make_directory, read_small, write_whole
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.writing.journal import Anchor

_PATIENCE_S = 3.0
"""The lock is held for the moment of a write: whoever has it for longer was stopped, and is not waited for."""


class AnchorFile:
    """A 0600 JSON file in a 0700 directory with the head of each store that this user has written to."""

    def __init__(self, path: Path, store: Path | None = None) -> None:
        """`store`: the file that the store is; None for a database, whose address may lead to others as well."""
        self._path = path
        self._store = str(store) if store is not None else ""

    @property
    def place(self) -> str:
        return str(self._path)

    def known(self, store_id: str) -> Anchor | None:
        """None where there is none, or none that can be read: `trouble` tells."""
        try:
            return _anchors(self._read(), self.place).get(store_id)
        except (OSError, ValueError):
            return None

    def replaced(self, store_id: str) -> str:
        """What it knows of another store that was in the place of this one; an empty text where there is none."""
        try:
            document = self._read()
            others = [
                anchor
                for key, anchor in _anchors(document, self.place).items()
                if self._store and key != store_id and document[key].get("store") == self._store and anchor.count
            ]
        except (OSError, ValueError):
            return ""
        last = max(others, key=lambda anchor: anchor.at, default=None)
        if last is None:
            return ""
        return (
            f"{self.place} knew another journal in {self._store}, of {last.count:,} entries on {last.at[:10]}: it was "
            f"removed or replaced. Where that was meant, take {last.head[:12]}… out of the anchor file"
        )

    def trouble(self) -> str:
        """Why it does not prove what it should; an empty text where all is well, or there is none yet."""
        try:
            self._require_private()
            _anchors(self._read(), self.place)
        except OSError as error:
            return self._not_kept(error.strerror or type(error).__name__)
        except ValueError as error:
            return self._not_kept(str(error))
        return ""

    def advance(self, store_id: str, head: Anchor, own_hash: Callable[[int], str | None]) -> str:
        """Move the anchor to `head`; `own_hash` answers what the chain holds at a sequence number.

        Answers why it was left where it is; an empty text where all is well.
        """
        try:
            make_directory(self._path.parent)
            with self._locked():
                self._require_private()
                document = self._read()
                before = _anchors(document, self.place).get(store_id)
                if before is not None and before.count and own_hash(before.count) != before.head:
                    return (
                        f"{self.place} knew another entry {before.count:,} than the journal holds: it is left as it "
                        "is; gcms-tui journal verify"
                    )
                if before is None or before.count < head.count:
                    said = {"count": head.count, "head": head.head, "at": head.at, "store": self._store}
                    write_whole(self._path, json.dumps({**document, store_id: said}, sort_keys=True, indent=1))
        except OSError as error:
            return self._not_kept(error.strerror or type(error).__name__)
        except ValueError as error:
            return self._not_kept(str(error))
        except GcmsError as error:
            return self._not_kept(error.message)
        return ""

    def _not_kept(self, reason: str) -> str:
        return f"the journal's head is not kept in {self.place}: {reason}"

    def _require_private(self) -> None:
        """Raises `ValueError` where others may reach it: they could make it fit."""
        for path, mode in ((self._path.parent, "0700"), (self._path, "0600")):
            try:
                found = stat.S_IMODE(path.stat().st_mode)
            except FileNotFoundError:
                return
            if found & (stat.S_IRWXG | stat.S_IRWXO):
                raise ValueError(f"{path} is open to others (mode {found:04o}): chmod {mode} it")

    def _read(self) -> dict[str, Any]:
        """By the store's id; empty where there is no such file. Raises `OSError`, `ValueError` where it is damaged."""
        try:
            document = json.loads(read_small(self._path))
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError):
            raise ValueError(_DAMAGED) from None
        if not isinstance(document, dict):
            raise ValueError(_DAMAGED)
        return document

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_name(f"{self._path.name}.lock")
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            deadline = time.monotonic() + _PATIENCE_S
            while not _lock(descriptor):
                if time.monotonic() > deadline:
                    raise ValueError("another process has locked it and does not go on")
                time.sleep(0.01)
            yield
        finally:
            os.close(descriptor)


def _anchors(document: dict[str, Any], place: str) -> dict[str, Anchor]:
    """Raises `ValueError` where an item is none."""
    try:
        return {
            store_id: Anchor(int(item["count"]), str(item["head"]), str(item["at"]), place)
            for store_id, item in document.items()
        }
    except (ArithmeticError, LookupError, TypeError, ValueError):
        raise ValueError(_DAMAGED) from None


_DAMAGED = "it is damaged, and left as it is; move it away once it is known how that came"


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
