"""`payroll verify`: a run proven anew from its files, the journal, its signatures and its archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gcms_tui.core.payroll.roles import Signers
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.core.writing.journal import Anchor
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.payroll.ports import PayrollFiles, Signing, SupabaseReader
from gcms_tui.operations.ports import QueryLibrary
from gcms_tui.operations.writing.ports import JournalBook


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that was looked at."""

    what: str
    """`journal`, `gates`, `signatures`, `released file`, `manifest`, `hash file`, `Supabase`, `archive`."""
    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class ProofReport:
    run_id: str
    proofs: tuple[Proof, ...]

    @property
    def verdict(self) -> Verdict:
        return worst(proof.verdict for proof in self.proofs)


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
        """What cannot be looked at is UNKNOWN, each thing by itself. Raises `UsageError` where there is no such run."""
        raise NotImplementedError
