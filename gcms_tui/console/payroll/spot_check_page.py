"""One row of a spot check in full, and how far the whole of it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from gcms_tui.console.payroll.person_words import change_percent, money, percent_text
from gcms_tui.console.payroll.spot_check_row import Line, services_text, tick_words
from gcms_tui.console.present import moment_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll.events import SAMPLED, TICKED
from gcms_tui.core.payroll.run import PayrollRun, TickVerdict
from gcms_tui.core.payroll.sample import Reason
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import Entry

_REASONS: Mapping[str, str] = {
    Reason.SAMPLE: "drawn by lot from the fingerprint: whoever asks gets the same rows",
    Reason.LARGEST: "one of the largest",
    Reason.ZERO: "comes to nothing",
    Reason.NEGATIVE: "less than nothing",
    Reason.NO_AMOUNT: "is not filled in",
    Reason.NEW_PAYEE: "has no payment for an earlier concert",
    Reason.NEW_PAY_TYPE: "was never paid of this type: nothing to compare with",
    Reason.CHANGED: "differs much from the last one of its type",
    Reason.NO_EMAIL: "the musician has none",
    Reason.FEW_SERVICES: "fewer than half of them attended, or not known",
    Reason.QUERIED: "not drawn: somebody asked about it",
}


def row_page(line: Line, run: PayrollRun, look: Look, width: int) -> list[Text]:
    """The focused row: what is paid, to whom, why it is here, what was said of it."""
    sheet, palette = line.sheet, look.palette
    if sheet is None:
        return []
    payment = sheet.payment
    lines = [heading(f"Musician {look.glyphs.text(sheet.row, 60)}", look)]
    tint = f"bold {palette.warn}" if line.revealed else palette.faint
    lines += labelled("name", line.name, look, width, tint)
    lines += labelled("e-mail", line.email, look, width, tint)
    lines += labelled("pay type", payment.pay_type or "none", look, width)
    lines += labelled("services", services_text(payment.attended_services, payment.required_services), look, width)
    for label, amount in (
        ("gross", payment.gross_amount),
        ("deductions", payment.deductions),
        ("net", payment.net_amount),
    ):
        missing = amount is None
        style = f"bold {palette.fail}" if missing else f"bold {palette.strong}" if label == "net" else ""
        lines += labelled(label, "NULL: not filled in" if missing else money(amount), look, width, style)
    lines += labelled("last", last_text(line), look, width)
    if payment.calculated_at is not None:
        lines += labelled("calculated", moment_text(payment.calculated_at), look, width, palette.muted)
    lines += [Text(), heading("Why it is here", look)]
    for reason in sheet.reasons:
        said = f"{look.glyphs.dot} {reason}: {_REASONS.get(reason, 'to be looked at')}"
        lines += flow(Text(look.glyphs.text(said, 200), palette.text), width - 1, " ")
    return [*lines, Text(), heading("What was said of it", look), *_history(line, run, look, width)]


def last_text(line: Line) -> str:
    """The last payment of the kind, and by how much this one differs."""
    sheet = line.sheet
    if sheet is None or sheet.previous is None:
        return "none of this kind before"
    last = sheet.previous
    dated = f", {last.concert_date.isoformat()}" if last.concert_date else ""
    change = percent_text(change_percent(sheet.payment.net_amount, last.net_amount))
    amount = "NULL" if last.net_amount is None else money(last.net_amount)
    return f"{amount}, concert {last.concert_id}{dated}; change {change}"


def _history(line: Line, run: PayrollRun, look: Look, width: int) -> list[Text]:
    palette, text = look.palette, look.glyphs.text
    said = said_of(run, line.key)
    if not said:
        return [Text(" nothing yet: Space ticks it, q queries it", palette.muted)]
    lines: list[Text] = []
    for entry in said:
        verdict = TickVerdict(entry.said["verdict"])
        tint = palette.fail if verdict is TickVerdict.QUERY else palette.ok
        who = f"{entry.user}@{entry.host}, {entry.at[:16].replace('T', ' ')} UTC"
        lines += pair(Text(f" {verdict.value:<9}", f"bold {tint}"), Text(text(who, 200), palette.faint), width)
        note = str(entry.said.get("note") or "")
        lines += flow(Text(text(note, 2_000), palette.text), width - 3, "   ") if note else []
    return lines


def said_of(run: PayrollRun, row: str) -> tuple[Entry, ...]:
    """What the journal has on a row since the rows were drawn, oldest first."""
    drawn = max((entry.sequence for entry in run.entries if entry.kind == SAMPLED), default=0)
    return tuple(
        entry
        for entry in run.entries
        if entry.kind == TICKED and entry.sequence > drawn and str(entry.said["row"]) == row
    )


def brief(line: Line, run: PayrollRun, look: Look) -> tuple[Text, ...]:
    """Two lines of it, where there is no room for the page."""
    sheet, palette, text = line.sheet, look.palette, look.glyphs.text
    if sheet is None:
        return ()
    payment = sheet.payment
    paid = f"gross {money(payment.gross_amount)}  deductions {money(payment.deductions)}  last {last_text(line)}"
    tick = run.ticks.get(line.key)
    if tick is not None and tick.note:
        word, tint = tick_words(tick, False, look)
        second = Text.assemble((f"{word}: ", tint), (text(tick.note, 300), palette.text))
    else:
        tint = f"bold {palette.warn}" if line.revealed else palette.faint
        second = Text(text(f"name {line.name}  e-mail {line.email}", 300), tint)
    return Text(text(paid, 300), palette.text), second


def headline(run: PayrollRun, revealed: bool, wanted: tuple[str, int, int] | None, look: Look) -> tuple[Part, ...]:
    """How far it is. `wanted`: the filter's words, and how many rows of how many it leaves."""
    palette = look.palette
    rows, queries = len(run.sample or ()), len(run.open_queries)
    looked = rows - len(run.unticked)
    verdict = Verdict.FAIL if queries else Verdict.OK if rows and looked == rows else Verdict.UNKNOWN
    parts = [Part((Text(f"{looked} of {counted(rows, 'row')} looked at", f"bold {look.colour(verdict)}"),), 0)]
    if queries:
        said = counted(queries, "open query", "open queries")
        parts.append(Part((Text(f"{said}: the payroll waits", f"bold {palette.fail}"), Text(said, palette.fail)), 1))
    elif verdict is Verdict.OK:
        parts.append(Part((Text("done: Esc leads back to the steps", palette.ok), Text("done", palette.ok)), 2))
    if wanted is not None:
        words = f"/{look.glyphs.text(wanted[0], 30)}"
        parts.append(
            Part((Text(f"{words}  {wanted[1]} of {wanted[2]}", palette.accent), Text(words, palette.accent)), 1)
        )
    if revealed:
        parts.append(
            Part((Text("REVEALED: names, e-mails", f"bold {palette.warn}"), Text("REVEALED", palette.warn)), 1)
        )
    else:
        parts.append(Part((Text("names are masked", palette.faint), Text("masked", palette.faint)), 4))
    return tuple(parts)
