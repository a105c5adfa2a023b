"""The journal's head in a file of another place: an end that was cut off the journal is found by it.

It only ever moves forward, and only over what it confirms: a chain that does not hold the entry which the anchor knew
has been tampered with, and must go on being found out.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gcms_tui.adapters.private_file import make_directory, read_small, write_whole
from gcms_tui.core.writing.journal import Anchor


class AnchorFile:
    """A 0600 JSON file with the head of each store that this user has written to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        return str(self._path)

    def known(self, store_id: str) -> Anchor | None:
        """None where there is none, or none that can be read."""
        item = self._read().get(store_id)
        try:
            return Anchor(int(item["count"]), str(item["head"]), str(item["at"]), self.place) if item else None
        except (KeyError, TypeError, ValueError):
            return None

    def advance(self, store_id: str, head: Anchor, own_hash: Callable[[int], str | None]) -> str:
        """Move the anchor to `head`; `own_hash` answers what the chain holds at a sequence number.

        Answers why it was left where it is; an empty text where all is well.
        """
        try:
            make_directory(self._path.parent)
            with self._locked():
                before = self.known(store_id)
                if before is not None and before.count >= head.count:
                    return ""
                if before is not None and before.count and own_hash(before.count) != before.head:
                    return (
                        f"{self.place} knew another entry {before.count:,} than the journal holds: it is left as it "
                        "is; gcms-tui journal verify"
                    )
                document = {**self._read(), store_id: {"count": head.count, "head": head.head, "at": head.at}}
                write_whole(self._path, json.dumps(document, sort_keys=True, indent=1))
        except OSError as error:
            return f"the journal's head is not kept in {self.place}: {error.strerror or type(error).__name__}"
        return ""

    def _read(self) -> dict[str, Any]:
        try:
            document = json.loads(read_small(self._path))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_name(f"{self._path.name}.lock")
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
