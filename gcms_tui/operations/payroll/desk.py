"""Everything about payroll that a console or a command works with."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.run import Person
from gcms_tui.operations.payroll.archiving import Archiving
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.checklist import Checklist
from gcms_tui.operations.payroll.closing import Closing
from gcms_tui.operations.payroll.concerts import Concerts
from gcms_tui.operations.payroll.exporting import Exporting
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.payroll.recording import Recording
from gcms_tui.operations.payroll.sign_off import SignOff
from gcms_tui.operations.payroll.spot_checks import SpotChecks
from gcms_tui.operations.payroll.verifying import Verifying
from gcms_tui.operations.read_only import required


@dataclass(frozen=True, slots=True)
class PayrollBench:
    """What is there only where writing is allowed."""

    checklist: Checklist
    spot_checks: SpotChecks
    exporting: Exporting
    sign_off: SignOff
    recording: Recording
    archiving: Archiving
    closing: Closing


@dataclass(frozen=True, slots=True)
class PayrollDesk:
    """One target, and one person."""

    book: Payrolls
    concerts: Concerts
    """Opens runs too, where writing is allowed: see `required_bench`."""
    holds: Holds
    verifying: Verifying
    person: Person
    bench: PayrollBench | None
    read_only_reason: str = ""
    """Who forbids writing; empty where it is allowed."""
    may_act: tuple[tuple[str, str], ...] = ()
    """On the practice platform: login and role of the invented people that may be played. Empty everywhere else."""
    acting_as: str = ""
    """Who of them is played, and is `person` then; empty: whoever asks."""

    def required_bench(self) -> PayrollBench:
        """Raises `Refused` (guard `read_only`) where nothing may be written."""
        return required(self.bench, self.read_only_reason)
