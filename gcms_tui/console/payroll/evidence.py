"""What a step of a payroll run has left behind: what proves that it was done, and on what. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from rich.text import Text

from gcms_tui.console.payroll.person_words import money, totals_lines
from gcms_tui.console.payroll.words import by_text
from gcms_tui.console.present import age_text, moment_text
from gcms_tui.console.preview_page import shell_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.console.writing.plan_page import heading, labelled, symbol
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll.payment import ControlTotals
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun, TickVerdict
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.verdict import Verdict

_MOST = 40
"""Lines of one kind at most; the journal has them all."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Builds the lines of one step of a run."""

    run: PayrollRun
    now: datetime
    look: Look
    width: int

    def lines(self, step: Step) -> list[Text]:
        """Empty where it has left nothing."""
        tell: Mapping[Step, Callable[[], list[Text]]] = {
            Step.FRESHNESS: self._freshness,
            Step.MODELS: self._models,
            Step.TESTS: self._tests,
            Step.SPOT_CHECK: self._spot_check,
            Step.EXPORT: self._export,
            Step.SIGN_OFF: self._sign_off,
            Step.RECORD: self._record,
            Step.ARCHIVE: self._archive,
            Step.LOG: self._log,
        }
        return tell[step]()

    # -- the checks -------------------------------------------------------------------------------------------------

    def _freshness(self) -> list[Text]:
        sources = _dicts(self._said(Step.FRESHNESS).get("sources"))
        if not sources:
            return []
        lines = [heading("Sources", self.look, len(sources))]
        for source in sources[:_MOST]:
            lines += self._source(source)
        return [*lines, *self._more(len(sources))]

    def _source(self, source: Mapping[str, Any]) -> list[Text]:
        """Its age is told as it is now, not as it was when it was looked at."""
        palette, text = self.look.palette, self.look.glyphs.text
        verdict = {one.name: one for one in Verdict}.get(str(source.get("verdict")), Verdict.UNKNOWN)
        loaded = _moment(source.get("loaded_at"))
        age = "never loaded" if loaded is None else f"{age_text(self.now - loaded)} old now"
        head = Text.assemble((f" {symbol(verdict, self.look)} ", self.look.colour(verdict)))
        said = Text.assemble((text(str(source.get("table")), 120), palette.strong), (f"  {age}", palette.text))
        lines = pair(head, said, self.width)
        if verdict is not Verdict.OK:
            why = Text(text(str(source.get("words")), 400), self.look.colour(verdict))
            lines += pair(Text("   "), why, self.width)
        return lines

    def _models(self) -> list[Text]:
        return self._dbt(self._said(Step.MODELS))

    def _tests(self) -> list[Text]:
        said, look = self._said(Step.TESTS), self.look
        lines: list[Text] = []
        if said.get("tests") is not None:
            least = f", at least {said['baseline']} have to" if said.get("baseline") is not None else ""
            lines += self._pair("tests", f"{said['tests']} passed{least}")
        problems = [str(one) for one in _list(said.get("problems"))]
        if problems:
            lines += [Text(), heading("What stops it", look, len(problems))]
            for problem in problems[:_MOST]:
                mark = Text(f" {symbol(Verdict.FAIL, look)} ", look.palette.fail)
                lines += pair(mark, Text(look.glyphs.text(problem, 600), look.palette.text), self.width)
            lines += self._more(len(problems))
        frozen = self._frozen()
        lines += [Text(), *frozen] if lines and frozen else frozen
        dbt = self._dbt(said)
        return [*lines, Text(), *dbt] if lines and dbt else [*lines, *dbt]

    def _frozen(self) -> list[Text]:
        frozen, look = self.run.frozen, self.look
        if frozen is None:
            return []
        lines = [heading("Frozen: what is signed, leaves and is recorded is exactly this", look)]
        lines += self._pair("fingerprint", frozen.fingerprint)
        lines += self._pair("payees", frozen.payees)
        if frozen.calculated_at is not None:
            calculated = f"{moment_text(frozen.calculated_at)}, {age_text(self.now - frozen.calculated_at)} ago"
            lines += self._pair("calculated", calculated)
        lines += [*totals_lines(frozen.totals, look, self.width), Text()]
        return lines + self._by_pay_type(frozen.totals)

    def _by_pay_type(self, totals: ControlTotals) -> list[Text]:
        """A table: each pay type with its number and its amounts."""
        palette, glyphs = self.look.palette, self.look.glyphs
        rows = [("pay type", "payments", "gross", "deductions", "net")]
        rows += [
            (
                glyphs.text(part.pay_type, 24),
                f"{part.entries:,}",
                money(part.gross),
                money(part.deductions),
                money(part.net),
            )
            for part in totals.by_pay_type
        ]
        cells = [max(Text(row[place]).cell_len for row in rows) for place in range(len(rows[0]))]
        lines = []
        for number, row in enumerate(rows):
            said = "  ".join(cell(value, cells[place], right=place > 0) for place, value in enumerate(row))
            lines.append(Text(f" {said}", palette.text if number else palette.faint))
        return lines

    def _dbt(self, said: Mapping[str, Any]) -> list[Text]:
        lines = self._pair("dbt run", str(said["run"])) if said.get("run") else []
        argv = [str(word) for word in _list(said.get("argv"))]
        return lines + (self._pair("executed", shell_text(argv)) if argv else [])

    # -- what people do ---------------------------------------------------------------------------------------------

    def _spot_check(self) -> list[Text]:
        run, look = self.run, self.look
        if run.sample is None:
            return []
        reasons = Counter(reason for row in run.sample for reason in row.reasons)
        verdicts = Counter(tick.verdict for tick in run.ticks.values())
        lines = self._pair("rows", f"{len(run.sample)} to look at, the same ones whoever draws them")
        lines += self._pair("because", ", ".join(f"{number} {reason}" for reason, number in reasons.most_common()))
        looked = f"{verdicts[TickVerdict.OK]} make sense, {verdicts[TickVerdict.ANSWERED]} answered"
        lines += self._pair("looked at", f"{looked}, {len(run.unticked)} left")
        for row in run.open_queries[:_MOST]:
            tick = run.ticks[row]
            said = f"musician {row}: {tick.note} ({by_text(tick.by, self.now)})"
            mark = Text(f" {symbol(Verdict.FAIL, look)} ", look.palette.fail)
            lines += pair(mark, Text(look.glyphs.text(said, 600), look.palette.text), self.width)
        return lines + self._more(len(run.open_queries))

    def _export(self) -> list[Text]:
        exported = self.run.exported
        if exported is None:
            return []
        lines = self._pair("file", exported.file) + self._pair("host", exported.host)
        lines += self._pair("in", exported.directory) + self._pair("sha-256", exported.sha256)
        lines += self._pair("manifest", exported.manifest)
        size = exported.said.get("bytes")
        held = f"{exported.said.get('entries')} payments, net {money(_amount(exported.said.get('net')))}"
        lines += self._pair("holds", held + (f", {size:,} bytes" if isinstance(size, int) else ""))
        others = [name for name in exported.files if name != exported.file]
        return lines + (self._pair("beside it", ", ".join(others)) if others else [])

    def _sign_off(self) -> list[Text]:
        run, look, palette = self.run, self.look, self.look.palette
        if run.exported is None and not run.signatures:
            return []
        lines = [heading("Signatures", look, len(run.signatures))]
        for role in Role:
            signature = run.signatures.get(role)
            verdict = Verdict.UNKNOWN if signature is None else Verdict.OK
            mark = "○" if signature is None else symbol(verdict, look)
            mark = "o" if signature is None and look.glyphs.ascii else mark
            tint = palette.muted if signature is None else look.colour(verdict)
            said = "not signed" if signature is None else by_text(signature.by, self.now)
            if signature is not None and signature.key:
                said += f", with the key {signature.key}"
            text = Text.assemble((f"{role.named}, {role.says}: ", palette.text), (look.glyphs.text(said, 300), tint))
            lines += pair(Text(f" {mark} ", tint), text, self.width)
        released = run.released
        if released is not None:
            lines += self._pair("released", f"{released.file}, {by_text(released.by, self.now)}")
            lines += self._pair("in", f"{released.directory} on {released.host}") + self._pair(
                "sha-256", released.sha256
            )
        return lines

    # -- after the release ------------------------------------------------------------------------------------------

    def _record(self) -> list[Text]:
        recorded = self.run.recorded
        if recorded is None:
            return []
        how = "found recorded already: nothing was written" if recorded.already else "written"
        lines = self._pair("paid on", recorded.date.isoformat()) + self._pair("how", how)
        lines += self._pair("holds", f"{counted(recorded.entries, 'payment')}, net {money(recorded.net)}")
        return lines + (self._pair("write", recorded.write_id) if recorded.write_id else [])

    def _archive(self) -> list[Text]:
        archived = self.run.archived
        if archived is None:
            return []
        alike = "it is what was signed" if archived.alike else "IT IS NOT WHAT WAS SIGNED"
        style = "" if archived.alike else f"bold {self.look.palette.fail}"
        lines = self._pair("table", f"{archived.table} ({archived.kind})")
        lines += labelled("proof", alike, self.look, self.width, style)
        return lines + self._pair("fingerprint", archived.fingerprint) + self._pair("write", archived.write_id)

    def _log(self) -> list[Text]:
        run = self.run
        if not run.exceptions:
            return self._pair("abandoned", run.reason) if run.reason else []
        return self._pair("exceptions", run.exceptions)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _said(self, step: Step) -> Mapping[str, Any]:
        check = self.run.checks.get(step)
        return {} if check is None else check.said

    def _pair(self, label: str, said: str) -> list[Text]:
        return labelled(label, said, self.look, self.width)

    def _more(self, number: int) -> list[Text]:
        if number <= _MOST:
            return []
        said = f"{self.look.glyphs.ellipsis} and {number - _MOST} more: c copies what the journal has"
        return flow(Text(said, self.look.palette.muted), self.width - 1, " ")


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _amount(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else None
