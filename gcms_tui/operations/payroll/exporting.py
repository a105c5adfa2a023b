"""Step 5: the prepared file, which is exactly what was frozen, with its hash and its manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.payroll import export_file
from gcms_tui.core.payroll.addresses import require_addresses, require_payable
from gcms_tui.core.payroll.events import EXPORTED
from gcms_tui.core.payroll.export_file import Line
from gcms_tui.core.payroll.run import PayrollRun, PayrollState, TickVerdict
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Person
from gcms_tui.core.settings import PayrollSettings
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader, PaymentsRead
from gcms_tui.operations.payroll.ports import PayrollFiles
from gcms_tui.operations.ports import Clock

FORMATS = ("xlsx", "parquet")
"""What may be written beside the CSV, which is what is signed."""

Written = Callable[[Sequence[Line]], bytes]
"""Makes a file of another format."""


class Exporting:
    """Blocking I/O."""

    def __init__(
        self,
        settings: PayrollSettings,
        *,
        book: Payrolls,
        reader: PaymentReader,
        files: PayrollFiles,
        version: str,
        clock: Clock,
        person: Person,
        formats: Mapping[str, Written],
        unpaid: Callable[[PayrollRun], None],
    ) -> None:
        """`formats` has those of `FORMATS` that can be written here. `unpaid` raises `Refused` where the concert may
        have been paid in another way meanwhile: see `PaidConcerts`."""
        self._settings = settings
        self._book = book
        self._reader = reader
        self._files = files
        self._version = version
        self._clock = clock
        self._person = person
        self._formats = formats
        self._unpaid = unpaid

    def export(
        self, run_id: str, *, further: tuple[str, ...] = (), on_step: Callable[[str], None] = lambda _: None
    ) -> PayrollRun:
        """Write the prepared CSV, `.sha256` and `manifest.json`, and `further` of `FORMATS`.

        The same data gives the same CSV, byte by byte; the manifest says when, too.

        Raises `Refused`: guards `already_paid`, `paid_unknown`, `data_changed`, `empty`, `payee`, `amount`, `masked`
        (names), `email` (one that is missing and was not let through at the spot check, looks masked, is malformed or
        is repeated, naming the musicians' ids), `place`, `outbox` (what was exported lies there already), and the
        gates; `UsageError` for a format that cannot be written; `StateError` where it cannot be written: then no file
        is left.
        """
        further = tuple(dict.fromkeys(further))
        if unknown := sorted(set(further) - self._formats.keys()):
            raise UsageError("No such format", f"{', '.join(unknown)} cannot be written here.", "The CSV always is.")
        with self._book.at(run_id, Step.EXPORT) as at:
            left = self._left_behind(at.run)
            on_step("asking whether it has been paid")
            self._unpaid(at.run)
            on_step("reading the payments")
            read = self._reader.unchanged(at)
            on_step("judging names, addresses and amounts")
            require_payable(read.payments)
            require_addresses(at.run.run_id, read.payments, _let_through(at.run))
            on_step("writing the files")
            name, files = self._contents(at.run, read, further)
            at.require_held()
            for other in left:
                self._files.withdraw(other, f"it did not count any more when {at.run.run_id} was exported")
            place = self._files.prepare(at.run.run_id, files)
            return at.note(EXPORTED, self._said(read, name, files, str(place)))

    def _left_behind(self, run: PayrollRun) -> tuple[str, ...]:
        """Runs of this concert whose files lie here and do not count: whoever was to move them out of the way was cut
        off. Beside them the concert would be paid twice.

        Raises `Refused` where this run's own does count.
        """
        own = self._files.released(run.run_id)
        if own and run.exported is not None:
            raise _in_the_outbox(run)
        given_up = (other.run_id for other in self._book.of(run.concert_id) if other.state is PayrollState.ABANDONED)
        lying = (other for other in given_up if self._files.released(other) or self._files.prepared(other))
        return (*((run.run_id,) if own else ()), *lying)

    def _contents(self, run: PayrollRun, read: PaymentsRead, further: tuple[str, ...]) -> tuple[str, dict[str, bytes]]:
        lines = export_file.lines_of(read.payments)
        name = export_file.file_name(run.concert_id, read.payments[0].concert_date, run.run_id)
        files = {name: export_file.csv_bytes(lines.lines)}
        for kind in further:
            files[f"{name.removesuffix('.csv')}.{kind}"] = self._formats[kind](lines.lines)
        manifest = export_file.manifest(self._told(run, read, name), read.payments, lines, files)
        files[f"{name}.sha256"] = export_file.hash_file(files[name], name)
        files[export_file.MANIFEST] = manifest
        return name, files

    def _told(self, run: PayrollRun, read: PaymentsRead, name: str) -> dict[str, Any]:
        """What the manifest says beside how the file is written and what it consists of."""
        return {
            "run": run.run_id,
            "target": run.target,
            "concert": run.concert_id,
            "table": str(self._settings.fact),
            "file": name,
            "fingerprint": read.frozen.fingerprint,
            "payees": read.frozen.payees,
            "totals": read.frozen.totals.document(),
            "query": {"source": read.statement.source, "id": read.query_id, "at": read.taken_at.isoformat()},
            "console": self._version,
            "by": {"user": self._person.user, "host": self._person.host},
            "host": self._files.host,
            "at": self._clock().isoformat(),
        }

    def _said(self, read: PaymentsRead, name: str, files: Mapping[str, bytes], place: str) -> dict[str, Any]:
        hashes = {file: export_file.sha256(content) for file, content in files.items()}
        return {
            "fingerprint": read.frozen.fingerprint,
            "payees": read.frozen.payees,
            "host": self._files.host,
            "directory": place,
            "files": hashes,
            "file": name,
            "sha256": hashes[name],
            "manifest": hashes[export_file.MANIFEST],
            "bytes": len(files[name]),
            "entries": read.frozen.totals.entries,
            "net": format(read.frozen.totals.net, "f"),
            "query_ids": [read.query_id] if read.query_id else [],
        }


def _in_the_outbox(run: PayrollRun) -> Refused:
    return Refused(
        "It lies in the outbox",
        f"A release of {run.run_id} was cut off after its file was moved: it may be paid at any moment.",
        f"Finish it: gcms-tui payroll release {run.run_id}. Or reject it, and see that nobody pays it.",
        guard="outbox",
    )


def _let_through(run: PayrollRun) -> frozenset[str]:
    """Musicians that a person has looked at in the spot check, and found to make sense."""
    return frozenset(row for row, tick in run.ticks.items() if tick.verdict is not TickVerdict.QUERY)
