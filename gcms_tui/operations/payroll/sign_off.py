"""Step 6: three people sign one and the same file, and with the third signature it is released."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll import signatures
from gcms_tui.core.payroll.events import REJECTED, RELEASED, SIGNED
from gcms_tui.core.payroll.files import FileSeen
from gcms_tui.core.payroll.roles import Role, Signers
from gcms_tui.core.payroll.run import Exported, PayrollRun
from gcms_tui.core.payroll.statement import statement as statement_of
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.payroll.typed import reason_given
from gcms_tui.core.payroll.untouched import HASH_FILE, differences, hash_file_says
from gcms_tui.core.run import Person
from gcms_tui.operations.payroll.book import AtStep, Payrolls
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


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was given; it is in the journal, whatever became of the release."""

    run: PayrollRun
    release_error: GcmsError | None = None
    """Why the file was not released with the third signature: `release` may be tried again. None where it was, where
    others have still to sign, and where the file does not lie here: whoever prepared it releases it."""


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
        unpaid: Callable[[PayrollRun], None],
        variance: Callable[[PayrollRun], Variance | None] = lambda _: None,
    ) -> None:
        """`person` is who signs: by the operating system, and by nothing that can be typed. They are the one whose
        name the book's journal writes. `unpaid` raises `Refused` where the concert may have been paid in
        another way meanwhile: see `PaidConcerts`."""
        self._book = book
        self._reader = reader
        self._files = files
        self._signing = signing
        self._signers = signers
        self._person = person
        self._unpaid = unpaid
        self._variance = variance

    @property
    def signers(self) -> Signers:
        return self._signers

    @property
    def person(self) -> Person:
        return self._person

    # -- signing -----------------------------------------------------------------------------------------------------

    def to_sign(self, run_id: str, role: Role) -> ToSign:
        """Nothing is changed. Raises `Refused` where there is no file to sign."""
        run = self._book.get(run_id)
        closed = self._book.refusal(run, Step.SIGN_OFF)
        if run.exported is None or run.frozen is None:
            raise closed or _no_file(run)
        refused = closed or signatures.refusal(run, role, self._person.user, self._signers)
        variance = None
        with suppress(GcmsError):
            variance = self._variance(run)
        return ToSign(run, role, statement_of(run, role), variance, refused.message if refused else "")

    def sign(self, run_id: str, role: Role, *, statement: str = "") -> Signed:
        """Sign in this role. `statement`, where given, is what was shown: another one by now is refused (guard
        `statement`). With the third signature the file is released, where it lies here; a signature stays given where
        that fails, and the answer says why.

        Raises `Refused`: guards `role` (not on the role's list), `one_person` (signed already in another role, from
        whatever host, or by the same key), `signed` (the role is signed), `data_changed`, `tampered`, `key`, and the
        gates.
        """
        with self._book.at(run_id, Step.SIGN_OFF) as at:
            run, exported = at.run, _exported(at.run)
            if refused := signatures.refusal(run, role, self._person.user, self._signers):
                raise refused
            text = statement_of(run, role)
            if statement and statement != text:
                raise Refused(
                    "Not what was shown",
                    "The file was exported anew since it was shown: it is another one now.",
                    "Look at it again, then sign.",
                    guard="statement",
                )
            here = self._lies_here(run)
            with self._nothing_wrong_in_the_outbox(at):
                self._reader.unchanged(at)
                if here:
                    self._require_untouched(run)
            armoured, key = self._signature(run, role, text)
            self._require_open(run)  # the person's key may have waited for a touch
            signed = at.note(
                SIGNED,
                {
                    "role": role.value,
                    "says": role.says,
                    "statement": text,
                    "sha256": exported.sha256,
                    "signature": armoured,
                    "key": key,
                },
            )
            if not here or any(other not in signed.signatures for other in Role):
                return Signed(signed)
            try:
                return Signed(self._release(at, by_hand=False))
            except GcmsError as error:
                return Signed(at.run, error)

    def reject(self, run_id: str, role: Role, reason: str) -> PayrollRun:
        """Signatures and file no longer count. Raises `Refused`: guards `role`, `reason`, and the gates; `StateError`
        where the file lies in the outbox, by a release that was cut off, and cannot be taken out of it: it is rejected
        all the same."""
        with self._book.at(run_id, Step.SIGN_OFF) as at:
            if refused := signatures.not_on_list(at.run, role, self._person.user, self._signers):
                raise refused
            said = reason_given(reason)
            trouble = self._taken_back(at) if self._lies_here(at.run) else None
            run = at.note(REJECTED, {"role": role.value, "reason": said})
            if trouble is not None:
                raise trouble
            return run

    def _taken_back(self, at: AtStep) -> GcmsError | None:
        """Why what lies in the outbox could not be taken out of it. Before the rejection is noted: whoever is cut off
        in between rejects it again, and after it nobody could take it out any more."""
        at.require_held()
        try:
            if self._files.released(at.run.run_id):
                self._files.withdraw(at.run.run_id, "rejected before it was released")
        except GcmsError as error:
            return error
        return None

    # -- releasing ---------------------------------------------------------------------------------------------------

    def release(self, run_id: str) -> PayrollRun:
        """Move the signed file to the outbox, everything proven once more: data, file, manifest, `.sha256`, three
        people, their signatures, the journal's chain. One that was cut off between the move and its entry is taken up
        where it was.

        Raises `Refused`: guards `another_host` (also where it is somebody else's on this one), `signatures`, `tampered`
        (naming the file), `data_changed`, `already_paid`, `paid_unknown`, `journal`, the gates; `StateError` where the
        outbox cannot be written: nothing has moved then.
        """
        with self._book.at(run_id, Step.SIGN_OFF) as at:
            return self._release(at, by_hand=True)

    def _release(self, at: AtStep, *, by_hand: bool) -> PayrollRun:
        run, exported = at.run, _exported(at.run)
        if not self._lies_here(run):
            by = exported.by.person.user
            raise Refused(
                "The file is not here",
                f"{exported.file} was prepared by {by} on {exported.host}, for nobody else to read, and this is "
                f"{self._person.user} on {self._files.host}.",
                f"As {by} on {exported.host}: gcms-tui payroll release {run.run_id}",
                guard="another_host",
            )
        if wrong := unproven(run, self._signers, self._signing):
            raise Refused(
                "Not signed by three",
                f"{'; '.join(wrong)}.",
                f"Where it cannot be mended, reject it, and export and sign anew: gcms-tui payroll reject {run.run_id}",
                guard="signatures",
            )
        with self._nothing_wrong_in_the_outbox(at):
            self._require_untouched(run)
            self._reader.unchanged(at)
            self._unpaid(run)
            self._book.require_whole_journal()
            self._require_open(run)
            at.require_held()
            directory = self._files.release(run.run_id)
            self._require_untouched(run)
        said = {"host": self._files.host, "directory": str(directory), "file": exported.file}
        try:
            return at.note(RELEASED, {**said, "sha256": exported.sha256, "by_hand": by_hand})
        except GcmsError as error:  # that nothing was done, as a store says that takes no entry, is not so here
            error.next_step = (
                f"The file lies in {directory} already. Release it once more, and it is noted: gcms-tui payroll "
                f"release {run.run_id}"
            )
            raise

    # -- inside ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _nothing_wrong_in_the_outbox(self, at: AtStep) -> Iterator[None]:
        """What may not be paid is taken out of the outbox again, so that nobody pays it."""
        try:
            yield
        except Refused as refused:
            # Not where the lease was lost: somebody else is at it.
            if refused.guard in ("tampered", "data_changed", "already_paid"):
                with suppress(GcmsError):  # why it may not be paid is what has to be told
                    if self._files.released(at.run.run_id):
                        at.require_held()
                        self._files.withdraw(at.run.run_id, refused.title)
            raise

    def _require_open(self, run: PayrollRun) -> None:
        """Raises `Refused` where the gate has closed while it was worked at: payroll is held, for instance."""
        if refused := self._book.refusal(run, Step.SIGN_OFF):
            raise refused

    def _signature(self, run: PayrollRun, role: Role, text: str) -> tuple[str, str]:
        """By the person's key, and which; empty where no keys are configured."""
        given = tuple(run.signatures.values())
        keys = self._signing is not None
        if any(bool(item.armoured) is not keys for item in given):
            without, here = ("", "no") if not keys else ("out", "an")
            raise Refused(
                "All sign with keys, or nobody",
                f"The others have signed with{without} keys, and {here} allowed_signers is configured here.",
                "Have the same allowed_signers under [payroll] in every gcms.toml, or reject it and sign anew: "
                f"gcms-tui payroll reject {run.run_id}",
                guard="key",
            )
        if self._signing is None:
            return "", ""
        armoured, key = self._signing.sign(self._person.user, text)
        other = next((item for item in given if item.key == key), None)
        if other is not None:
            raise Refused(
                "Three different people sign",
                f"{self._person.user}'s key is the one that signed as {other.role.named}, for {other.by.person.user}.",
                f"Sign as {role.named} with a key of your own; allowed_signers says whose is whose.",
                guard="one_person",
            )
        return armoured, key

    def _lies_here(self, run: PayrollRun) -> bool:
        """Whether the file can be looked at from here: on the host where it was prepared, by whoever did it, for whom
        alone it can be read. People who are played all are one user."""
        exported = _exported(run)
        if exported.host != self._files.host:
            return False
        if exported.by.person.user == self._person.user:
            return True  # where they see nothing of it, it is gone
        with suppress(GcmsError):
            return bool(self._seen(run))
        return False

    def _seen(self, run: PayrollRun) -> tuple[FileSeen, ...]:
        return self._files.released(run.run_id) or self._files.prepared(run.run_id)

    def _require_untouched(self, run: PayrollRun) -> None:
        """Raises `Refused` (guard `tampered`) where what lies here is not what was exported."""
        exported, seen = _exported(run), self._seen(run)
        wrong = list(differences(exported, seen))
        wrong += [
            f"{file.path.name} does not say the hash of {exported.file}"
            for file in seen
            if not wrong and file.path.name.endswith(HASH_FILE) and not self._says_hash(file.path, exported)
        ]
        if wrong:
            raise Refused(
                "A file was tampered with",
                f"{'; '.join(wrong)}: it is not what was exported.",
                f"Find out who did it; then reject it and export anew: gcms-tui payroll reject {run.run_id}",
                guard="tampered",
            )

    def _says_hash(self, path: Path, exported: Exported) -> bool:
        return hash_file_says(self._files.read(path), exported)


def unproven(run: PayrollRun, signers: Signers, signing: Signing | None) -> tuple[str, ...]:
    """What is wrong with a run's three signatures, those by keys verified; empty where nothing is.

    Raises `Unavailable` where a key's signature cannot be verified.
    """
    wrong = signatures.faults(run, signers, keys=signing is not None)
    if wrong or signing is None:
        return wrong
    judged = (
        (item, signing.verify(item.by.person.user, item.statement, item.armoured)) for item in run.signatures.values()
    )
    return tuple(f"{item.by.person.user}'s signature as {item.role.named}: {why}" for item, why in judged if why)


def _exported(run: PayrollRun) -> Exported:
    """Raises `Refused` where nothing was, which the gate has seen to."""
    if run.exported is None or run.frozen is None:
        raise _no_file(run)
    return run.exported


def _no_file(run: PayrollRun) -> Refused:
    return Refused(
        "Nothing to sign",
        f"No file of {run.run_id} has been prepared.",
        f"gcms-tui payroll export {run.run_id}",
        guard=Step.EXPORT.value,
    )
