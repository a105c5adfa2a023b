"""Leases in the store: one writer for each table, on whichever host; a heart that beats tells who is alive."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.database import Database, microseconds, moment_of, storable
from gcms_tui.adapters.store.journal import Journal
from gcms_tui.adapters.store.references import begins_with
from gcms_tui.adapters.store.schema import table
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.run import Person
from gcms_tui.core.writing.lease import BEATS_EVERY, LeaseHolder

if TYPE_CHECKING:
    from sqlalchemy import Connection

TAKEOVER = "lease.takeover"


class Leases:
    """Those of one store. Safe from several threads and processes."""

    def __init__(self, database: Database, person: Person, journal: Journal, now: Callable[[], datetime]) -> None:
        self._database = database
        self._person = person
        self._journal = journal
        self._now = now

    def take(self, name: str, purpose: str) -> HeldLease:
        """Raises `Refused` (guard `lease`) naming who holds it, where they are alive; `StateError`.

        One whose holder is dead is taken over, which is in the journal before it is used.
        """
        lease = table("lease")
        token = secrets.token_hex(16)
        with self._database.transaction(_unusable, alone=True) as connection:
            moment = self._database.now(connection, self._now)
            before = _row(connection, name)
            why_dead = self._why_dead(before, moment) if before is not None else ""
            if before is not None and not why_dead:
                raise _held(_holder(before))
            connection.execute(lease.delete().where(lease.c.name == name))
            connection.execute(
                lease.insert().values(
                    name=name,
                    user=self._person.user,
                    host=self._person.host,
                    ssh_client=self._person.ssh_client,
                    purpose=storable(purpose),
                    token=token,
                    pid=os.getpid(),
                    process=f"{_machine()} {_start(os.getpid())}",
                    taken_at_us=microseconds(moment),
                    beat_at_us=microseconds(moment),
                )
            )
        holder = LeaseHolder(name, self._person, os.getpid(), purpose, moment, moment, token)
        takeover = ""
        if before is not None:
            dead = _holder(before)
            takeover = f"{dead.purpose} of {dead.person} (process {dead.pid}): {why_dead}"
        held = HeldLease(self._database, holder, takeover, self._now)
        if takeover:
            try:
                self._journal.append(TAKEOVER, name, {"from": takeover, "purpose": purpose})
            except GcmsError:
                with suppress(GcmsError):  # then it dies by itself: its heart has stopped
                    held.release()
                raise
        return held

    def held(self, prefix: str = "") -> tuple[LeaseHolder, ...]:
        """Those that are alive, of names that begin so. Raises `StateError`."""
        from sqlalchemy import select

        lease = table("lease")
        asked = select(lease).where(begins_with(lease.c.name, prefix)).order_by(lease.c.name)
        with self._database.transaction(_unusable) as connection:
            moment = self._database.now(connection, self._now)
            rows = [dict(row) for row in connection.execute(asked).mappings()]
        return tuple(_holder(row) for row in rows if not self._why_dead(row, moment))

    def _why_dead(self, row: Mapping[str, Any], moment: datetime) -> str:
        # Two machines may have one name, and a container numbers its processes anew: only of its own a process is
        # known to be gone.
        machine, _, start = row["process"].rpartition(" ")
        here = row["host"] == self._person.host and machine == _machine()
        found = _start(row["pid"]) if here else ""
        gone = bool(found) and found != start
        return _holder(row).is_dead(moment, process_is_gone=gone)


class HeldLease:
    """One that this process holds. Its heart beats in a thread of its own until it is released."""

    def __init__(self, database: Database, holder: LeaseHolder, takeover: str, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self.holder = holder
        self.takeover = takeover
        """Whose it was, and why they were taken for dead; empty where it was free."""
        self._released = threading.Event()
        threading.Thread(target=self._beat, name="lease", daemon=True).start()

    def require_held(self) -> None:
        """Raises `Refused` (guard `lease`) where somebody else has taken it over; `StateError`.

        It is a beat of its heart too: nobody takes it over for the next half minute, however long this machine slept.
        """
        with self._database.transaction(_unusable, alone=True) as connection:
            held = self._beaten(connection)
            row = None if held else _row(connection, self.holder.name)
        if not held:
            by = f"{_holder(row).person} has taken it over" if row is not None else "it is no longer there"
            raise Refused(
                "The lease was lost",
                f"{self.holder.name}: {by}. This machine may have slept.",
                "Plan again: what is there now is shown.",
                guard="lease",
            )

    def release(self) -> None:
        """Never another's; does nothing where it was lost. Raises `StateError`."""
        self._released.set()
        lease = table("lease")
        with self._database.transaction(_unusable, alone=True) as connection:
            connection.execute(
                lease.delete().where(lease.c.name == self.holder.name, lease.c.token == self.holder.token)
            )

    def _beaten(self, connection: Connection) -> bool:
        """Whether it is still this one's, to be beaten."""
        lease = table("lease")
        moment = microseconds(self._database.now(connection, self._now))
        mine = (lease.c.name == self.holder.name) & (lease.c.token == self.holder.token)
        return connection.execute(lease.update().where(mine).values(beat_at_us=moment)).rowcount == 1

    def _beat(self) -> None:
        while not self._released.wait(BEATS_EVERY.total_seconds()):
            try:
                with self._database.transaction(_unusable, alone=True) as connection:
                    beaten = self._beaten(connection)
            except GcmsError:
                continue  # it is looked at before COMMIT; until then the next beat may come through
            if not beaten:
                return  # it is another's by now, which `require_held` tells


def _row(connection: Connection, name: str) -> Mapping[str, Any] | None:
    from sqlalchemy import select

    lease = table("lease")
    row = connection.execute(select(lease).where(lease.c.name == name)).mappings().first()
    return dict(row) if row is not None else None


def _holder(row: Mapping[str, Any]) -> LeaseHolder:
    return LeaseHolder(
        name=row["name"],
        person=Person(row["user"], row["host"], row["ssh_client"]),
        pid=row["pid"],
        purpose=row["purpose"],
        taken_at=moment_of(row["taken_at_us"]),
        beat_at=moment_of(row["beat_at_us"]),
        token=row["token"],
    )


def _machine() -> str:
    """Alike for all processes that see one another, since the machine was started. Empty where it is unknown."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
            return f"{stream.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _start(pid: int) -> str:
    """When this process began, in ticks since boot: a number is given anew once its process has gone, that moment is
    not. Empty where it cannot be told, `gone` where the process has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            # The name in parentheses may hold anything; behind it are the state first, and the start as the 20th.
            state, *others = stream.read().rpartition(b")")[2].split()
        return _GONE if state in (b"Z", b"X") else others[18].decode()
    except (OSError, IndexError, ValueError):
        return _by_signal(pid)


_GONE = "gone"


def _by_signal(pid: int) -> str:
    """Where there is no /proc, or it hides the processes of others."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return _GONE
    except OSError:
        return ""
    return ""


def _held(holder: LeaseHolder) -> Refused:
    return Refused(
        "Somebody else is writing",
        f"{holder.person} holds {holder.name} since {holder.taken_at:%Y-%m-%d %H:%M:%S} UTC: {holder.purpose} "
        f"(process {holder.pid}, last seen {holder.beat_at:%H:%M:%S} UTC).",
        "Wait until it has ended; one whose holder died is free half a minute after they were last seen.",
        guard="lease",
    )


def _unusable(where: str, reason: str) -> StateError:
    return StateError(
        "Nobody can tell who is writing",
        f"{where}: {reason}",
        "Nothing was done. Correct the permissions, make room, or correct the store's address in gcms.toml.",
    )
