"""A plan told before it is carried out: what changes, why, and the very statements. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.text import Text

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.present import bind_text, moment_text
from gcms_tui.console.preview_page import access_text, target_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.query import Access
from gcms_tui.core.scd2 import moment
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.plan import Cell, Plan, PlanKind, Row, RowChange, Step

_LABEL = 11
_COLUMN = 15
_BEFORE = 21
_MOMENTS = ("effective_from", "effective_to", "recorded_at", "inserted_at", "updated_at")
_WORDS = {
    PlanKind.REPAIR: "repair",
    PlanKind.COLLAPSE: "collapse",
    PlanKind.UNDO: "undo",
    PlanKind.BACKUP: "backup",
    PlanKind.ARCHIVE: "archive",
    PlanKind.MARK_PAID: "paid mark",
    PlanKind.RESTORE: "restore",
}
_WAYS_OUT = {
    "shared_scd_id": (
        "Collapse them first, with C in the key's timeline: one of the rows is kept, and a backup of all of them.",
        "Then plan the repair again.",
    ),
    "tie": (
        "Nothing tells which version is the later one: compare them, column by column, in the key's timeline.",
        "There, Enter on the one that is right makes it the one to keep.",
    ),
    "begins_after_winner": (
        "Keep the version that begins last instead: Enter on it in the key's timeline.",
        "Or S there: what begins after the winner is superseded, closed empty, never valid, and kept for audit.",
    ),
    "rows_moved": ("Plan again with r: what is there now is shown.",),
    "expired": ("Plan again with r: the table is read again.",),
}
"""By the guard that refused: the ways out, as they are gone in the console."""


def plan_page(plan: Plan, look: Look, width: int, now: datetime, *, used: bool = False) -> list[Text]:
    """What is to be known first comes first; the statements and what identifies the plan come last.

    `used`: it was carried out.
    """
    blocks = (
        _head(plan, look, width, now, used=used),
        warning_lines(plan.warnings, look, width),
        _changes(plan, look, width),
        _next(plan, look, width),
        statement_lines(plan, look, width),
        identity_lines(plan, look, width),
    )
    lines: list[Text] = []
    for block in blocks:
        lines += [*block, Text()] if block else []
    return lines[:-1]


def refusal_page(error: GcmsError, look: Look, width: int) -> list[Text]:
    """Which guard said no, why, and the ways out."""
    palette = look.palette
    guard = error.guard if isinstance(error, Refused) else ""
    word = f"REFUSED by the guard {look.glyphs.text(guard, 40)}" if guard else "NOT POSSIBLE"
    lines = [Text(f" {symbol(Verdict.FAIL, look)} {word}: nothing was written", f"bold {palette.fail}"), Text()]
    lines += error_page(error, look, width)
    ways = _WAYS_OUT.get(guard, ())
    if ways:
        lines += [Text(), heading("Ways out", look)]
        for way in ways:
            lines += flow(Text(f"{look.glyphs.dot} {way}", palette.text), width - 1, " ")
    return lines


def holds_text(plan_expires_at: datetime, now: datetime) -> str:
    """How long a plan still holds: in minutes, within the last one in seconds."""
    left = int((plan_expires_at - now).total_seconds())
    if left <= 0:
        return "EXPIRED"
    return f"holds {left // 60} min" if left >= 60 else f"holds {left} s"


def kind_words(plan: Plan) -> str:
    return _WORDS[plan.kind]


def symbol(verdict: Verdict, look: Look) -> str:
    return verdict.ascii_symbol if look.glyphs.ascii else verdict.symbol


def heading(title: str, look: Look, number: int | None = None) -> Text:
    text = Text.assemble((f" {title}", f"bold {look.palette.accent}"))
    return text if number is None else text.append(f"  {number:,}", look.palette.faint)


def labelled(label: str, value: str, look: Look, width: int, style: str = "") -> list[Text]:
    said = Text(look.glyphs.text(value, 2_000), style or look.palette.text)
    return pair(Text(f" {label:<{_LABEL}} ", look.palette.faint), said, width)


def warning_lines(warnings: Iterable[str], look: Look, width: int) -> list[Text]:
    lines: list[Text] = []
    for warning in warnings:
        said = Text(f"{symbol(Verdict.WARN, look)} {look.glyphs.text(warning, 1_000)}", look.palette.warn)
        lines += flow(said, width - 1, " ")
    return lines


def place_line(target: str, what: str, look: Look, width: int) -> list[Text]:
    """That it writes, where, and what, in words."""
    first = Text.assemble(" ", access_text(Access.WRITE, look), " on ", target_text(target, look), "  ")
    return flow(first.append(look.glyphs.text(what, 300), f"bold {look.palette.strong}"), width)


def _head(plan: Plan, look: Look, width: int, now: datetime, *, used: bool) -> list[Text]:
    palette = look.palette
    lines = place_line(plan.target, f"{kind_words(plan)} of {plan.subject}", look, width)
    whole = plan.kind is PlanKind.RESTORE
    lines += labelled(*(("from", plan.source) if whole else ("in", plan.table)), look, width)
    if plan.winner:
        label = "keeps" if plan.kind is PlanKind.COLLAPSE else "current"
        lines += labelled(label, f"{plan.winner} stays: {plan.reason}", look, width, f"bold {palette.strong}")
    elif plan.reason:
        lines += labelled("because", plan.reason, look, width)
    changes = "the whole table" if whole else f"{counted(len(plan.changes), 'row')} of the key's {len(plan.before)}"
    lines += labelled("changes", f"{changes}, by {counted(len(plan.steps), 'statement')}", look, width)
    if plan.backup is not None:
        lines += labelled("backup", f"{plan.backup.subject}, made first", look, width)
    holds = "used" if used else holds_text(plan.expires_at, now)
    expired = holds == "EXPIRED"
    said = f"{plan.short_id}, {holds}" + (": r plans again" if expired else "")
    return [*lines, *labelled("plan", said, look, width, f"bold {palette.fail}" if expired else "")]


def _changes(plan: Plan, look: Look, width: int) -> list[Text]:
    lines = [heading(f"Rows before {look.glyphs.arrow} after", look, len(plan.changes))] if plan.changes else []
    for change in plan.changes:
        lines += _change(change, look, width)
    return lines


def _change(change: RowChange, look: Look, width: int) -> list[Text]:
    palette, text = look.palette, look.glyphs.text
    title = Text.assemble(
        (text(change.label, 200), f"bold {palette.strong}"), ("  " + text(change.why, 300), palette.muted)
    )
    lines = flow(title, width - 1, "   ")
    if change.before is None or change.after is None:
        gone = change.after is None
        row = change.before if gone else change.after
        word = "- the row goes" if gone else "+ the row comes back"
        lines.append(Text(f"   {word}", f"bold {palette.fail if gone else palette.ok}"))
        return [*lines, *(_listed("", row, row.as_dict(), look, width) if row is not None else [])]
    same: dict[str, Cell] = {}
    for name, before in change.before.values:
        after = change.after[name]
        if before == after:
            same[name] = before
            continue
        shown = f"{_fitted(cell_text(name, before), _BEFORE)} {look.glyphs.arrow} {after_text(name, before, after)}"
        changed = Text(f" * {name:<{_COLUMN}} ", f"bold {palette.warn}")
        lines += pair(Text("  ").append_text(changed), Text(text(shown, 300), f"bold {palette.strong}"), width)
    return [*lines, *_listed("unchanged: ", change.before, same, look, width)]


def _listed(word: str, row: Row, values: dict[str, Cell], look: Look, width: int) -> list[Text]:
    told = ", ".join(f"{name} {cell_text(name, values[name])}" for name, _ in row.values if name in values)
    return flow(Text(look.glyphs.text(f"{word}{told}", 1_000), look.palette.faint), width - 1, "     ") if told else []


def cell_text(name: str, value: Cell) -> str:
    """A value as it is kept, moments without what is zero at their end; a far end is told as the date it is."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if name not in _MOMENTS or moment.is_open(value):
        return value
    try:
        return moment.short(moment.checked(value))
    except ValueError:
        return value


def after_text(name: str, before: Cell, after: Cell) -> str:
    """As `cell_text`; the stamp that the warehouse's clock sets is told so."""
    return "now" if name == "updated_at" and after is None and before is not None else cell_text(name, after)


def _fitted(text: str, width: int) -> str:
    return f"{text:<{width}}"


def _repairing(plan: Plan) -> list[str]:
    return [
        "BEGIN. The rows are read again: if one is not as above, nothing is written.",
        f"{counted(len(plan.steps), 'statement')}, each touching exactly its rows; {counted(plan.rows, 'row')} in all.",
        "The rows are read once more and have to be as above. COMMIT, else ROLLBACK.",
        "Then the key is scanned for defects, and the table's dbt tests run."
        + ("" if plan.kind is PlanKind.UNDO else " Undo is offered."),
    ]


def _restoring(plan: Plan) -> list[str]:
    statements, compared = counted(len(plan.steps), "statement"), f"Then it is compared with {plan.source}, row by row."
    by_itself = f"{statements}, which commits by itself: nothing can be rolled back."
    again = "The table and the backup are compared again: if they are otherwise than above, nothing is written."
    if plan.look is None:  # the table is gone
        return [by_itself, compared]
    if plan.defines:
        return [again, by_itself.replace("which commits", "each of which commits"), compared]
    return [
        f"BEGIN. {again}",
        f"{statements}, touching exactly {counted(plan.rows, 'row')}.",
        "They are compared once more and have to be alike. COMMIT, else ROLLBACK.",
        compared,
    ]


def _next(plan: Plan, look: Look, width: int) -> list[Text]:
    cloned = [f"The table is cloned to {plan.backup.subject}."] if plan.backup is not None else []
    steps = [*cloned, *(_restoring(plan) if plan.kind is PlanKind.RESTORE else _repairing(plan))]
    lines = [heading("What happens", look)]
    for number, step in enumerate(steps, 1):
        said = Text(look.glyphs.text(step, 400), look.palette.text)
        lines += pair(Text(f" {number}  ", look.palette.faint), said, width)
    return lines


def statement_lines(plan: Plan, look: Look, width: int) -> list[Text]:
    lines = [heading("Statements", look, len(plan.steps))]
    for number, step in enumerate(plan.steps, 1):
        lines += [*([Text()] if number > 1 else []), *_statement(number, step, look, width)]
    return lines


def _statement(number: int, step: Step, look: Look, width: int) -> list[Text]:
    palette, statement = look.palette, step.statement
    rows = "" if step.rows is None else f", touches {counted(step.rows, 'row')}"
    lines = flow(Text(look.glyphs.text(f"{number}  {statement.source}{rows}", 300), palette.muted), width - 1, " ")
    for line in look.glyphs.lines(statement.sql):
        comment = line.lstrip().startswith("--")
        lines += flow(Text(line, palette.faint if comment else palette.text), width - 1, "   ")
    for place, bind in enumerate(statement.binds, 1):
        label = Text(f"   bind {place:<3}", palette.faint)
        lines += pair(label, Text(look.glyphs.text(bind_text(bind), 1_000), palette.strong), width)
    return lines


def identity_lines(plan: Plan, look: Look, width: int) -> list[Text]:
    pairs = (
        ("plan", plan.plan_id),
        ("fingerprint", plan.fingerprint if plan.before else ""),
        ("made", f"{moment_text(plan.made_at)} by {plan.made_by}"),
        ("expires", moment_text(plan.expires_at)),
        ("takes back", plan.undoes),
    )
    lines = [heading("This plan and no other", look)]
    for label, value in pairs:
        lines += labelled(label, value, look, width) if value else []
    return lines


def plan_text(plan: Plan, look: Look, now: datetime) -> str:
    """As it is copied."""
    return "\n".join(line.plain.rstrip() for line in plan_page(plan, look, 100, now))
