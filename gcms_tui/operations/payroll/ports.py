"""What a payroll run asks of the outside beside the journal, the leases, the warehouse and dbt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gcms_tui.core.payroll.files import FileSeen
from gcms_tui.core.payroll.indexed import IndexedRun
from gcms_tui.core.query import Answer, Statement


class PayrollIndex(Protocol):
    """Which payroll runs there are: at most one that has not ended for each concert of a target, drafts among them."""

    def open(self, run_id: str, target: str, concert_id: str, now: datetime) -> None:
        """Raises `Refused` (guard `open_run`) naming the one that has not ended; `GcmsError`."""
        ...

    def end(self, run_id: str, now: datetime) -> None: ...

    def runs(self, target: str, limit: int = 200) -> tuple[IndexedRun, ...]:
        """Newest first."""
        ...

    def active(self, target: str, concert_id: str) -> IndexedRun | None: ...

    def get(self, target: str, reference: str) -> IndexedRun:
        """By its id, an unambiguous beginning of it of six characters or more, or `last`. Raises `UsageError`."""
        ...


class SupabaseReader(Protocol):
    """Supabase's Postgres, read-only. One short session a call; safe from several threads."""

    def read(self, statement: Statement) -> Answer:
        """Raises `Unavailable`, `StatementFailed`, `ConfigError` where none is configured, `Refused` (not a read)."""
        ...


class PayrollFiles(Protocol):
    """The prepared and the released files, on this host, for their owner alone."""

    @property
    def host(self) -> str: ...

    def prepare(self, run_id: str, files: Mapping[str, bytes]) -> Path:
        """All of them or none, 0600, in a directory of the run's own, which is answered; what was prepared before is
        replaced as a whole. On disk when it returns.

        Raises `Refused` (guard `place`) where the directory lies in a repository or is open to others, `StateError`
        where it cannot be written: then nothing is left of it.
        """
        ...

    def prepared(self, run_id: str) -> tuple[FileSeen, ...]:
        """What lies there now; empty where nothing does. Raises `StateError` where it cannot be read."""
        ...

    def released(self, run_id: str) -> tuple[FileSeen, ...]:
        """As `prepared`, for the outbox."""
        ...

    def read(self, path: Path) -> bytes:
        """Raises `StateError`."""
        ...

    def release(self, run_id: str) -> Path:
        """Move what is prepared into the outbox, whole or not at all; done before, it is only answered where to.

        Raises `StateError` where the outbox cannot be written: then everything still lies where it was.
        """
        ...

    def withdraw(self, run_id: str, why: str) -> None:
        """Move what is prepared or released out of the way, renamed so that nobody takes it for good."""
        ...


class Signing(Protocol):
    """Signatures with a person's own key, by ssh-keygen. Absent where no allowed_signers file is configured."""

    def sign(self, login: str, text: str) -> tuple[str, str]:
        """The armoured signature of `text`, and the fingerprint of the key. May wait for a touch or a passphrase.

        Raises `Refused` (guard `key`) where the person has no key that is allowed for them.
        """
        ...

    def verify(self, login: str, text: str, armoured: str, *, at: datetime | None = None) -> str:
        """Why it is not `login`'s signature of `text`; empty where it is. By the keys' times now, or as they were `at`
        that moment. Raises `Unavailable` where it cannot be told."""
        ...
