"""Step 6: signing in a role, rejecting, and releasing what three have signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.payroll.act import ActDialog
from gcms_tui.console.payroll.person_words import run_lines, said_lines, totals_lines
from gcms_tui.console.payroll.sign_page import released_lines, sign_page, signatures_lines, signed_page
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.act_dialog import done_line
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.typed import NOTE_LIMIT
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk
    from gcms_tui.operations.payroll.sign_off import Signed, ToSign


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is to sign, or to release."""

    run: PayrollRun
    to_sign: ToSign | None = None
    table: str = ""


class SignOffDialog(ActDialog[Offered]):
    """What signing and releasing have in common: the run's file, and the way to reject it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "reject", "Reject", id="sign.reject", tooltip="The file and its signatures no longer count"),
    ]
    run_of: PayrollRun
    role: Role | None = None

    @property
    def _own(self) -> tuple[Role, ...]:
        """The roles that the person may sign in."""
        bench = self.desk.bench
        return () if bench is None else bench.sign_off.signers.roles_of(bench.sign_off.person.user)

    def words_of(self, made: Offered) -> str:
        return made.run.concert_id

    def asked(self, made: Offered) -> tuple[Input, ...]:
        return (self._confirmation,)

    def refusal(self, action: str) -> str | None:
        if action == "reject":
            if self.desk.bench is None:
                return "nothing may be written here"
            if self.made is None or self.over or self.writing:
                return "there is nothing to reject"
            return None if self._own else "you are on no list of gcms.toml"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return (action == "reject" and (self.over or self.writing)) or super().pointless(action)

    def action_reject(self) -> None:
        if self.refusal("reject") is not None:
            return
        role = self.role if self.role is not None and self.role in self._own else self._own[0]
        dialog = RejectDialog(self.services, self.look, self.desk, self.run_of, role)
        self.app.push_screen(dialog, self._rejected)

    def _rejected(self, tried: bool | None) -> None:
        if tried:
            self.dismiss(True)


class SignDialog(SignOffDialog):
    """The person is whoever logged in; the role is the first of theirs that has not signed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "other", "Other role", id="sign.other", tooltip="Sign in another role, where you may"),
        Binding("l", "release", "Release", id="sign.release", tooltip="Move the signed file to the outbox"),
    ]
    role: Role

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun) -> None:
        def make() -> Offered:
            found = desk.required_bench().sign_off.to_sign(run.run_id, self.role)
            return Offered(found.run, found)

        super().__init__(services, look, desk, make, "Sign-off", act="Sign")
        self.run_of = run
        self._roles = self._ordered()
        self.role = next((role for role in self._roles if role not in run.signatures), self._roles[0])

    def _ordered(self) -> tuple[Role, ...]:
        """The person's own first."""
        own = self._own
        return (*own, *(role for role in Role if role not in own))

    def shown(self, made: Offered, width: int) -> list[Text]:
        bench = self.desk.bench
        if made.to_sign is None or bench is None:
            return []
        if self.over:
            return signed_page(made.to_sign, self.look, width)
        return sign_page(made.to_sign, bench.sign_off.person, self._own, self.look, width)

    @property
    def refusal_to_act(self) -> str | None:
        made = self.made
        if made is not None and made.to_sign is not None and made.to_sign.refusal and not self.over:
            return f"not as {made.to_sign.role.named}: {made.to_sign.refusal}"
        return super().refusal_to_act

    def do(self, made: Offered, typed: str, reason: str) -> Signed:
        assert made.to_sign is not None, "what is signed was shown"
        keyed = self.services.settings.payroll.allowed_signers is not None
        self.step("reading the data once more, and the file")
        if keyed:
            self.step("waiting for your key: touch it where it blinks, or give its passphrase where it asks")
        sign_off = self.desk.required_bench().sign_off
        return sign_off.sign(made.run.run_id, made.to_sign.role, statement=made.to_sign.statement)

    def told(self, outcome: Signed, width: int) -> list[Text]:
        run, look = outcome.run, self.look
        lines = done_line(f"SIGNED as {self.role.named}", look, width)
        lines += [Text(), *signatures_lines(run, look, width)]
        if run.released is not None:
            lines += [Text(), *said_lines(Verdict.OK, "Signed by three: the file is released.", look, width)]
            lines += released_lines(run, look, width)
        elif outcome.release_error is not None:
            said = "Signed by three, and the file is not released. l tries it again, once the cause is mended."
            lines += [Text(), *said_lines(Verdict.FAIL, said, look, width)]
            lines += error_page(here(outcome.release_error), look, width)
        elif len(run.signatures) == len(Role):
            host = run.exported.host if run.exported is not None else "another host"
            said = f"Signed by three. The file lies on {host}: there it is released, in this step."
            lines += [Text(), *said_lines(Verdict.WARN, said, look, width)]
        return lines

    def refusal(self, action: str) -> str | None:
        if action == "other":
            return "there is nothing to choose" if self.over or self.writing or self._loader.busy else None
        if action == "release":
            return None if self._may_release else "it is not signed by three"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action == "release" or (action == "other" and (self.over or self.writing)) or super().pointless(action)

    @property
    def _may_release(self) -> bool:
        return self.outcome is not None and self.outcome.release_error is not None

    def action_other(self) -> None:
        if self.refusal("other") is None:
            self.role = self._roles[(self._roles.index(self.role) + 1) % len(self._roles)]
            self.action_make()

    def action_release(self) -> None:
        if self.outcome is not None and self._may_release:
            dialog = ReleaseDialog(self.services, self.look, self.desk, self.outcome.run)
            self.app.push_screen(dialog, self._rejected)


class RejectDialog(ActDialog[Offered]):
    """A reason, and the file no longer counts."""

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun, role: Role) -> None:
        def make() -> Offered:
            desk.required_bench()
            return Offered(desk.book.get(run.run_id))

        super().__init__(services, look, desk, make, "Reject the file", act="Reject it")
        self.role = role
        self._reason.placeholder = "why it is rejected: no names, no amounts"
        self._reason.max_length = NOTE_LIMIT

    def words_of(self, made: Offered) -> str:
        return ""

    def asked(self, made: Offered) -> tuple[Input, ...]:
        return (self._reason,)

    def shown(self, made: Offered, width: int) -> list[Text]:
        run, look = made.run, self.look
        if self.over:
            return []
        lines = run_lines(run, look, width)
        lines += labelled("as", self.role.named, look, width)
        lines += [Text(), *signatures_lines(run, look, width), Text()]
        said = (
            "The file and every signature on it no longer count: it is exported and signed anew, once it is put right."
        )
        return [*lines, *flow(Text(said, look.palette.warn), width - 1, " ")]

    def do(self, made: Offered, typed: str, reason: str) -> PayrollRun:
        return self.desk.required_bench().sign_off.reject(made.run.run_id, self.role, reason)

    def told(self, outcome: PayrollRun, width: int) -> list[Text]:
        lines = done_line("REJECTED: nothing was released", self.look, width)
        said = "What is wrong is put right first; then the file is exported anew, in step 5."
        return [*lines, *flow(Text(said, self.look.palette.text), width - 1, " ")]


class ReleaseDialog(SignOffDialog):
    """Signed by three, and not released with the third signature: on another host, or by a full disk."""

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun) -> None:
        def make() -> Offered:
            desk.required_bench()
            return Offered(desk.book.get(run.run_id))

        super().__init__(services, look, desk, make, "Release the signed file", act="Release")
        self.run_of = run

    def shown(self, made: Offered, width: int) -> list[Text]:
        run, look, settings = made.run, self.look, self.services.settings
        lines = run_lines(run, look, width)
        exported = run.exported
        if exported is not None:
            lines += labelled("file", exported.file, look, width, f"bold {look.palette.strong}")
            lines += labelled("sha-256", exported.sha256, look, width)
            lines += labelled("from", f"{exported.directory} on {exported.host}", look, width)
            outbox = settings.payroll.outbox_dir or settings.state_dir / "payroll" / "outbox"
            lines += labelled("to", f"{outbox}, as this host has it", look, width)
        lines += [Text(), heading("Who has signed", look), *signatures_lines(run, look, width)]
        if run.frozen is not None:
            lines += [Text(), heading("What it holds", look), *totals_lines(run.frozen.totals, look, width)]
        if self.over:
            return lines
        said = "Data, file, manifest, hash and signatures are proven once more; then it is moved, whole or not at all."
        return [*lines, Text(), *flow(Text(said, look.palette.muted), width - 1, " ")]

    def do(self, made: Offered, typed: str, reason: str) -> PayrollRun:
        self.step("proving data, file and signatures, then moving the file")
        return self.desk.required_bench().sign_off.release(made.run.run_id)

    def told(self, outcome: PayrollRun, width: int) -> list[Text]:
        return [*done_line("RELEASED", self.look, width), *released_lines(outcome, self.look, width)]
