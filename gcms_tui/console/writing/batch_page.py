"""A batch of plans told before it is carried out, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.text import Text

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.console.writing.plan_page import (
    heading,
    holds_text,
    labelled,
    place_line,
    plan_page,
    symbol,
    warning_lines,
)
from gcms_tui.console.writing.result_page import Proof, proof_lines
from gcms_tui.core.conclusion import counted
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.scd2.repairs import Batch, BatchEnded
from gcms_tui.operations.writing.guarded_write import Ended, Outcome

_KEY, _ROWS = 24, 7
_WHAT_HAPPENS = (
    "The table is cloned once, first.",
    "Then each key in a transaction of its own: read again, written, proven, COMMIT or ROLLBACK.",
    "It stops at the first surprise. What was written until then stays; it can be gone on with.",
    "At the end each key is scanned for defects, and the table's dbt tests run, once for all of them.",
)
_UNPROVEN = "not yet: a run of dbt would hold up going on. It is made at the end, or when this is left."


def batch_page(batch: Batch, target: str, look: Look, width: int, now: datetime, *, used: bool = False) -> list[Text]:
    """Which keys, what wins in each, and which are refused. `used`: it was carried out to its end."""
    blocks = (
        _head(batch, target, look, width, now, used=used),
        _refused(batch, look, width),
        _keys(batch.plans, look, width),
        _next(look, width),
    )
    lines: list[Text] = []
    for block in blocks:
        lines += [*block, Text()] if block else []
    return lines[:-1]


def expiry(batch: Batch) -> datetime | None:
    """When the first of its plans expires; None where it has none."""
    return min((plan.expires_at for plan in batch.plans), default=None)


def batch_ended_page(
    ended: BatchEnded, applied: Sequence[Ended], proof: Proof, refused: int, look: Look, width: int
) -> list[Text]:
    """`applied`: in all rounds. `refused`: keys that had no plan from the beginning."""
    palette = look.palette
    whole = not ended.stopped_at
    verdict = Verdict.OK if whole and not ended.missed else Verdict.WARN
    number = counted(len(applied), "key")
    word = "APPLIED" if whole else "STOPPED"
    lines = [Text(f" {symbol(verdict, look)} {word}: {number} written", f"bold {look.colour(verdict)}")]
    lines += labelled("backup", ended.backup or "none", look, width)
    written = {one.plan.subject for one in applied}
    before = tuple(key for key in ended.skipped if key not in written)
    for label, keys in (("passed over", before), ("not done", ended.missed), ("left", ended.left)):
        lines += labelled(label, _named(keys), look, width) if keys else []
    for one in ended.applied:
        if one.outcome is not Outcome.APPLIED:
            said = f"{one.plan.subject}, {one.write_id}: pane 6 shows it first"
            lines += labelled("IN DOUBT", said, look, width, f"bold {palette.unknown}")
    if refused:
        lines += labelled("refused", f"{counted(refused, 'key')}, which had no plan: see below", look, width)
    if ended.stopped_at:
        lines += labelled("stopped at", ended.stopped_at, look, width, f"bold {palette.warn}")
    if ended.surprise is not None:
        lines += [Text(), *error_page(ended.surprise, look, width)]
    if applied:
        unproven = [heading("Proof", look), *flow(Text(_UNPROVEN, palette.muted), width - 1, " ")]
        lines += [Text(), *(unproven if ended.left else proof_lines(applied, proof, look, width))]
    said = "Each can be taken back by itself: pane 6, on its entry, u." if applied else "Nothing was written."
    if ended.left:
        said += " What is left can be gone on with below, once you know why it stopped."
    lines += [Text(), *flow(Text(said, palette.text), width - 1, " ")]
    for one in applied:
        lines += pair(Text(f" {symbol(Verdict.OK, look)} ", palette.ok), _written(one.plan, one.write_id, look), width)
    return lines


def batch_text(batch: Batch, target: str, look: Look, now: datetime) -> str:
    """As it is copied: every plan whole."""
    lines = batch_page(batch, target, look, 100, now)
    for plan in batch.plans:
        lines += [Text(), Text("=" * 100), *plan_page(plan, look, 100, now)]
    return "\n".join(line.plain.rstrip() for line in lines)


def _head(batch: Batch, target: str, look: Look, width: int, now: datetime, *, used: bool) -> list[Text]:
    number = counted(len(batch.plans), "key")
    lines = place_line(target, f"repair of {number}", look, width)
    lines += labelled("in", batch.table, look, width)
    rows = sum(plan.rows for plan in batch.plans)
    lines += labelled("changes", f"{counted(rows, 'row')} in all", look, width)
    lines += labelled("backup", "one clone of the table, made first", look, width)
    until = expiry(batch)
    if until is not None:
        holds = "used" if used else holds_text(until, now)
        lines += labelled("batch", f"{batch.batch_id}, {holds}", look, width)
    more = ("There are more keys than one batch takes: plan again when it is done.",) if batch.more else ()
    told = dict.fromkeys(warning for plan in batch.plans for warning in plan.warnings)
    return [*lines, *warning_lines((*more, *told), look, width)]


def _refused(batch: Batch, look: Look, width: int) -> list[Text]:
    if not batch.refused:
        return []
    lines = [heading("Refused: these stay as they are", look, len(batch.refused))]
    for one in batch.refused:
        said = f"{one.natural_key}  {one.refused.guard or 'refused'}: {one.refused.message}"
        mark = Text(f" {symbol(Verdict.FAIL, look)} ", look.palette.fail)
        lines += pair(mark, Text(look.glyphs.text(said, 600), look.palette.text), width)
    return lines


def _keys(plans: Iterable[Plan], look: Look, width: int) -> list[Text]:
    palette, glyphs = look.palette, look.glyphs
    listed = tuple(plans)
    if not listed:
        return [Text(" There is no key to write: all of them are refused, or there is none.", palette.muted)]
    header = f"   {cell('key', _KEY)}  {cell('rows', _ROWS)}  stays current"
    lines = [heading("Keys", look, len(listed)), Text(header, palette.muted)]
    for plan in listed:
        key = cell(glyphs.text(plan.subject, 100), _KEY, glyphs.ellipsis)
        rows = cell(f"{plan.rows} of {len(plan.before)}", _ROWS)
        line = Text.assemble((f"   {key}", palette.strong), (f"  {rows}  ", palette.muted))
        winner = glyphs.text(f"{plan.winner}, {plan.reason}", 300)
        lines.append(line.append(cell(winner, max(width - line.cell_len - 1, 8), glyphs.ellipsis), palette.text))
    return lines


def _next(look: Look, width: int) -> list[Text]:
    lines = [heading("What happens", look)]
    for number, step in enumerate(_WHAT_HAPPENS, 1):
        lines += pair(Text(f" {number}  ", look.palette.faint), Text(step, look.palette.text), width)
    said = "Every key's rows, statements and bound values: c copies all of them."
    return [*lines, *flow(Text(said, look.palette.muted), width - 1, " ")]


def _written(plan: Plan, write_id: str, look: Look) -> Text:
    return Text(look.glyphs.text(f"{plan.subject}  {write_id}", 300), look.palette.text)


def _named(keys: tuple[str, ...]) -> str:
    shown = ", ".join(keys[:10])
    return f"{counted(len(keys), 'key')}: {shown}" + (f" and {len(keys) - 10} more" if len(keys) > 10 else "")
