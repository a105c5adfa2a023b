"""`payroll verify`: a run proven anew from its files, the journal, its signatures and its archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gcms_tui.core.errors import GcmsError, MissingRelation, UsageError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll import paid_proofs, proofs
from gcms_tui.core.payroll.events import hold_subject
from gcms_tui.core.payroll.export_file import read_entries
from gcms_tui.core.payroll.paid_proofs import Entries
from gcms_tui.core.payroll.proofs import Proof as Proof
from gcms_tui.core.payroll.proofs import ProofReport as ProofReport
from gcms_tui.core.payroll.proofs import Told
from gcms_tui.core.payroll.roles import Signers
from gcms_tui.core.payroll.run import Exported, PayrollRun, PayrollState, Signature
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import Anchor, Entry
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader, PaymentsRead
from gcms_tui.operations.payroll.ports import PayrollFiles, Signing, SupabaseReader
from gcms_tui.operations.ports import QueryLibrary
from gcms_tui.operations.writing.ports import JournalBook


@dataclass(frozen=True, slots=True, repr=False)
class _Paid:
    """Whom the signed file pays, as far as something that is proven tells."""

    proofs: tuple[Proof, ...]
    entries: Entries | None


class Verifying:
    """Only reads. Blocking I/O."""

    def __init__(
        self,
        *,
        book: Payrolls,
        reader: PaymentReader,
        files: PayrollFiles,
        signing: Signing | None,
        signers: Signers,
        supabase: SupabaseReader,
        supabase_settings: SupabaseSettings,
        queries: QueryLibrary,
        journal: JournalBook,
        anchors: Callable[[], tuple[Anchor, ...]],
    ) -> None:
        self._book = book
        self._reader = reader
        self._files = files
        self._signing = signing
        self._signers = signers
        self._supabase = supabase
        self._supabase_settings = supabase_settings
        self._queries = queries
        self._journal = journal
        self._anchors = anchors

    def verify(self, reference: str) -> ProofReport:
        """What cannot be looked at is UNKNOWN, each thing by itself; what cannot be read because somebody edited it is
        a failure. Raises `UsageError` where there is no such run, `GcmsError` where the store cannot be read."""
        try:
            run = self._book.get(reference)
        except UsageError:
            raise
        except GcmsError as error:
            return self._unreadable(reference, error)
        filed, archived = self._filed(run), self._archived(run)
        entries = filed.entries if filed.entries is not None else archived.entries
        return ProofReport(
            run.run_id,
            (
                self._chain(run.entries),
                proofs.passed_in_order(run, self._holds(run)),
                proofs.signatures(run, self._signers, {role: self._key(item) for role, item in run.signatures.items()}),
                *filed.proofs,
                self._recorded(run, entries),
                *archived.proofs,
                proofs.log(run),
            ),
        )

    # -- the journal and the signatures ------------------------------------------------------------------------------

    def _unreadable(self, reference: str, error: GcmsError) -> ProofReport:
        """Of a run whose entries tell of none. Where the store itself cannot be read, that raises here too."""
        chain = self._chain(())
        return ProofReport(reference, (chain, Proof("gates", Verdict.FAIL, f"{error.title.lower()}: {error.message}")))

    def _chain(self, entries: tuple[Entry, ...]) -> Proof:
        anchors: tuple[Anchor, ...] = ()
        unreached = ""
        try:
            anchors = self._anchors()
        except GcmsError as error:
            unreached = f"the warehouse's anchors were not compared: {error.message}"
        return proofs.journal(self._journal.verify(anchors), entries, unreached)

    def _holds(self, run: PayrollRun) -> tuple[Entry, ...]:
        subject = hold_subject(run.target)
        try:
            return tuple(entry for entry in self._journal.about(subject) if entry.subject == subject)
        except UsageError:  # nobody has ever held anything
            return ()

    def _key(self, signature: Signature) -> Told | None:
        who = f"{signature.by.person.user}'s signature ({signature.role.named})"
        if self._signing is None:
            unknown = f"{who} is by a key, and no allowed_signers file is configured here"
            return (Verdict.UNKNOWN, unknown) if signature.armoured else None
        if not signature.armoured:
            return Verdict.UNKNOWN, f"{who} is by no key, though keys are configured"
        try:  # as of then: a key that has expired since was good
            why = self._signing.verify(
                signature.by.person.user, signature.statement, signature.armoured, at=signature.by.at
            )
        except GcmsError as error:
            return Verdict.UNKNOWN, f"{who} cannot be verified: {error.message}"
        return (Verdict.FAIL, f"{who} is not theirs: {why}") if why else None

    # -- the files ---------------------------------------------------------------------------------------------------

    def _filed(self, run: PayrollRun) -> _Paid:
        exported = run.exported
        found = self._contents(run, exported) if exported is not None else "no file has been prepared"
        if exported is None or isinstance(found, str):
            told = [Proof(what, Verdict.UNKNOWN, str(found)) for what in ("released file", "manifest", "hash file")]
            return _Paid((*told, paid_proofs.totals(run, None, None)), None)
        three = paid_proofs.files(run, exported, found)
        manifest = found.get(paid_proofs.manifest_of(exported))
        told = [*three, paid_proofs.totals(run, manifest, found.get(exported.file))]
        whole = manifest is not None and three[1].verdict is Verdict.OK
        return _Paid(tuple(told), _entries(manifest) if manifest is not None and whole else None)

    def _contents(self, run: PayrollRun, exported: Exported) -> Mapping[str, bytes] | str:
        """The files by name; or why they cannot be looked at."""
        if run.state is PayrollState.ABANDONED:
            return "the run was given up, and its files were moved out of the way"
        host = run.released.host if run.released is not None else exported.host
        if host != self._files.host:
            return f"the files lie on {host}, and this is {self._files.host}: verify it there"
        try:
            seen = self._files.released(run.run_id) if run.released is not None else self._files.prepared(run.run_id)
            return {item.path.name: self._files.read(item.path) for item in seen}
        except GcmsError as error:
            return f"the files cannot be read: {error.message}"

    # -- what was paid, and what is kept of it -----------------------------------------------------------------------

    def _recorded(self, run: PayrollRun, entries: Entries | None) -> Proof:
        if run.recorded is None or entries is None:
            return paid_proofs.supabase(run, entries, ())
        try:
            payment = Relation.parse_postgres(self._supabase_settings.payment_table)
            asked = self._queries.get("supabase_payments").render({"payment": payment}, {"concert_id": run.concert_id})
            rows = self._supabase.read(asked).records()
        except (GcmsError, ValueError) as error:
            words = error.message if isinstance(error, GcmsError) else f"payment_table: {error}"
            return Proof("Supabase", Verdict.UNKNOWN, f"cannot be looked at: {words}")
        return paid_proofs.supabase(run, entries, rows)

    def _archived(self, run: PayrollRun) -> _Paid:
        if run.archived is None:
            return _Paid((Proof("archive", Verdict.UNKNOWN, "not archived"),), None)
        try:
            read = self._reader.read(run.concert_id, fact=Relation.parse(run.archived.table))
        except MissingRelation as error:
            return _Paid((self._missing(run, error),), None)
        except (GcmsError, ValueError) as error:
            words = error.message if isinstance(error, GcmsError) else str(error)
            return _Paid((Proof("archive", Verdict.UNKNOWN, f"cannot be looked at: {words}"),), None)
        told = paid_proofs.archive(run, read.frozen)
        return _Paid((told,), _payments(read) if told.verdict is Verdict.OK else None)

    def _missing(self, run: PayrollRun, error: GcmsError) -> Proof:
        """The archive, or a dimension that it is read with: then the table itself cannot be read either."""
        try:
            self._reader.read(run.concert_id)
        except GcmsError:
            return Proof("archive", Verdict.UNKNOWN, f"cannot be looked at: {error.message}")
        return paid_proofs.lost(run)


def _entries(manifest: bytes) -> Entries | None:
    try:
        return read_entries(manifest)
    except ValueError:
        return None


def _payments(read: PaymentsRead) -> Entries:
    return tuple((item.musician_id, item.net_amount) for item in read.payments if item.net_amount is not None)
