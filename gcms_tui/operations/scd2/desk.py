"""Everything about SCD2 tables that a console or a command works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gcms_tui.core.writing.journal import Anchor
from gcms_tui.operations.read_only import required
from gcms_tui.operations.scd2.browse import Scd2Browser
from gcms_tui.operations.scd2.cause import Causes
from gcms_tui.operations.scd2.corrections import Corrections
from gcms_tui.operations.scd2.repairs import Scd2Repairs
from gcms_tui.operations.scd2.verification import Verification
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.ports import JournalBook


@dataclass(frozen=True, slots=True)
class RepairBench:
    """What is there only where writing is allowed."""

    repairs: Scd2Repairs
    verification: Verification


@dataclass(frozen=True, slots=True)
class Scd2Desk:
    """One project and target."""

    browser: Scd2Browser
    journal: JournalBook
    doubts: Doubts
    bench: RepairBench | None
    """None where nothing may be written: then there is nothing that could."""
    read_only_reason: str = ""
    """Who forbids writing; empty where it is allowed."""
    causes: Causes = field(kw_only=True)
    corrections: Corrections = field(kw_only=True)
    anchors: Callable[[], tuple[Anchor, ...]] = field(kw_only=True, default=tuple)
    """What the warehouse keeps of the journal's head. Raises `GcmsError`."""

    def required_bench(self) -> RepairBench:
        """Raises `Refused` (guard `read_only`) where nothing may be written."""
        return required(self.bench, self.read_only_reason)
