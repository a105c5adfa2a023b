"""Step 6: three people sign one and the same file, and with the third signature it is released."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.payroll.roles import Role, Signers
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.run import Person
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.payroll.ports import PayrollFiles, Signing
from gcms_tui.operations.payroll.spot_checks import Variance


@dataclass(frozen=True, slots=True)
class ToSign:
    """What a person sees before they sign."""

    run: PayrollRun
    role: Role
    statement: str
    """The very text that is signed."""
    variance: Variance | None
    """None where it cannot be read."""
    refusal: str = ""
    """Why this person may not sign in this role; empty where they may."""


class SignOff:
    """Blocking I/O."""

    def __init__(
        self,
        *,
        book: Payrolls,
        reader: PaymentReader,
        files: PayrollFiles,
        signing: Signing | None,
        signers: Signers,
        person: Person,
    ) -> None:
        """`person` is who signs: by the operating system, and by nothing that can be typed."""
        self._book = book
        self._reader = reader
        self._files = files
        self._signing = signing
        self._signers = signers
        self._person = person

    @property
    def signers(self) -> Signers:
        return self._signers

    @property
    def person(self) -> Person:
        return self._person

    def to_sign(self, run_id: str, role: Role) -> ToSign:
        """Nothing is changed. Raises `Refused` where there is no file to sign."""
        raise NotImplementedError

    def sign(self, run_id: str, role: Role, *, statement: str = "") -> PayrollRun:
        """Sign in this role. `statement`, where given, is what was shown: another one by now is refused (guard
        `statement`). With the third signature the file is released, where it lies on this host.

        Raises `Refused`: guards `role` (not on the role's list), `one_person` (signed already in another role, from
        whatever host), `signed` (the role is signed), `data_changed`, `key`, and the gates.
        """
        raise NotImplementedError

    def reject(self, run_id: str, role: Role, reason: str) -> PayrollRun:
        """Signatures and file no longer count. Raises `Refused`: guards `role`, `reason`, and the gates."""
        raise NotImplementedError

    def release(self, run_id: str) -> PayrollRun:
        """Move the signed file to the outbox, everything proven once more: data, file, manifest, `.sha256`, three
        people, their signatures.

        Raises `Refused`: guards `signatures`, `another_host`, `tampered` (naming the file), `data_changed`, the gates;
        `StateError` where the outbox cannot be written: nothing has moved then.
        """
        raise NotImplementedError
