"""What a guarded write asks of the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.writing.journal import Anchor, ChainReport, Entry
from gcms_tui.core.writing.kept_plan import KeptPlan as KeptPlan
from gcms_tui.core.writing.lease import LeaseHolder
from gcms_tui.core.writing.plan import Plan
from gcms_tui.core.writing.written import SessionIdentity, Written


class JournalBook(Protocol):
    """The journal, read and written. Safe from several threads and processes: they keep one chain."""

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry:
        """On disk when it returns. Raises `GcmsError`: then what was to be recorded must not happen."""
        ...

    def append_once(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry | None:
        """As `append`, unless an entry of this kind and subject is there: then None."""
        ...

    def entries(self, limit: int = 200, *, before: int | None = None, kind: str = "") -> tuple[Entry, ...]:
        """The newest `limit` entries, newest first; `before` a sequence number for the next page; `kind` may end in
        a dot: all kinds that begin so."""
        ...

    def about(self, subject: str) -> tuple[Entry, ...]:
        """Every entry of one subject, oldest first. `subject` may be an unambiguous beginning of six characters or
        more. Raises `UsageError` where there is none, or where several begin so."""
        ...

    def of(self, subjects: Iterable[str]) -> dict[str, tuple[Entry, ...]]:
        """Every entry of exactly these subjects, oldest first, by subject; one without entries is left out. One
        question, however many they are. Raises `GcmsError`."""
        ...

    def entry(self, sequence: int) -> Entry:
        """Raises `UsageError`."""
        ...

    def open_intents(self) -> tuple[Entry, ...]:
        """Intents that have no outcome and were not settled, oldest first."""
        ...

    def open_of(self, kind: str, ended_by: Sequence[str]) -> tuple[Entry, ...]:
        """Entries of a kind whose subject has none of those that end it, oldest first."""
        ...

    def verify(self, anchors: Sequence[Anchor] = ()) -> ChainReport:
        """Read the whole chain and compare it with its own anchors and those given."""
        ...

    def anchor_now(self) -> Anchor:
        """The head as it is, written to the anchor file as well."""
        ...


class Lease(Protocol):
    """One that is held. Its heart beats by itself until it is released."""

    @property
    def holder(self) -> LeaseHolder: ...

    @property
    def takeover(self) -> str:
        """Whose it was, and why they were taken for dead; empty where it was free."""
        ...

    def require_held(self) -> None:
        """Raises `Refused` where it was lost: the machine slept, and somebody else took over."""
        ...

    def release(self) -> None:
        """Never another's; does nothing where it was lost."""
        ...


class Leases(Protocol):
    def take(self, name: str, purpose: str) -> Lease:
        """Raises `Refused` (guard `lease`) naming who holds it, where they are alive."""
        ...

    def held(self, prefix: str = "") -> tuple[LeaseHolder, ...]:
        """Those that are alive, of names that begin so."""
        ...


class PlanShelf(Protocol):
    """Plans, each under its id. What is kept stays, used and expired ones too."""

    def keep(self, plan: Plan, *, batch: str = "") -> None:
        """Raises `GcmsError`."""
        ...

    def get(self, reference: str) -> KeptPlan:
        """By its id, or an unambiguous beginning of six characters or more. Raises `UsageError`."""
        ...

    def claim(self, plan_id: str, write_id: str, now: datetime) -> None:
        """Use it, this once. Raises `Refused` (guard `plan_used`) where a write has, naming it."""
        ...

    def batch(self, batch: str) -> tuple[KeptPlan, ...]:
        """Its plans in the order they were kept in. Raises `UsageError` where there is no such batch."""
        ...

    def newest(self, limit: int = 100) -> tuple[KeptPlan, ...]: ...


class WriteSession(Protocol):
    """A private connection for one write. Used by one thread.

    Every method raises `Unavailable` where the link was lost, `StatementFailed` where the warehouse refused.
    """

    @property
    def query_tag(self) -> str:
        """Nobody else's: by it the write's statements are found in the query history."""
        ...

    @property
    def identity(self) -> SessionIdentity: ...

    def read(self, statement: Statement) -> Answer: ...

    def run(self, statement: Statement, request_id: str) -> Written:
        """One write statement. `request_id` is a UUID: the driver's own retries carry it, so none is done twice."""
        ...

    def begin(self) -> None: ...

    def commit(self, request_id: str) -> str | None:
        """Answers the query id. Raises `CommitUnknown` where no answer came: it may have been done, or not."""
        ...

    def rollback(self) -> None: ...

    def close(self) -> None:
        """Returns soon, also where the server is gone."""
        ...


class WriteAccess(Protocol):
    """Built only where writing is allowed."""

    def open(self, write_id: str) -> WriteSession:
        """Raises `Unavailable`, `ConfigError`."""
        ...
